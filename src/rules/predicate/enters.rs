//! Who can bring about a loss beginning outside: somebody whom the snapshot does not hold takes on a role, or has a build
//! run commands, and becomes somebody else from there. What the role can take by itself other rules tell.

use super::becomes::{end_of, told_of};
use super::destroys::decided;
use super::{Draft, Drafts, Ways, Who, add_evidence, carried_in_words, standing, statement_in_words};
use crate::finding::Evidence;
use crate::inventory::{PrincipalId, words};
use crate::paths::{self, Actor, Lead, Outsider, OutsiderKind, letting_in};
use crate::rules::Question;
use crate::rules::kind::Kind;
use std::sync::Arc;

pub(super) fn drafts(question: &Question<'_>, who: Who<'_>) -> Drafts {
    let Some(known) = question.followed.get(who.environment) else { return Drafts::new() };
    let followed = &known.ways;
    let outsiders = followed.graph().outsiders();
    let mut drafts = Ways::default();
    for group in known.leads() {
        for actor in &group.actors {
            let Actor::Outsider(number) = actor else { continue };
            let Some(outsider) = outsiders.get(*number as usize) else { continue };
            for lead in &group.leads {
                if let Some(role) = entered(question, who, outsider, lead) {
                    add(question, followed, outsider, &mut drafts, role, lead);
                }
            }
        }
    }
    drafts.joined(question)
}

/// The role by which an outsider comes in, if the rule speaks of it.
fn entered(question: &Question<'_>, who: Who<'_>, outsider: &Outsider, lead: &Lead) -> Option<PrincipalId> {
    let role = lead.hops.first()?.becomes?.principal()?;
    let kind = question.kinds.within(question.access.inventory(), role, who.environment);
    // A build is no stranger's: that it runs the commands of strangers is a way of its own.
    let by_build = outsider.kind == OutsiderKind::PullRequest;
    let meant = if by_build { who.kinds.contains(&Kind::Anyone) } else { who.kinds.contains(&kind) };
    let goes_on = by_build || lead.hops.len() > 1;
    (meant && goes_on && !super::is_excepted(question, who.except, role)).then_some(role)
}

fn add(
    question: &Question<'_>,
    followed: &paths::Ways<'_>,
    outsider: &Outsider,
    drafts: &mut Ways,
    role: PrincipalId,
    lead: &Lead,
) {
    let inventory = question.access.inventory();
    let next = lead.hops.get(1);
    let statements =
        next.and_then(|hop| hop.calls.first()).map(|call| decided(question, role, call)).unwrap_or_default();
    let policy = statements.first().map_or("", |statement| statement.policy.as_str());
    let by = next.map_or("", |hop| &*hop.by);
    let cause = format!("{:?}|{policy}|{by}|{}", outsider.kind, lead.terms.key());
    let path = || {
        let mut path = Vec::new();
        let (first, rest) = lead.hops.split_at(lead.hops.len().min(1));
        match outsider.kind {
            OutsiderKind::PullRequest => path.extend(first.iter().map(|hop| hop.words.clone())),
            _ => {
                let name = inventory.principal(role).map(words::principal).unwrap_or_default();
                let why = question.kinds.of(role).map(|known| known.why.clone()).unwrap_or_default();
                path.push(format!("{name} {why}"));
            }
        }
        if let (Some(statement), Some(call)) = (statements.first(), next.and_then(|hop| hop.calls.first())) {
            path.push(carried_in_words(inventory, role, statement));
            path.push(format!("{} allows {}", statement_in_words(statement), call.action));
        }
        path.extend(told_of(question, role, rest));
        path.extend(end_of(followed, lead));
        path
    };
    let draft = drafts.draft(&cause, role, || Draft { path: path(), terms: lead.terms.clone(), ..Draft::default() });
    draft.resources.extend(lead.adds_in_all());
    for call in lead.hops.iter().take(2).flat_map(|hop| &hop.calls) {
        draft.actions.insert(Arc::clone(&call.action));
        draft.requested.insert(Arc::clone(&call.on));
    }
    for statement in letting_in(question.access, outsider, role) {
        add_evidence(draft, standing(&statement));
    }
    if outsider.kind == OutsiderKind::PullRequest {
        let role = inventory.principal(role).map(words::principal).unwrap_or_default();
        let text = format!("a build that runs as {role} is started by pull requests, whoever opens them");
        add_evidence(draft, Evidence::Note { text });
    }
    // Where the door can be closed, that ends it; what follows is told in the story.
    if !draft.evidence.iter().any(|evidence| matches!(evidence, Evidence::Statement(_))) {
        for statement in statements {
            add_evidence(draft, Evidence::Statement(statement));
        }
    }
}
