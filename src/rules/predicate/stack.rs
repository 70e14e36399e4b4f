//! Who can delete the stack that made the environment, and what goes with it.

use super::{Draft, Drafts, carried_in_words, conditions, evidence, is_excepted, statement_in_words};
use crate::access::target_of;
use crate::engine::Verdict;
use crate::finding::{Certainty, Evidence};
use crate::inventory::PrincipalKind;
use crate::inventory::ResourceId;
use crate::paths::{deleted_by, stack_deletions};
use crate::rules::file::Exception;
use crate::rules::{Question, words};

const DELETE_STACK: &str = "cloudformation:DeleteStack";

pub(super) fn drafts(question: &Question<'_>, environment: &str, except: &[Exception]) -> Drafts {
    let inventory = question.access.inventory();
    let belongs = |id: ResourceId| {
        inventory
            .resource(id)
            .and_then(|resource| resource.environment.as_ref())
            .is_some_and(|known| known.environment == environment)
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
    let context = super::can::direct();
    let mut drafts = Drafts::new();
    let mut deletions = stack_deletions(question.access, &stacks);
    // The story is told of a person, where there is one.
    deletions.sort_by_key(|deletion| {
        inventory.principal(deletion.principal).is_none_or(|principal| principal.kind != PrincipalKind::User)
    });
    for deletion in deletions {
        if is_excepted(question, except, deletion.principal) {
            continue;
        }
        let Some(stack) = inventory.resource(deletion.stack) else { continue };
        let target = target_of(inventory, stack);
        let traced = question.access.decide(deletion.principal, DELETE_STACK, &target, Some(deletion.stack), &context);
        let Some((decision, applied)) = traced else { continue };
        let statements = evidence(inventory, deletion.principal, &applied);
        let (conditions, mut certainty) = conditions(&decision);
        if deletion.verdict == Verdict::Unknown {
            certainty = Certainty::Unknown;
        }
        let cause = statements
            .first()
            .map(|statement| format!("{}#{}", statement.policy, statement.statement))
            .unwrap_or_default();
        let key = format!("{cause}|{certainty:?}|{}|{}", conditions.join(";"), stack.arn);
        let draft = drafts.entry(key).or_insert_with(|| {
            let mut path = Vec::new();
            if let Some(statement) = statements.first() {
                path.push(carried_in_words(inventory, deletion.principal, statement));
                path.push(format!("{} allows {DELETE_STACK}", statement_in_words(statement)));
            }
            if deletion.clears_protection {
                path.push("termination protection is switched off first".to_owned());
            }
            path.push(format!("{} is deleted", words::resource(stack)));
            path.push(if deletion.by_role {
                let role = stack.text("RoleARN").and_then(|arn| arn.rsplit_once('/')).map_or("", |(_, name)| name);
                format!("CloudFormation deletes what the stack made as role {role}, whatever the caller may do itself")
            } else {
                "CloudFormation deletes what the stack made, with the caller's own rights".to_owned()
            });
            Draft { conditions, certainty: Some(certainty), path, ..Draft::default() }
        });
        draft.principals.insert(deletion.principal);
        draft.resources.insert(deletion.stack);
        draft.resources.extend(deletion.takes.iter().copied());
        draft.actions.insert(DELETE_STACK.to_owned());
        if !deletion.by_role {
            let taken = deletion.takes.iter().filter_map(|id| inventory.resource(*id));
            draft.actions.extend(taken.filter_map(|resource| deleted_by(&resource.kind)).map(str::to_owned));
        }
        if deletion.clears_protection {
            draft.actions.insert("cloudformation:UpdateTerminationProtection".to_owned());
        }
        for statement in statements.into_iter().take(1).map(Evidence::Statement) {
            if !draft.evidence.contains(&statement) {
                draft.evidence.push(statement);
            }
        }
    }
    drafts
}
