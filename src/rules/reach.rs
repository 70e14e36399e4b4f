//! What a finding says of roles that stand apart: those that nobody can become, and those that the account cannot change.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html> (the id of a
//! principal that was deleted names nobody),
//! <https://docs.aws.amazon.com/singlesignon/latest/userguide/using-service-linked-roles.html> and
//! <https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html> (roles of IAM Identity Center
//! are changed through permission sets only).

use super::{Question, once};
use crate::access::Targets;
use crate::catalog;
use crate::engine::{Context, World};
use crate::inventory::{Controls, PrincipalId, words};
use std::collections::BTreeSet;

/// What is to be said besides.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    /// Must hold before anybody can do what the finding says.
    pub conditions: BTreeSet<String>,
    /// Worth knowing.
    pub notes: Vec<String>,
    /// What to do besides.
    pub remediation: Option<&'static str>,
}

/// What is to be said of the principals of a finding.
pub(super) fn reservations(question: &Question<'_>, principals: &BTreeSet<PrincipalId>) -> Reservations {
    let inventory = question.access.inventory();
    let mut found = Reservations::default();
    let unreachable: Vec<PrincipalId> =
        principals.iter().copied().filter(|principal| nobody_becomes(question, *principal)).collect();
    for principal in unreachable.iter().filter_map(|id| inventory.principal(*id)) {
        let role = words::principal(principal);
        if unreachable.len() == principals.len() {
            let words = format!("after somebody has opened {role}, which nobody can become today");
            found.conditions.insert(words);
        } else {
            found.notes.push(format!("nobody can become {role} today: its trust policy lets nobody in"));
        }
    }
    if principals.iter().filter_map(|id| inventory.principal(*id)).any(|principal| principal.reserved) {
        found.remediation = Some(
            "Roles of IAM Identity Center (AWSReservedSSO_…) cannot be changed in the account: change their permission \
             set.",
        );
    }
    found
}

/// Whether the trust policy of a role lets nobody in: it names nobody who exists, or nobody of the snapshot who may.
/// Said only where it is certain.
fn nobody_becomes(question: &Question<'_>, principal: PrincipalId) -> bool {
    let Some(known) = question.kinds.of(principal) else { return false };
    if !known.assumable {
        return true;
    }
    if !known.closed {
        return false;
    }
    once(question.unreachable, || unreachable(question)).contains(&principal)
}

/// Those roles, of whose trust policies each names principals of the snapshot only, that nobody may assume.
fn unreachable(question: &Question<'_>) -> BTreeSet<PrincipalId> {
    let inventory = question.access.inventory();
    // Who was not read may be let in.
    let accounts_read = inventory.accounts.iter().all(|account| {
        account.coverage.iter().all(|entry| entry.service != "iam" || entry.outcome == crate::snapshot::Outcome::Ok)
            && account.controls != Controls::Unseen
    });
    if !accounts_read || inventory.broken.iter().any(|broken| !broken.present) {
        return BTreeSet::new();
    }
    let mut roles: BTreeSet<PrincipalId> = BTreeSet::new();
    let mut of_target: Vec<PrincipalId> = Vec::new();
    let mut targets = Targets::default();
    for (id, role) in inventory.principal_ids() {
        if question.kinds.of(id).is_some_and(|known| known.closed) {
            let aimed = targets.aim(inventory, catalog::action("sts:AssumeRole"), &role.arn);
            of_target.resize(targets.len(), id);
            roles.extend(aimed.first().map(|_| id));
        }
    }
    for answer in question.access.who_can("sts:AssumeRole", &targets, &Context::new(World::Open)) {
        for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
            for role in block.targets.iter().filter_map(|target| of_target.get(*target as usize)) {
                roles.remove(role);
            }
        }
    }
    roles
}
