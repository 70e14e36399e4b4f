//! A policy of the resource itself that denies the loss: it is in the way only until somebody takes it off or writes
//! another one.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html>; the actions that
//! take a policy off are those of the catalogue.

use super::super::direct;
use super::super::way::{By, Means, On};
use super::plan::{Part, Plan};
use crate::access::{Access, BARE, speaker, target_of};
use crate::catalog::guard::policy_written_by;
use crate::engine::Verdict;
use crate::iam::{Effect, Statement};
use crate::inventory::{Inventory, PrincipalId, ResourceId, words};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The same ways for those whom the policies of some of the targets deny them: they take the policy off first.
pub(super) fn taken_off_first(inventory: &Inventory, plan: &Plan) -> Vec<Plan> {
    let mut by_carrier: BTreeMap<Option<ResourceId>, Vec<ResourceId>> = BTreeMap::new();
    for target in &plan.targets {
        if let Some(carrier) =
            speaker(inventory, &plan.action, *target).filter(|id| denies(inventory, *id, &plan.action))
        {
            let elsewhere = (carrier != *target).then_some(carrier);
            by_carrier.entry(elsewhere).or_default().push(*target);
        }
    }
    let mut plans = Vec::new();
    for (carrier, targets) in by_carrier {
        let Some(first) = carrier.or(targets.first().copied()) else { continue };
        let Some(kind) = inventory.resource(first).map(|resource| resource.kind.as_str()) else { continue };
        let (on, whose) = match carrier.and_then(|id| Some((id, inventory.resource(id)?))) {
            Some((id, carrier)) => (On::Resource(id), words::resource(carrier)),
            None => (On::Target, "{what}".to_owned()),
        };
        let writers = policy_written_by(kind);
        for action in writers.iter().filter(|_| !writers.contains(&&*plan.action)) {
            let words = format!("{{who}} removes the deny from the policy of {whose} ({action})");
            let mut parts = vec![Part::call(action, on.clone(), words).clearing()];
            parts.extend(
                plan.parts
                    .iter()
                    .cloned()
                    .map(|part| if part.on == on || part.on == On::Target { part.bare() } else { part }),
            );
            plans.push(Plan { targets: targets.clone(), parts, ..plan.clone() });
        }
    }
    plans
}

/// Whether the policy of a resource denies an action to somebody.
fn denies(inventory: &Inventory, id: ResourceId, action: &str) -> bool {
    let attachment = inventory.resource(id).and_then(|resource| resource.policy.as_ref());
    let document = attachment.and_then(|policy| inventory.document(policy.document));
    let policy = document.and_then(|document| document.policy.as_ref());
    policy
        .into_iter()
        .flat_map(|policy| &policy.statements)
        .any(|one| one.effect == Effect::Deny && speaks_of(one, action))
}

/// Whether a statement is about an action, and about more than whether the call is encrypted on its way, as each can be.
fn speaks_of(statement: &Statement, action: &str) -> bool {
    let named = statement
        .action
        .values
        .iter()
        .any(|pattern| crate::base::Glob::new(&pattern.to_ascii_lowercase()).matches(&action.to_ascii_lowercase()));
    let only_transport = |key: &str| ["aws:securetransport", "s3:tlsversion"].contains(&&*key.to_ascii_lowercase());
    let met = !statement.conditions.is_empty() && statement.conditions.iter().all(|one| only_transport(&one.key));
    named != statement.action.negated && !met
}

/// Leaves those out whom the policy does not stop: they have the same way without taking it off.
pub(super) fn where_needed(all: Vec<Means>) -> Vec<Means> {
    let takes_off = |means: &Means| means.steps.iter().any(|step| step.bare);
    let wanted: BTreeSet<String> =
        all.iter().filter(|means| takes_off(means)).map(|means| means.action.to_string()).collect();
    if wanted.is_empty() {
        return all;
    }
    let mut told: BTreeMap<String, Vec<Means>> = BTreeMap::new();
    for means in all.iter().filter(|means| wanted.contains(&*means.action)) {
        told.entry(means.action.to_string()).or_default().push(means.clone());
    }
    let one = |mut means: Means| {
        if takes_off(&means) {
            // Two actions may take the same policy off: one is enough.
            let easier = |other: &&Means| {
                other.kind == means.kind
                    && other.terms.certainty <= means.terms.certainty
                    && (!takes_off(other) || first_action(other) < first_action(&means))
                    && means.targets.iter().all(|target| other.targets.binary_search(target).is_ok())
            };
            let easier: Vec<&Means> = told.get(&*means.action).into_iter().flatten().filter(easier).collect();
            let needs = |actor: &&PrincipalId| easier.iter().all(|other| other.actors.binary_search(actor).is_err());
            means.actors = means.actors.iter().filter(needs).copied().collect();
        }
        (!means.actors.is_empty()).then_some(means)
    };
    all.into_iter().filter_map(one).collect()
}

fn first_action(means: &Means) -> Option<&str> {
    means.steps.first().map(|step| &*step.action)
}

/// Leaves those out to whom another policy than that of the resource denies the loss: writing that one does not help them.
pub(super) fn unless_forbidden(access: &Access<'_>, all: Vec<Means>) -> Vec<Means> {
    let inventory = access.inventory();
    // What a step stands for that is allowed by the policy written before.
    let self_allowed = |means: &Means| {
        let step = means.steps.iter().find(|step| step.bare && step.by == By::Unread)?;
        let On::Resource(id) = step.on else { return None };
        Some((Arc::clone(&step.action), id))
    };
    // Answers in bulk say nothing of those whom no policy allows it; they are few who may write one and not do it.
    let asked: BTreeSet<(Arc<str>, ResourceId, PrincipalId)> = all
        .iter()
        .filter_map(|means| Some((means, self_allowed(means)?)))
        .flat_map(|(means, (action, id))| means.actors.iter().map(move |who| (Arc::clone(&action), id, *who)))
        .collect();
    let is_forbidden = |(action, id, who): &(Arc<str>, ResourceId, PrincipalId)| {
        let target = inventory.resource(*id).map(|resource| target_of(inventory, resource));
        let decided = target.and_then(|target| access.decide(*who, action, &target, Some(BARE), &direct()));
        decided.is_some_and(|(decision, _)| decision.verdict == Verdict::ExplicitDeny)
    };
    let forbidden: BTreeSet<_> = asked.into_par_iter().filter(is_forbidden).collect();
    let one = |mut means: Means| {
        if let Some((action, id)) = self_allowed(&means) {
            let may = |who: &&PrincipalId| !forbidden.contains(&(Arc::clone(&action), id, **who));
            means.actors = means.actors.iter().filter(may).copied().collect();
        }
        (!means.actors.is_empty()).then_some(means)
    };
    all.into_iter().filter_map(one).collect()
}
