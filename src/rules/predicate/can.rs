//! Who can do an action to a resource by calling it.

use super::{Draft, Drafts, carried_in_words, conditions, evidence, is_excepted, statement_in_words};
use crate::access::Targets;
use crate::catalog;
use crate::engine::{Context, Target, World};
use crate::finding::{Certainty, Evidence};
use crate::inventory::{PrincipalId, PrincipalKind, ResourceId};
use crate::paths::guard_of;
use crate::rules::file::Exception;
use crate::rules::{Question, words};
use std::collections::BTreeSet;

pub(super) fn drafts(question: &Question<'_>, actions: &[String], environment: &str, except: &[Exception]) -> Drafts {
    let mut drafts = Drafts::new();
    for action in actions {
        ask(question, action, environment, except, &mut drafts);
    }
    drafts
}

/// A direct call, made by the principal itself.
pub(super) fn direct() -> Context {
    Context::new(World::Open).with("aws:ViaAWSService", &["false"]).with("aws:CalledVia", &[])
}

fn ask(question: &Question<'_>, action: &str, environment: &str, except: &[Exception], drafts: &mut Drafts) {
    let inventory = question.access.inventory();
    let types = catalog::destruction::find(action).map_or(&[] as &[&str], |known| known.applies_to());
    let in_environment = |resource: &crate::inventory::Resource| {
        resource.environment.as_ref().is_some_and(|known| known.environment == environment)
    };
    let resources: Vec<ResourceId> = inventory
        .resource_ids()
        .filter(|(_, resource)| types.contains(&resource.kind.as_str()) && in_environment(resource))
        .map(|(id, _)| id)
        .collect();
    if resources.is_empty() {
        return;
    }
    let asked = asked_of(question, action, &resources);
    let mut targets = Targets::default();
    for (_, arn) in &asked {
        match inventory.find_resource(arn) {
            Some(id) => targets.push_known(inventory, id),
            None => targets.push(Target::new(arn)),
        }
    }
    let context = direct();
    let clearers = clearers(question, &resources, &context);
    let mut answers = question.access.who_can(action, &targets, &context);
    // The story is told of a person, where there is one.
    answers.sort_by_key(|answer| {
        let first = answer.principals.first().and_then(|id| inventory.principal(*id));
        first.is_none_or(|principal| principal.kind != PrincipalKind::User)
    });
    for answer in answers {
        for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
            let hit: Vec<ResourceId> =
                block.targets.iter().filter_map(|index| asked.get(*index as usize)).map(|(id, _)| *id).collect();
            let Some((first_target, first_resource)) = block.targets.first().and_then(|index| targets.get(*index))
            else {
                continue;
            };
            for principal in answer.principals.iter().filter(|principal| !is_excepted(question, except, **principal)) {
                let reachable: BTreeSet<ResourceId> =
                    hit.iter().copied().filter(|id| clearers.permit(*id, *principal)).collect();
                if reachable.is_empty() {
                    continue;
                }
                let traced = question.access.decide(*principal, action, first_target, first_resource, &context);
                let Some((decision, applied)) = traced else { continue };
                let statements = evidence(inventory, *principal, &applied);
                let (conditions, certainty) = conditions(&decision);
                let cause = statements.first().map_or_else(
                    || format!("{principal:?}"),
                    |statement| format!("{}#{}", statement.policy, statement.statement),
                );
                let key = format!("{cause}|{certainty:?}|{}", conditions.join(";"));
                let draft = drafts.entry(key).or_insert_with(|| Draft {
                    conditions,
                    certainty: Some(certainty),
                    path: path(question, *principal, action, &statements, certainty),
                    ..Draft::default()
                });
                draft.principals.insert(*principal);
                draft.actions.insert(action.to_owned());
                for id in &reachable {
                    if let Some(guard) = inventory.resource(*id).and_then(guard_of) {
                        draft.actions.insert(guard.cleared_by.to_owned());
                        let step = format!("{} is switched off first ({})", guard.property, guard.cleared_by);
                        if !draft.path.contains(&step) {
                            draft.path.insert(draft.path.len().saturating_sub(1), step);
                        }
                    }
                }
                draft.resources.extend(reachable);
                for statement in statements.into_iter().take(1).map(Evidence::Statement) {
                    if !draft.evidence.contains(&statement) {
                        draft.evidence.push(statement);
                    }
                }
            }
        }
    }
}

/// The ARN that each resource is really asked by for an action.
fn asked_of(question: &Question<'_>, action: &str, resources: &[ResourceId]) -> Vec<(ResourceId, String)> {
    let inventory = question.access.inventory();
    let entry = catalog::action(action);
    let mut asked = Vec::new();
    for id in resources {
        let Some(resource) = inventory.resource(*id) else { continue };
        let arns = entry.map(|entry| entry.request_resources(&resource.arn)).unwrap_or_default();
        if arns.is_empty() {
            asked.push((*id, resource.arn.to_string()));
        }
        asked.extend(arns.into_iter().map(|arn| (*id, arn)));
    }
    asked
}

/// Who can switch off the protection of each protected resource.
struct Clearers(Vec<(ResourceId, BTreeSet<PrincipalId>)>);

impl Clearers {
    fn permit(&self, resource: ResourceId, principal: PrincipalId) -> bool {
        self.0.iter().find(|(id, _)| *id == resource).is_none_or(|(_, who)| who.contains(&principal))
    }
}

fn clearers(question: &Question<'_>, resources: &[ResourceId], context: &Context) -> Clearers {
    let inventory = question.access.inventory();
    let guarded = resources.iter().filter_map(|id| Some((*id, guard_of(inventory.resource(*id)?)?)));
    let who = |(id, guard): (ResourceId, crate::paths::Guard)| {
        let targets = Targets::of(inventory, [id]);
        let answers = question.access.who_can(guard.cleared_by, &targets, context);
        let can =
            answers.into_iter().filter(|answer| answer.best().is_some_and(|block| !block.decision.verdict.is_denied()));
        (id, can.flat_map(|answer| answer.principals).collect())
    };
    Clearers(guarded.map(who).collect())
}

fn path(
    question: &Question<'_>,
    principal: PrincipalId,
    action: &str,
    statements: &[crate::finding::StatementEvidence],
    certainty: Certainty,
) -> Vec<String> {
    let inventory = question.access.inventory();
    let mut steps = Vec::new();
    if let Some(statement) = statements.first() {
        steps.push(carried_in_words(inventory, principal, statement));
        steps.push(format!("{} allows {action}", statement_in_words(statement)));
    }
    let who = inventory.principal(principal).map(words::principal).unwrap_or_default();
    steps.push(match certainty {
        Certainty::Unknown => format!("whether {who} may call {action} could not be decided"),
        _ => format!("{who} calls {action}"),
    });
    steps
}
