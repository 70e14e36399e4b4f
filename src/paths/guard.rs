//! Protections that make AWS refuse a deletion, and the action that switches each off: a protected resource is as safe as
//! the least of those who may do both.

use crate::access::{Access, Targets};
use crate::engine::{Context, Decision};
use crate::inventory::{PrincipalId, Resource, ResourceId};
use serde_json::Value;
use std::collections::BTreeMap;

/// A protection that is switched on, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guard {
    /// CloudFormation property.
    pub property: &'static str,
    /// Action that switches it off.
    pub cleared_by: &'static str,
    /// Whether it was read that it is on; otherwise nobody knows.
    pub read: bool,
}

/// Type, property, the value that protects, the action that clears it.
///
/// Sources: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html>,
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html>,
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html>,
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html>
const GUARDS: &[(&str, &str, &str, &str)] = &[
    ("AWS::DynamoDB::Table", "DeletionProtectionEnabled", "true", "dynamodb:UpdateTable"),
    ("AWS::Cognito::UserPool", "DeletionProtection", "ACTIVE", "cognito-idp:UpdateUserPool"),
    ("AWS::RDS::DBInstance", "DeletionProtection", "true", "rds:ModifyDBInstance"),
    ("AWS::RDS::DBCluster", "DeletionProtection", "true", "rds:ModifyDBCluster"),
    ("AWS::CloudFormation::Stack", "EnableTerminationProtection", "true", "cloudformation:UpdateTerminationProtection"),
];

/// The protection of a resource; `None` where it is off or its type has none.
pub(super) fn guard_of(resource: &Resource) -> Option<Guard> {
    let (_, property, protects, cleared_by) = GUARDS.iter().find(|(kind, ..)| *kind == resource.kind)?;
    let guard = |read| Guard { property, cleared_by, read };
    let value = match resource.properties.get(*property) {
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::String(text)) => text.clone(),
        _ => return Some(guard(false)),
    };
    value.eq_ignore_ascii_case(protects).then(|| guard(true))
}

/// What the protection of a resource means for somebody who would delete it.
#[derive(Clone, Debug)]
pub enum Passage {
    /// Nothing is in the way.
    Open,
    /// It must be switched off first, and the decision says when that is allowed.
    Clears(Guard, Decision),
    /// It cannot be switched off, but nobody knows whether it is on.
    Unread(Guard),
}

/// The protection of one resource, and who can switch it off.
pub struct Protection {
    guard: Option<Guard>,
    cleared: BTreeMap<PrincipalId, Decision>,
}

impl Protection {
    /// Looks at the protection of a resource, cleared by calls in this context.
    pub fn of(access: &Access<'_>, resource: ResourceId, context: &Context) -> Protection {
        let guard = access.inventory().resource(resource).and_then(guard_of);
        let cleared = guard.map(|guard| decisions(access, guard.cleared_by, resource, context)).unwrap_or_default();
        Protection { guard, cleared }
    }

    /// How somebody gets past it; `None`: not at all.
    pub fn passage(&self, principal: PrincipalId) -> Option<Passage> {
        let Some(guard) = self.guard else { return Some(Passage::Open) };
        match self.cleared.get(&principal) {
            Some(decision) => Some(Passage::Clears(guard, decision.clone())),
            None => (!guard.read).then_some(Passage::Unread(guard)),
        }
    }
}

/// The decision for every principal that is not certainly denied.
pub(super) fn decisions(
    access: &Access<'_>,
    action: &str,
    on: ResourceId,
    context: &Context,
) -> BTreeMap<PrincipalId, Decision> {
    let targets = Targets::of(access.inventory(), [on]);
    let mut all = BTreeMap::new();
    for answer in access.who_can(action, &targets, context) {
        let Some(best) = answer.best().filter(|block| !block.decision.verdict.is_denied()) else { continue };
        all.extend(answer.principals.iter().map(|principal| (*principal, Decision::clone(&best.decision))));
    }
    all
}
