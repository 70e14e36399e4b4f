//! Who can become an administrator, in accounts in which no environment was recognised: nothing was read of them, or
//! nothing in them tells which it is. What would be lost there has no name; whoever may do everything can take all of it.

use super::becomes::told_of;
use super::destroys::decided;
use super::{
    Draft, Drafts, Terms, Ways, Who, add_evidence, administrators, carried_in_words, is_excepted, statement_in_words,
    taken_apart, teller,
};
use crate::access::Access;
use crate::finding::Evidence;
use crate::inventory::{AccountId, PRODUCTION, PrincipalId, words};
use crate::paths::{self, Actor, Graph};
use crate::rules::Question;
use crate::rules::file::Exception;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn drafts(question: &Question<'_>, except: &[Exception]) -> Drafts {
    let inventory = question.access.inventory();
    let recognised: BTreeSet<AccountId> = inventory
        .resource_ids()
        .filter(|(_, resource)| resource.environment.is_some())
        .map(|(_, resource)| resource.account)
        .collect();
    let nameless = |id: &PrincipalId| {
        let principal = inventory.principal(*id);
        principal.is_some_and(|known| known.environment.is_none() && !recognised.contains(&known.account))
    };
    let who = Who { environment: PRODUCTION, kinds: &[], except };
    let asked: Vec<PrincipalId> = inventory
        .principal_ids()
        .map(|(id, _)| id)
        .filter(|id| nameless(id) && !question.administrators.contains_key(id) && who.includes(question, *id))
        .collect();
    if asked.is_empty() {
        return Drafts::new();
    }
    // Becoming an administrator of an account in which something has a name is another rule's.
    let wanted: BTreeSet<PrincipalId> = question.administrators.keys().copied().filter(|id| nameless(id)).collect();
    // What break-glass roles are for is no finding.
    let meant = wanted.iter().copied().filter(|id| is_excepted(question, &[Exception::BreakGlass], *id)).collect();
    let graph = Graph::new(question.access, paths::built_in(), &wanted).sparing(meant);
    let supposed = administrators(&Access::new(graph.supposed()), question.definitions);
    // Under which conditions somebody may do everything; a guise only within its boundary and organisation.
    let masters = |actor: Actor| -> Option<&Terms> {
        match actor {
            Actor::Principal(id) if wanted.contains(&id) => Some(&question.administrators.get(&id)?.terms),
            Actor::Unbound(of) | Actor::WithoutBoundary(of) | Actor::Changed(of, _) | Actor::Newcomer(of)
                if nameless(&of) =>
            {
                Some(&supposed.get(&graph.as_supposed(actor)?)?.terms)
            }
            _ => None,
        }
    };
    let mut ways = Ways::default();
    for members in graph.alike(asked.into_iter()) {
        let Some(becoming) = members.first().and_then(|one| graph.nearest(*one, &|actor| masters(actor).is_some()))
        else {
            continue;
        };
        let (Some(first), Some(terms)) = (becoming.hops.first(), masters(becoming.actor)) else { continue };
        let terms = becoming.terms.clone().and(terms.clone());
        let statements = |member| first.calls.first().map(|call| decided(question, member, call)).unwrap_or_default();
        for ((statements, _), members) in taken_apart(question, members.into_iter(), statements) {
            let Some(teller) = teller(inventory, &members) else { continue };
            // What one policy grants under the same terms, and is used in the same way, is one cause.
            let policy = statements.first().map_or("", |statement| statement.policy.as_str());
            let draft = ways.draft(&format!("{policy}|{}|{}", first.by, terms.key()), teller, || {
                let mut path = Vec::new();
                let action = first.calls.first().map(|call| &call.action);
                if let (Some(statement), Some(action)) = (statements.first(), action) {
                    path.push(carried_in_words(inventory, teller, statement));
                    path.push(format!("{} allows {action}", statement_in_words(statement)));
                }
                path.extend(told_of(question, teller, &becoming.hops));
                let name = inventory.principal(teller).map(words::principal).unwrap_or_default();
                path.push(format!("from then on {name} may do everything in the account"));
                Draft { path, terms: terms.clone(), ..Draft::default() }
            });
            draft.principals.extend(members);
            draft.actions.extend(first.calls.iter().map(|call| Arc::clone(&call.action)));
            draft.requested.extend(first.calls.iter().map(|call| Arc::clone(&call.on)));
            for statement in statements {
                add_evidence(draft, Evidence::Statement(statement));
            }
        }
    }
    ways.joined(question)
}
