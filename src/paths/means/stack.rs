//! Taking a resource by deleting the stack that made it.

use super::super::guard::Passage;
use super::super::stack::{StackDeletion, deleted_by, stack_deletions};
use super::super::terms::Terms;
use super::super::way::{By, Means, On, Step};
use crate::access::Access;
use crate::base::Certainty;
use crate::catalog::destruction::{self, Class};
use crate::engine::{Decision, Verdict};
use crate::inventory::{Inventory, PrincipalId, ResourceId, words};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const KIND: &str = "stack";
const DELETE_STACK: &str = "cloudformation:DeleteStack";

/// What makes two deletions one means: class and terms of the loss, and the steps.
type Key = (Class, Arc<str>, Terms, Vec<Step>);

/// Every means by which somebody deletes a stack that made one of the resources.
pub(super) fn means(access: &Access<'_>, resources: &[ResourceId]) -> Vec<Means> {
    let inventory = access.inventory();
    let wanted: BTreeSet<ResourceId> = resources.iter().copied().collect();
    let stacks: BTreeSet<ResourceId> = resources
        .iter()
        .filter_map(|id| inventory.resource(*id))
        .flat_map(|resource| resource.stacks.iter().copied())
        .collect();
    let stacks: Vec<ResourceId> = stacks.into_iter().collect();
    let mut by_way: BTreeMap<(ResourceId, Key), BTreeMap<ResourceId, BTreeSet<PrincipalId>>> = BTreeMap::new();
    for deletion in stack_deletions(access, &stacks) {
        for (target, key) in taken(inventory, &deletion, &wanted) {
            by_way.entry((deletion.stack, key)).or_default().entry(target).or_default().insert(deletion.principal);
        }
    }
    let mut found = Vec::new();
    for ((_, (class, action, terms, steps)), targets) in by_way {
        // Those who take the same targets in the same way go together.
        let mut same: BTreeMap<Vec<PrincipalId>, Vec<ResourceId>> = BTreeMap::new();
        for (target, actors) in targets {
            same.entry(actors.into_iter().collect()).or_default().push(target);
        }
        found.extend(same.into_iter().map(|(actors, targets)| Means {
            kind: KIND,
            class,
            action: Arc::clone(&action),
            actors: actors.into(),
            targets: targets.into(),
            terms: terms.clone(),
            steps: steps.clone(),
        }));
    }
    found
}

fn taken(inventory: &Inventory, deletion: &StackDeletion, wanted: &BTreeSet<ResourceId>) -> Vec<(ResourceId, Key)> {
    let Some(stack) = inventory.resource(deletion.stack) else { return Vec::new() };
    let name = words::resource(stack);
    let role = stack.text("RoleARN").filter(|_| deletion.by_role);
    let mut all = Vec::new();
    for taken in deletion.takes.iter().filter(|taken| wanted.contains(&taken.resource)) {
        let Some(action) = inventory.resource(taken.resource).and_then(|known| deleted_by(&known.kind)) else {
            continue;
        };
        let class = destruction::find(action).map_or(Class::Environment, |known| known.class());
        let own = taken.delete.as_ref().map_or_else(|| Terms::of_certainty(Certainty::Unknown), Terms::of);
        let terms = Terms::of(&deletion.decision).past(&deletion.passage).and(own).past(&taken.passage);
        let mut steps = Vec::new();
        steps.extend(clears(&deletion.passage, On::Resource(deletion.stack), &name));
        steps.extend(clears(&taken.passage, On::Target, "{what}"));
        steps.push(Step {
            by: By::Actor,
            action: DELETE_STACK.into(),
            on: On::Resource(deletion.stack),
            given: Vec::new(),
            verdict: deletion.decision.verdict,
            words: format!("{{who}} deletes the {name}").into(),
        });
        let (by, whose) = match role {
            None => (By::Actor, "the rights of {who}".to_owned()),
            Some(arn) => (
                inventory.find_principal(arn).map_or(By::Unread, By::Role),
                format!(
                    "the role {} of the stack, whatever {{who}} may do itself",
                    arn.rsplit('/').next().unwrap_or(arn)
                ),
            ),
        };
        let service: Vec<String> = vec!["cloudformation.amazonaws.com".to_owned()];
        let via = ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"];
        let given = match by {
            By::Actor => via
                .iter()
                .map(|key| ((*key).to_owned(), service.clone()))
                .chain([("aws:ViaAWSService".to_owned(), vec!["true".to_owned()])])
                .collect(),
            By::Role(_) | By::Unread => Vec::new(),
        };
        steps.push(Step {
            by,
            action: action.into(),
            on: On::Target,
            given,
            verdict: taken.delete.as_ref().map_or(Verdict::Unknown, |decision: &Decision| decision.verdict),
            words: format!("CloudFormation deletes what the stack made with {whose}: {{what}} is lost").into(),
        });
        all.push((taken.resource, (class, action.into(), terms, steps)));
    }
    all
}

fn clears(passage: &Passage, on: On, what: &str) -> Option<Step> {
    let Passage::Clears(guard, decision) = passage else { return None };
    let reservation = if guard.read { "" } else { ", if it is on" };
    Some(Step {
        by: By::Actor,
        action: guard.cleared_by.into(),
        on,
        given: Vec::new(),
        verdict: decision.verdict,
        words: format!("{{who}} calls {} and switches {} of {what} off{reservation}", guard.cleared_by, guard.property)
            .into(),
    })
}
