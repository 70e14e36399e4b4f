//! What must hold for a technique beside permissions, as far as a snapshot can tell.

use crate::iam::{Effect, PrincipalSpec};
use crate::inventory::{AccountId, Controls, Inventory, Principal, Resource};
use rustc_hash::FxHashSet;
use serde::Deserialize;
use serde_json::Value;

/// A fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precondition {
    /// The user has fewer than two access keys.
    FreeAccessKey,
    /// The user has no password yet.
    NoPassword,
    /// The user has a password.
    Password,
    /// The user has no MFA device.
    NoMfaDevice,
    /// The policy has fewer than five versions.
    FreePolicyVersion,
    /// Some instance profile holds the role.
    InstanceProfile,
    /// The function takes code that nobody signed.
    UnsignedCode,
    /// The principal has a boundary.
    Boundary,
}

/// What a snapshot says of a fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It was not read; in words, what is then supposed.
    Unread(&'static str),
}

impl Precondition {
    /// What is told of it for a principal and a resource.
    pub(super) fn of(
        self,
        inventory: &Inventory,
        profiles: &Profiles<'_>,
        principal: &Principal,
        resource: Option<&Resource>,
    ) -> Told {
        match self {
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
            Precondition::FreeAccessKey => told(
                user(inventory, principal).and_then(|user| user.properties.get("AccessKeys")?.as_array()).map(Vec::len),
                |keys| keys < 2,
                "unless the user has two access keys already, which was not read",
            ),
            Precondition::NoPassword => told(
                password(inventory, principal),
                |has| !has,
                "unless the user has a password already, which was not read",
            ),
            Precondition::Password => {
                told(password(inventory, principal), |has| has, "if the user has a password, which was not read")
            }
            Precondition::NoMfaDevice => told(
                user(inventory, principal).and_then(|user| user.properties.get("MFADevices")?.as_u64()),
                |devices| devices == 0,
                "unless the user has an MFA device, which was not read",
            ),
            // Told of each policy by itself: see `policies_of`.
            Precondition::FreePolicyVersion => Told::Holds,
            Precondition::InstanceProfile => profiles.of(inventory, principal),
            // https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
            Precondition::UnsignedCode => match resource.map(|known| known.text("CodeSigningConfigArn")) {
                Some(Some(arn)) if !arn.is_empty() => {
                    Told::Unread("unless the function refuses unsigned code, which was not read")
                }
                _ => Told::Holds,
            },
            Precondition::Boundary if principal.boundary.is_some() => Told::Holds,
            Precondition::Boundary => Told::Fails,
        }
    }
}

/// Whether an account administers a service for the whole organisation.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_delegated_admin.html>
pub(super) fn administers(inventory: &Inventory, account: AccountId, service: &str) -> Told {
    const UNREAD: Told = Told::Unread("if its account administers Identity Center, which was not read");
    let Some(known) = inventory.account(account) else { return UNREAD };
    let is_delegated = inventory.delegated.get(service).is_some_and(|accounts| accounts.contains(&known.id));
    let read = || {
        (0u32..)
            .map(AccountId)
            .zip(&inventory.accounts)
            .any(|(id, _)| inventory.was_read(id, "organizations", "ListDelegatedAdministrators"))
    };
    match &known.controls {
        // Without an organisation there are no permission sets.
        Controls::None => Told::Fails,
        Controls::Levels { management_account: true, .. } => Told::Holds,
        _ if is_delegated => Told::Holds,
        Controls::Levels { .. } if read() => Told::Fails,
        Controls::Levels { .. } | Controls::Unseen => UNREAD,
    }
}

/// Whether an account is known to be the management account of its organisation.
pub(super) fn is_management(inventory: &Inventory, account: AccountId) -> bool {
    let controls = inventory.account(account).map(|known| &known.controls);
    matches!(controls, Some(Controls::Levels { management_account: true, .. }))
}

fn told<T>(known: Option<T>, holds: impl FnOnce(T) -> bool, otherwise: &'static str) -> Told {
    match known.map(holds) {
        Some(true) => Told::Holds,
        Some(false) => Told::Fails,
        None => Told::Unread(otherwise),
    }
}

/// What else is known of a user.
fn user<'i>(inventory: &'i Inventory, principal: &Principal) -> Option<&'i Resource> {
    let id = inventory.find_resource(&principal.arn)?;
    inventory.resource(id).filter(|resource| resource.kind == "AWS::IAM::User")
}

fn password(inventory: &Inventory, principal: &Principal) -> Option<bool> {
    user(inventory, principal)?.properties.get("HasLoginProfile")?.as_bool()
}

/// The roles that instance profiles hold, by ARN.
pub(super) struct Profiles<'i>(FxHashSet<&'i str>);

impl<'i> Profiles<'i> {
    pub fn new(inventory: &'i Inventory) -> Profiles<'i> {
        let profiles = inventory.resources.iter().filter(|known| known.kind == "AWS::IAM::InstanceProfile");
        let roles = profiles.filter_map(|profile| profile.properties.get("Roles")?.as_array());
        Profiles(roles.flatten().filter_map(Value::as_str).collect())
    }

    fn of(&self, inventory: &Inventory, role: &Principal) -> Told {
        if self.0.contains(&*role.arn) {
            Told::Holds
        } else if inventory.was_read(role.account, "iam", "ListInstanceProfiles") {
            Told::Fails
        } else {
            Told::Unread("if an instance profile holds the role, which was not read")
        }
    }
}

/// Whether a policy of the account can take one more version: at most five are kept.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>
pub(super) fn has_free_version(inventory: &Inventory, policy: &str) -> Option<bool> {
    inventory.policies.get(policy)?.versions.map(|versions| versions < 5)
}

/// Whether some statement of the role's trust policy lets a service, or an identity provider, take the role on. What the
/// statement's conditions ask of the service is not looked at: they speak of what it acts for.
pub(super) fn trusts(inventory: &Inventory, role: &Principal, who: &str) -> Option<bool> {
    let policy = inventory.document(role.trust?)?.policy.as_ref()?;
    let names = |spec: &PrincipalSpec| match spec {
        PrincipalSpec::Service(service) => service == who,
        PrincipalSpec::Federated(provider) => provider == who,
        _ => false,
    };
    let allows = policy.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let mut named = allows.filter_map(|statement| statement.principal.as_ref());
    Some(named.any(|principal| !principal.negated && principal.values.iter().any(names)))
}
