//! Who can do everything.

use super::{Draft, Drafts, carried_in_words, conditions, evidence, is_excepted, statement_in_words};
use crate::access::{Access, Targets};
use crate::engine::{Target, Verdict};
use crate::finding::{Certainty, Evidence, StatementEvidence};
use crate::inventory::PrincipalId;
use crate::rules::definitions::Definitions;
use crate::rules::file::Exception;
use crate::rules::{Question, words};
use std::collections::BTreeMap;

/// What makes somebody an administrator.
#[derive(Clone, Debug)]
pub struct Administrator {
    statement: Option<StatementEvidence>,
    conditions: Vec<String>,
    certainty: Certainty,
}

/// Finds everybody who may do all that the definitions ask.
pub fn administrators(access: &Access<'_>, definitions: &Definitions) -> BTreeMap<PrincipalId, Administrator> {
    let inventory = access.inventory();
    let context = super::can::direct();
    let mut found: BTreeMap<PrincipalId, Administrator> = BTreeMap::new();
    for account in &inventory.accounts {
        let mut remaining: Option<BTreeMap<PrincipalId, Verdict>> = None;
        for sentinel in &definitions.administrator {
            let arn = sentinel.on.replace("ACCOUNT", &account.id);
            let mut targets = Targets::default();
            targets.push(Target::new(&arn));
            let mut allowed: BTreeMap<PrincipalId, Verdict> = BTreeMap::new();
            for answer in access.who_can(&sentinel.action, &targets, &context) {
                let verdict = answer.best().map_or(Verdict::ImplicitDeny, |block| block.decision.verdict);
                if verdict >= Verdict::AllowedIf {
                    allowed.extend(answer.principals.iter().map(|id| (*id, verdict)));
                }
            }
            remaining = Some(match remaining {
                None => allowed,
                Some(before) => before.into_iter().filter(|(id, _)| allowed.contains_key(id)).collect(),
            });
        }
        let (Some(first), Some(remaining)) = (definitions.administrator.first(), remaining) else { continue };
        let arn = first.on.replace("ACCOUNT", &account.id);
        let target = Target::new(&arn);
        for (id, _) in remaining {
            let Some((decision, applied)) = access.decide(id, &first.action, &target, None, &context) else { continue };
            let (conditions, certainty) = conditions(&decision);
            let statement = evidence(inventory, id, &applied).into_iter().next();
            found.insert(id, Administrator { statement, conditions, certainty });
        }
    }
    found
}

pub(super) fn drafts(question: &Question<'_>, environment: &str, except: &[Exception]) -> Drafts {
    let inventory = question.access.inventory();
    let mut drafts = Drafts::new();
    for (id, administrator) in question.administrators {
        if is_excepted(question, except, *id) {
            continue;
        }
        let cause = administrator
            .statement
            .as_ref()
            .map(|statement| format!("{}#{}", statement.policy, statement.statement))
            .unwrap_or_default();
        let key = format!("{cause}|{:?}|{}", administrator.certainty, administrator.conditions.join(";"));
        let draft = drafts.entry(key).or_insert_with(|| {
            let mut path = Vec::new();
            if let Some(statement) = &administrator.statement {
                path.push(carried_in_words(inventory, *id, statement));
                path.push(format!("{} allows every action", statement_in_words(statement)));
            }
            let who = inventory.principal(*id).map(words::principal).unwrap_or_default();
            path.push(format!("{who} deletes what it likes, and switches off what would stop it"));
            Draft {
                conditions: administrator.conditions.clone(),
                certainty: Some(administrator.certainty),
                evidence: administrator.statement.iter().cloned().map(Evidence::Statement).collect(),
                path,
                ..Draft::default()
            }
        });
        draft.principals.insert(*id);
        draft.actions.insert("*".to_owned());
        let account = inventory.principal(*id).map(|principal| principal.account);
        draft.resources.extend(
            inventory
                .resource_ids()
                .filter(|(_, resource)| {
                    Some(resource.account) == account
                        && resource.environment.as_ref().is_some_and(|known| known.environment == environment)
                })
                .map(|(resource, _)| resource),
        );
    }
    drafts
}
