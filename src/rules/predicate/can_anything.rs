//! Who can do an action to a resource of any name, in accounts whose resources were not read.

use super::{
    Draft, Drafts, Terms, Ways, Who, add_evidence, carried_in_words, cause_of, evidence, statement_in_words,
    taken_apart, teller,
};
use crate::access::Targets;
use crate::engine::{Target, Verdict};
use crate::finding::{Evidence, StatementEvidence};
use crate::inventory::{AccountId, Inventory, PRODUCTION, PrincipalId};
use crate::paths::direct;
use crate::rules::Question;
use crate::rules::file::{Anything, Exception};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What somebody can do: the action, under which terms and by which statements.
type Can<'r> = (&'r str, Arc<Terms>, Vec<StatementEvidence>);

pub(super) fn drafts(question: &Question<'_>, asks: &[Anything], except: &[Exception]) -> Drafts {
    let inventory = question.access.inventory();
    let who = Who { environment: PRODUCTION, kinds: &[], except };
    let mut able: BTreeMap<AccountId, BTreeMap<PrincipalId, Asked<'_>>> = BTreeMap::new();
    for ask in asks {
        for (account, principals) in who_can(question, ask) {
            for (principal, terms) in principals.into_iter().filter(|(one, _)| who.includes(question, *one)) {
                able.entry(account).or_default().entry(principal).or_default().push((ask, terms));
            }
        }
    }
    let mut ways = Ways::default();
    for (account, able) in able {
        let Some(id) = inventory.account(account).map(|known| &*known.id) else { continue };
        let can = |principal| -> Vec<Can<'_>> {
            let asks = able.get(&principal).into_iter().flatten();
            asks.filter_map(|(ask, answered)| can(question, principal, ask, answered, id)).collect()
        };
        for ((all, _), members) in taken_apart(question, able.keys().copied(), can) {
            for can in &all {
                tell(question, can, id, &members, &mut ways);
            }
        }
    }
    ways.joined(question)
}

/// The terms of an answer in bulk; `None`: it could not be decided, and what is open goes by other names there.
type Answered = Option<Arc<Terms>>;

/// What somebody may be able to do, with the answers.
type Asked<'r> = Vec<(&'r Anything, Answered)>;

/// Who may be able to do what is asked, in each account in which such resources were not read: of its own principals. What
/// policies that nobody has read allow to those of other accounts is no more than that.
fn who_can(question: &Question<'_>, ask: &Anything) -> Vec<(AccountId, Vec<(PrincipalId, Answered)>)> {
    let inventory = question.access.inventory();
    let (service, operation) = &ask.unless_read;
    let unread: Vec<(AccountId, &str)> = (0u32..)
        .map(AccountId)
        .zip(inventory.accounts.iter().map(|account| &*account.id))
        .filter(|(account, _)| !inventory.was_read(*account, service, operation))
        .collect();
    let mut targets = Targets::default();
    unread.iter().for_each(|(_, id)| targets.push(target_of(ask, id)));
    let mut found: Vec<(AccountId, Vec<(PrincipalId, Answered)>)> =
        unread.into_iter().map(|(account, _)| (account, Vec::new())).collect();
    for answer in question.access.who_can(&ask.action, &targets, &direct()) {
        for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
            let is_decided = block.decision.verdict != Verdict::Unknown;
            let answered = is_decided.then(|| Arc::new(Terms::of(&block.decision)));
            for target in block.targets.iter() {
                if let Some((account, principals)) = found.get_mut(*target as usize) {
                    let is_own = |id: &&PrincipalId| {
                        inventory.principal(**id).is_some_and(|principal| principal.account == *account)
                    };
                    principals.extend(answer.principals.iter().filter(is_own).map(|id| (*id, answered.clone())));
                }
            }
        }
    }
    found
}

fn target_of<'t>(ask: &Anything, account: &'t str) -> Target<'t> {
    let arn = ask.on.replace("ACCOUNT", account);
    Target { arn: arn.into(), account: Some(account.into()), ..Target::new("*") }
}

/// Under which terms somebody can do what is asked, and by which statements.
fn can<'r>(
    question: &Question<'_>,
    principal: PrincipalId,
    ask: &'r Anything,
    answered: &Answered,
    account: &str,
) -> Option<Can<'r>> {
    let (access, target, context) = (question.access, target_of(ask, account), direct());
    let terms = match answered {
        Some(terms) => Arc::clone(terms),
        None => Arc::new(Terms::of(&access.decide(principal, &ask.action, &target, None, &context)?.0)),
    };
    Some((&ask.action, terms, evidence(access.grounds(principal, &ask.action, &target, None, &context))))
}

fn tell(
    question: &Question<'_>,
    (action, terms, statements): &Can<'_>,
    account: &str,
    members: &[PrincipalId],
    ways: &mut Ways,
) {
    let inventory = question.access.inventory();
    let Some(teller) = teller(inventory, members) else { return };
    let cause = format!("{account}|{}|{}", cause_of(statements), terms.key());
    let draft = ways.draft(&cause, teller, || Draft {
        path: path(inventory, teller, statements),
        terms: Terms::clone(terms),
        ..Draft::default()
    });
    draft.principals.extend(members);
    draft.actions.insert((*action).into());
    for statement in statements {
        add_evidence(draft, Evidence::Statement(statement.clone()));
    }
}

fn path(inventory: &Inventory, teller: PrincipalId, statements: &[StatementEvidence]) -> Vec<String> {
    let Some(statement) = statements.first() else { return Vec::new() };
    vec![
        carried_in_words(inventory, teller, statement),
        format!("{} allows it on resources of any name", statement_in_words(statement)),
    ]
}
