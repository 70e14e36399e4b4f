//! Who can do everything.

use super::{Draft, Drafts, Terms, Ways, carried_in_words, cause_of, evidence, is_excepted, statement_in_words};
use crate::access::{Access, Targets};
use crate::engine::{Target, Verdict};
use crate::finding::{Evidence, StatementEvidence};
use crate::inventory::{AccountId, PrincipalId, ResourceId};
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
    // Of each account, who may do all that was asked so far.
    let mut remaining: Option<Vec<BTreeMap<PrincipalId, Terms>>> = None;
    for sentinel in &definitions.administrator {
        let mut targets = Targets::default();
        inventory.accounts.iter().for_each(|account| targets.push(target_of(sentinel, &account.id)));
        let mut allowed: Vec<BTreeMap<PrincipalId, Terms>> = vec![BTreeMap::new(); inventory.accounts.len()];
        for answer in access.who_can(&sentinel.action, &targets, &context) {
            for block in answer.blocks.iter().filter(|block| block.decision.verdict >= Verdict::AllowedIf) {
                let terms = Terms::of(&block.decision);
                for account in block.targets.iter() {
                    if let Some(allowed) = allowed.get_mut(*account as usize) {
                        allowed.extend(answer.principals.iter().map(|id| (*id, terms.clone())));
                    }
                }
            }
        }
        remaining = Some(match remaining {
            None => allowed,
            Some(before) => before.into_iter().zip(allowed).map(|(before, now)| both(before, now)).collect(),
        });
    }
    let mut found: BTreeMap<PrincipalId, Administrator> = BTreeMap::new();
    let Some(first) = definitions.administrator.first() else { return found };
    for (account, remaining) in inventory.accounts.iter().zip(remaining.unwrap_or_default()) {
        let target = target_of(first, &account.id);
        for (id, terms) in remaining {
            let grounds = access.grounds(id, &first.action, &target, None, &context);
            let statement = evidence(grounds).into_iter().next();
            found.insert(id, Administrator { statement, terms });
        }
    }
    found
}

/// What a sentinel asks of an account.
fn target_of<'t>(sentinel: &Sentinel, account: &'t str) -> Target<'t> {
    let arn = sentinel.on.replace("ACCOUNT", account);
    Target { arn: arn.into(), account: Some(account.into()), ..Target::new("*") }
}

/// Who is in both, under the terms of both.
fn both(before: BTreeMap<PrincipalId, Terms>, mut now: BTreeMap<PrincipalId, Terms>) -> BTreeMap<PrincipalId, Terms> {
    before.into_iter().filter_map(|(id, terms)| Some((id, terms.and(now.remove(&id)?)))).collect()
}

pub(super) fn drafts(question: &Question<'_>, environment: &str, except: &[Exception]) -> Drafts {
    let inventory = question.access.inventory();
    let mut of_account: BTreeMap<AccountId, Vec<ResourceId>> = BTreeMap::new();
    for (id, resource) in inventory.resource_ids() {
        if resource.is_of(environment) {
            of_account.entry(resource.account).or_default().push(id);
        }
    }
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
        draft.actions.insert("*".into());
        let account = inventory.principal(*id).map(|principal| principal.account);
        draft.resources.extend(account.and_then(|account| of_account.get(&account)).into_iter().flatten());
    }
    ways.joined(question)
}
