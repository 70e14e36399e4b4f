//! Who can do everything.

use super::{Draft, Drafts, Terms, Ways, carried_in_words, cause_of, evidence, is_excepted, statement_in_words};
use crate::access::{Access, Targets};
use crate::engine::{Target, Verdict};
use crate::finding::{Evidence, StatementEvidence};
use crate::inventory::PrincipalId;
use crate::paths::direct;
use crate::rules::definitions::{Definitions, Sentinel};
use crate::rules::file::Exception;
use crate::rules::{Question, words};
use std::collections::BTreeMap;

/// What makes somebody an administrator.
#[derive(Clone, Debug)]
pub struct Administrator {
    statement: Option<StatementEvidence>,
    pub(super) terms: Terms,
}

/// Finds everybody who may do all that the definitions ask.
pub fn administrators(access: &Access<'_>, definitions: &Definitions) -> BTreeMap<PrincipalId, Administrator> {
    let inventory = access.inventory();
    let context = direct();
    let mut found: BTreeMap<PrincipalId, Administrator> = BTreeMap::new();
    for account in &inventory.accounts {
        let target_of = |sentinel: &Sentinel| {
            let arn = sentinel.on.replace("ACCOUNT", &account.id);
            Target { arn: arn.into(), account: Some((*account.id).into()), ..Target::new("*") }
        };
        let mut remaining: Option<BTreeMap<PrincipalId, Terms>> = None;
        for sentinel in &definitions.administrator {
            let mut targets = Targets::default();
            targets.push(target_of(sentinel));
            let mut allowed: BTreeMap<PrincipalId, Terms> = BTreeMap::new();
            for answer in access.who_can(&sentinel.action, &targets, &context) {
                let Some(best) = answer.best().filter(|block| block.decision.verdict >= Verdict::AllowedIf) else {
                    continue;
                };
                let terms = Terms::of(&best.decision);
                allowed.extend(answer.principals.iter().map(|id| (*id, terms.clone())));
            }
            remaining = Some(match remaining {
                None => allowed,
                Some(before) => {
                    before.into_iter().filter_map(|(id, terms)| Some((id, terms.and(allowed.remove(&id)?)))).collect()
                }
            });
        }
        let (Some(first), Some(remaining)) = (definitions.administrator.first(), remaining) else { continue };
        let target = target_of(first);
        for (id, terms) in remaining {
            let Some((_, applied)) = access.decide(id, &first.action, &target, None, &context) else { continue };
            let statement = evidence(inventory, id, &applied).into_iter().next();
            found.insert(id, Administrator { statement, terms });
        }
    }
    found
}

pub(super) fn drafts(question: &Question<'_>, environment: &str, except: &[Exception]) -> Drafts {
    let inventory = question.access.inventory();
    let mut ways = Ways::default();
    for (id, administrator) in question.administrators {
        if is_excepted(question, except, *id) {
            continue;
        }
        let key = format!("{}|{}", cause_of(administrator.statement.as_slice()), administrator.terms.key());
        let draft = ways.draft(&key, *id, || {
            let mut path = Vec::new();
            if let Some(statement) = &administrator.statement {
                path.push(carried_in_words(inventory, *id, statement));
                path.push(format!("{} allows every action", statement_in_words(statement)));
            }
            let who = inventory.principal(*id).map(words::principal).unwrap_or_default();
            path.push(format!("{who} deletes anything, and switches off whatever would stop it"));
            Draft {
                terms: administrator.terms.clone(),
                evidence: administrator.statement.iter().cloned().map(Evidence::Statement).collect(),
                path,
                ..Draft::default()
            }
        });
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
    ways.joined(question)
}
