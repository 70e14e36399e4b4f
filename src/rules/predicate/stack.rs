//! Who can delete the stack that made the environment, and what goes with it.

use super::{
    Draft, Drafts, Terms, Ways, Who, add_evidence, carried_in_words, cause_of, clear, evidence, past_in_words,
    statement_in_words,
};
use crate::access::target_of;
use crate::base::Certainty;
use crate::finding::{Evidence, StatementEvidence};
use crate::inventory::{Resource, ResourceId};
use crate::paths::{StackDeletion, Taken, deleted_by, direct, stack_deletions};
use crate::rules::{Question, words};
use std::collections::BTreeMap;

const DELETE_STACK: &str = "cloudformation:DeleteStack";

pub(super) fn drafts(question: &Question<'_>, who: Who<'_>) -> Drafts {
    let inventory = question.access.inventory();
    let belongs = |id: ResourceId| {
        inventory
            .resource(id)
            .and_then(|resource| resource.environment.as_ref())
            .is_some_and(|known| known.environment == who.environment)
    };
    let stacks: Vec<ResourceId> = inventory
        .resource_ids()
        .filter(|(id, stack)| {
            stack.kind == "AWS::CloudFormation::Stack"
                && (belongs(*id)
                    || inventory.resource_ids().any(|(member, known)| known.stacks.contains(id) && belongs(member)))
        })
        .map(|(id, _)| id)
        .collect();
    let context = direct();
    let mut ways = Ways::default();
    for deletion in stack_deletions(question.access, &stacks) {
        if !who.includes(question, deletion.principal) {
            continue;
        }
        let Some(stack) = inventory.resource(deletion.stack) else { continue };
        let target = target_of(inventory, stack);
        let traced = question.access.decide(deletion.principal, DELETE_STACK, &target, Some(deletion.stack), &context);
        let Some((decision, applied)) = traced else { continue };
        let statements = evidence(inventory, deletion.principal, &applied);
        let terms = Terms::of(&decision).past(&deletion.passage);
        // What goes under the same terms as the stack is one answer with it; what needs more is an answer of its own.
        let mut taken: BTreeMap<Terms, Vec<&Taken>> = BTreeMap::from([(terms.clone(), Vec::new())]);
        for resource in &deletion.takes {
            let own = resource.delete.as_ref().map_or(Terms::of_certainty(Certainty::Unknown), Terms::of);
            taken.entry(terms.clone().and(own).past(&resource.passage)).or_default().push(resource);
        }
        for (own, taken) in taken {
            let whole = own == terms;
            if !(whole && belongs(deletion.stack) || taken.iter().any(|taken| belongs(taken.resource))) {
                continue;
            }
            let cause = format!("{}|{}|{}", cause_of(&statements), own.key(), stack.arn);
            let draft = ways.draft(&cause, deletion.principal, || Draft {
                path: path(question, &deletion, stack, &statements, &taken),
                terms: own,
                ..Draft::default()
            });
            if whole {
                draft.resources.insert(deletion.stack);
            }
            draft.requested.insert(stack.arn.to_string());
            draft.actions.insert(DELETE_STACK.to_owned());
            clear(draft, &deletion.passage);
            for taken in taken {
                draft.resources.insert(taken.resource);
                clear(draft, &taken.passage);
                if !deletion.by_role {
                    let known = inventory.resource(taken.resource);
                    draft.actions.extend(known.and_then(|known| deleted_by(&known.kind)).map(str::to_owned));
                }
            }
            if let Some(statement) = statements.first() {
                add_evidence(draft, Evidence::Statement(statement.clone()));
            }
        }
    }
    ways.joined(question)
}

fn path(
    question: &Question<'_>,
    deletion: &StackDeletion,
    stack: &Resource,
    statements: &[StatementEvidence],
    taken: &[&Taken],
) -> Vec<String> {
    let inventory = question.access.inventory();
    let mut path = Vec::new();
    if let Some(statement) = statements.first() {
        path.push(carried_in_words(inventory, deletion.principal, statement));
        path.push(format!("{} allows {DELETE_STACK}", statement_in_words(statement)));
    }
    let passages = std::iter::once(&deletion.passage).chain(taken.iter().map(|taken| &taken.passage));
    for step in passages.filter_map(past_in_words) {
        if !path.contains(&step) {
            path.push(step);
        }
    }
    path.push(format!("{} is deleted", words::resource(stack)));
    if !taken.is_empty() {
        path.push(match stack.text("RoleARN").filter(|_| deletion.by_role) {
            Some(role) => {
                let role = role.rsplit_once('/').map_or(role, |(_, name)| name);
                format!("CloudFormation deletes what the stack made as role {role}, whatever the caller may do itself")
            }
            None => "CloudFormation deletes what the stack made, with the caller's own rights".to_owned(),
        });
    }
    path
}
