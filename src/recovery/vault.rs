//! What keeps a copy from being deleted, whoever asks.

use super::index::time;
use crate::catalog::guard::has_begun;
use crate::inventory::Resource;
use jiff::Timestamp;
use serde_json::Value;

/// What keeps a copy from being deleted before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing but permissions.
    Nothing,
    /// A vault locked in compliance mode, past its cooling-off: not even AWS deletes from it.
    VaultLock,
    /// A logically air-gapped vault, which is locked from the beginning.
    AirGapped,
    /// Objects locked in compliance mode by default.
    ObjectLock,
    /// Only the root user, with its MFA device, deletes versions.
    MfaDelete,
    /// A lock that whoever has the permission takes off.
    Governance,
    /// A lock that becomes firm at a moment to come, and can be taken off until then.
    CoolingOff {
        /// When it becomes firm.
        until: Timestamp,
    },
    /// Not known.
    NotRead,
}

impl Hold {
    /// Whether no principal gets past it.
    pub fn is_firm(self) -> bool {
        matches!(self, Hold::VaultLock | Hold::AirGapped | Hold::ObjectLock | Hold::MfaDelete)
    }
}

/// What a vault does for what is in it.
///
/// Sources: <https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html>,
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/logicallyairgappedvault.html>
pub(super) fn of_vault(vault: &Resource, now: Option<Timestamp>) -> Hold {
    if vault.text("VaultType") == Some("LOGICALLY_AIR_GAPPED_BACKUP_VAULT") {
        return Hold::AirGapped;
    }
    match vault.properties.get("Locked").and_then(Value::as_bool) {
        Some(false) => Hold::Nothing,
        None => Hold::NotRead,
        Some(true) => match vault.properties.get("LockDate") {
            None => Hold::Governance,
            Some(date) => match (time(date), date.as_str().and_then(|date| has_begun(date, now))) {
                (_, Some(true)) => Hold::VaultLock,
                (Some(until), Some(false)) => Hold::CoolingOff { until },
                _ => Hold::NotRead,
            },
        },
    }
}

/// What a bucket does for old versions of its objects.
///
/// Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html>
pub(super) fn of_bucket(bucket: &Resource) -> Hold {
    let nested = |path: &[&str]| {
        let mut value = bucket.properties.get(*path.first()?)?;
        for part in path.iter().skip(1) {
            value = value.get(part)?;
        }
        value.as_str()
    };
    let mode = nested(&["ObjectLockConfiguration", "Rule", "DefaultRetention", "Mode"]);
    let mfa = nested(&["VersioningConfiguration", "MfaDelete"]).or(nested(&["VersioningConfiguration", "MFADelete"]));
    match mode {
        Some("COMPLIANCE") => Hold::ObjectLock,
        _ if mfa == Some("Enabled") => Hold::MfaDelete,
        Some("GOVERNANCE") => Hold::Governance,
        _ => Hold::Nothing,
    }
}
