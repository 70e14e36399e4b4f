//! Who can do an action to a resource by calling it.

use super::{
    Draft, Drafts, Terms, Ways, Who, add_evidence, carried_in_words, cause_of, clear, evidence, past_in_words,
    statement_in_words,
};
use crate::access::Targets;
use crate::base::Certainty;
use crate::catalog;
use crate::engine::Target;
use crate::finding::{Evidence, StatementEvidence};
use crate::inventory::{PrincipalId, ResourceId};
use crate::paths::{Protection, direct};
use crate::rules::{Question, words};
use std::collections::BTreeMap;

pub(super) fn drafts(question: &Question<'_>, actions: &[String], who: Who<'_>) -> Drafts {
    let mut ways = Ways::default();
    for action in actions {
        ask(question, action, who, &mut ways);
    }
    ways.joined(question)
}

fn ask(question: &Question<'_>, action: &str, who: Who<'_>, ways: &mut Ways) {
    let inventory = question.access.inventory();
    let types = catalog::destruction::find(action).map_or(&[] as &[&str], |known| known.applies_to());
    let in_environment = |resource: &crate::inventory::Resource| {
        resource.environment.as_ref().is_some_and(|known| known.environment == who.environment)
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
    for (id, arn) in &asked {
        match inventory.find_resource(arn) {
            Some(named) => targets.push_known(inventory, named),
            None => {
                let mut target = Target::new(arn);
                let account = inventory.resource(*id).and_then(|resource| inventory.account(resource.account));
                target.account = account.map(|account| (*account.id).into());
                targets.push(target);
            }
        }
    }
    let context = direct();
    let protections: BTreeMap<ResourceId, Protection> =
        resources.iter().map(|id| (*id, Protection::of(question.access, *id, &context))).collect();
    for answer in question.access.who_can(action, &targets, &context) {
        for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
            let hit: Vec<&(ResourceId, String)> =
                block.targets.iter().filter_map(|index| asked.get(*index as usize)).collect();
            let Some((first_target, first_resource)) = block.targets.first().and_then(|index| targets.get(*index))
            else {
                continue;
            };
            for principal in answer.principals.iter().filter(|principal| who.includes(question, **principal)) {
                let traced = question.access.decide(*principal, action, first_target, first_resource, &context);
                let Some((decision, applied)) = traced else { continue };
                let statements = evidence(inventory, *principal, &applied);
                for (id, arn) in &hit {
                    // Nobody deletes what is protected and stays so.
                    let Some(passage) = protections.get(id).and_then(|protection| protection.passage(*principal))
                    else {
                        continue;
                    };
                    let terms = Terms::of(&decision).past(&passage);
                    let cause = format!("{}|{}", cause_of(&statements), terms.key());
                    let draft = ways.draft(&cause, *principal, || Draft {
                        path: path(question, *principal, action, &statements, terms.certainty),
                        terms,
                        ..Draft::default()
                    });
                    draft.actions.insert(action.to_owned());
                    draft.resources.insert(*id);
                    draft.requested.insert(arn.clone());
                    clear(draft, &passage);
                    if let Some(step) = past_in_words(&passage).filter(|step| !draft.path.contains(step)) {
                        draft.path.insert(draft.path.len().saturating_sub(1), step);
                    }
                    if let Some(statement) = statements.first() {
                        add_evidence(draft, Evidence::Statement(statement.clone()));
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

fn path(
    question: &Question<'_>,
    principal: PrincipalId,
    action: &str,
    statements: &[StatementEvidence],
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
