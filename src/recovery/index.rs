//! What belongs to which store, found once.

use super::Answer;
use super::key::Keys;
use super::plan::Plans;
use crate::base::Arn;
use crate::inventory::{AccountId, Inventory, Resource, ResourceId};
use jiff::Timestamp;
use rustc_hash::FxHashMap;
use serde_json::Value;

/// A moment as snapshots write it.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// What belongs to which store.
pub(super) struct Index<'i> {
    pub inventory: &'i Inventory,
    pub keys: Keys<'i>,
    /// When the snapshot was taken.
    pub now: Option<Timestamp>,
    recovery_points: FxHashMap<&'i str, Vec<ResourceId>>,
    copy_jobs: FxHashMap<&'i str, Vec<ResourceId>>,
    restores: FxHashMap<&'i str, Vec<ResourceId>>,
    snapshots: FxHashMap<String, Vec<ResourceId>>,
    automated: FxHashMap<&'i str, Vec<ResourceId>>,
    plans: Plans,
}

impl<'i> Index<'i> {
    pub fn new(inventory: &'i Inventory) -> Index<'i> {
        let mut index = Index {
            inventory,
            keys: Keys::new(inventory),
            now: inventory.collected_at.as_deref().and_then(|text| text.parse().ok()),
            recovery_points: FxHashMap::default(),
            copy_jobs: FxHashMap::default(),
            restores: FxHashMap::default(),
            snapshots: FxHashMap::default(),
            automated: FxHashMap::default(),
            plans: Plans::new(inventory),
        };
        for (id, resource) in inventory.resource_ids() {
            match resource.kind.as_str() {
                "AWS::Backup::RecoveryPoint" => {
                    if let Some(of) = resource.text("ResourceArn") {
                        index.recovery_points.entry(of).or_default().push(id);
                    }
                }
                "AWS::Backup::CopyJob" => {
                    if let Some(of) = resource.text("ResourceArn") {
                        index.copy_jobs.entry(of).or_default().push(id);
                    }
                }
                "AWS::Backup::RestoreJob" => {
                    for of in ["SourceResourceArn", "RecoveryPointArn"] {
                        if let Some(of) = resource.text(of) {
                            index.restores.entry(of).or_default().push(id);
                        }
                    }
                }
                "AWS::RDS::DBSnapshot" => index.snapshot(id, resource, "db", "DBInstanceIdentifier"),
                "AWS::RDS::DBClusterSnapshot" | "AWS::DocDB::DBClusterSnapshot" | "AWS::Neptune::DBClusterSnapshot" => {
                    index.snapshot(id, resource, "cluster", "DBClusterIdentifier");
                }
                "AWS::RDS::DBInstanceAutomatedBackup" | "AWS::RDS::DBClusterAutomatedBackup" => {
                    if let Some(of) = resource.text("DBInstanceArn").or_else(|| resource.text("DBClusterArn")) {
                        index.automated.entry(of).or_default().push(id);
                    }
                }
                _ => {}
            }
        }
        index
    }

    fn snapshot(&mut self, id: ResourceId, snapshot: &Resource, kind: &str, of: &str) {
        if let (Some(arn), Some(name)) = (Arn::parse(&snapshot.arn), snapshot.text(of)) {
            let source = format!("arn:{}:rds:{}:{}:{kind}:{name}", arn.partition, arn.region, arn.account);
            self.snapshots.entry(source).or_default().push(id);
        }
    }

    pub fn recovery_points_of(&self, store: &str) -> &[ResourceId] {
        self.recovery_points.get(store).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn copy_jobs_of(&self, store: &str) -> &[ResourceId] {
        self.copy_jobs.get(store).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn snapshots_of(&self, store: &str) -> &[ResourceId] {
        self.snapshots.get(store).map(Vec::as_slice).unwrap_or_default()
    }

    /// Automated backups of a database that stand for themselves.
    pub fn automated_of(&self, store: &str) -> &[ResourceId] {
        self.automated.get(store).map(Vec::as_slice).unwrap_or_default()
    }

    /// Restores of a store, or of a recovery point.
    pub fn restores_of(&self, arn: &str) -> &[ResourceId] {
        self.restores.get(arn).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a plan selects a store; `None`: its account has no plan that selects anything.
    pub fn planned(&self, store: &Resource) -> Option<Answer> {
        let known = self.plans.select(self.inventory, store);
        let refused = self.inventory.was_refused(store.account, "backup", "ListBackupPlans");
        if refused && known != Some(Answer::Yes) { Some(Answer::Unknown) } else { known }
    }

    /// An account of the snapshot by its number.
    pub fn account(&self, id: &str) -> Option<AccountId> {
        let at = self.inventory.accounts.iter().position(|account| &*account.id == id)?;
        u32::try_from(at).ok().map(AccountId)
    }

    /// Calls of AWS Backup whose answers about copies are missing. Vaults are listed even where there are none; what is
    /// in them is asked only where there are some.
    pub fn backup_gaps(&self, account: AccountId) -> Vec<String> {
        let mut gaps = Vec::new();
        if !self.inventory.was_read(account, "backup", "ListBackupVaults") {
            gaps.push("backup:ListBackupVaults".to_owned());
        }
        for operation in ["ListRecoveryPointsByBackupVault", "ListRecoveryPointsByResource"] {
            if self.inventory.was_refused(account, "backup", operation) {
                gaps.push(format!("backup:{operation}"));
            }
        }
        gaps
    }
}
