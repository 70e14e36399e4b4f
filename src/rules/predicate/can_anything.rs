//! Who can do an action to a resource of any name, in accounts whose resources were not read.

use super::{Draft, Drafts, Terms, Ways, Who, add_evidence, carried_in_words, cause_of, evidence, statement_in_words};
use crate::access::Targets;
use crate::engine::Target;
use crate::finding::Evidence;
use crate::inventory::{AccountId, PRODUCTION};
use crate::paths::direct;
use crate::rules::Question;
use crate::rules::file::{Anything, Exception};

pub(super) fn drafts(question: &Question<'_>, asks: &[Anything], except: &[Exception]) -> Drafts {
    let inventory = question.access.inventory();
    let context = direct();
    let who = Who { environment: PRODUCTION, kinds: &[], except };
    let mut ways = Ways::default();
    for (index, account) in (0u32..).zip(&inventory.accounts) {
        let id = AccountId(index);
        for ask in asks {
            let (service, operation) = &ask.unless_read;
            if inventory.was_read(id, service, operation) {
                continue;
            }
            let arn = ask.on.replace("ACCOUNT", &account.id);
            let mut target = Target::new(&arn);
            target.account = Some((*account.id).into());
            let mut targets = Targets::default();
            targets.push(target.clone());
            for answer in question.access.who_can(&ask.action, &targets, &context) {
                let possible = answer.best().is_some_and(|block| !block.decision.verdict.is_denied());
                if !possible {
                    continue;
                }
                for principal in answer.principals.iter().filter(|one| who.includes(question, **one)) {
                    let Some((decision, applied)) =
                        question.access.decide(*principal, &ask.action, &target, None, &context)
                    else {
                        continue;
                    };
                    let statements = evidence(inventory, *principal, &applied);
                    let terms = Terms::of(&decision);
                    let cause = format!("{}|{}|{}", account.id, cause_of(&statements), terms.key());
                    let draft = ways.draft(&cause, *principal, || {
                        let mut path = Vec::new();
                        if let Some(statement) = statements.first() {
                            path.push(carried_in_words(inventory, *principal, statement));
                            path.push(format!("{} allows it on resources of any name", statement_in_words(statement)));
                        }
                        Draft { path, terms, ..Draft::default() }
                    });
                    draft.actions.insert(ask.action.clone());
                    for statement in &statements {
                        add_evidence(draft, Evidence::Statement(statement.clone()));
                    }
                }
            }
        }
    }
    ways.joined(question)
}
