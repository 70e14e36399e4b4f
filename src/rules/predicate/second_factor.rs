//! Which users can bring about a loss with an access key alone, without a second factor.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html>: a request
//! that is signed with a long-term access key carries no `aws:MultiFactorAuthPresent`.

use super::destroys::{Told, call_of, reached_alike, target_of_call};
use super::{Drafts, Who};
use crate::engine::Verdict;
use crate::inventory::{PrincipalId, PrincipalKind};
use crate::paths::{Means, Terms, direct};
use crate::rules::Question;

/// Keys that a request with a long-term access key does not have.
const ABSENT: [&str; 2] = ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"];

pub(super) fn drafts(question: &Question<'_>, losses: &[String], who: Who<'_>) -> Drafts {
    let inventory = question.access.inventory();
    let index = question.means.of(who.environment);
    let actions = question.definitions.actions_of(losses);
    let is_user =
        |id: &PrincipalId| inventory.principal(*id).is_some_and(|principal| principal.kind == PrincipalKind::User);
    // Who has the same means by the same policies is told alike: one of them answers for all.
    let mut told = Told::new(question, who);
    for (members, positions) in reached_alike(question, &index, &|id| is_user(&id) && who.includes(question, id)) {
        let Some(first) = members.first().copied() else { continue };
        let group = told.group(members);
        for position in positions {
            let Some(means) = index.get(*position).filter(|means| actions.contains(&*means.action)) else { continue };
            if let Some(terms) = without(question, means, first) {
                told.add(group, *position, means, &terms);
            }
        }
    }
    told.drafts(&index)
}

/// Under which terms the call that sets off a means is allowed to somebody who has an access key and nothing else.
fn without(question: &Question<'_>, means: &Means, actor: PrincipalId) -> Option<Terms> {
    let call = call_of(question, means, actor)?;
    let target = target_of_call(question, &call);
    let mut context = direct();
    for (key, values) in &call.given {
        context.set(key, values.clone());
    }
    for key in ABSENT {
        context.set(key, Vec::new());
    }
    let (decision, _) = question.access.decide(actor, &call.action, &target, call.resource, &context)?;
    // The terms of a longer means are those of all its steps, and what cannot be read goes by the name that bulk answers
    // give it.
    let own = means.steps.len() == 1 && decision.verdict != Verdict::Unknown;
    let terms = if own { Terms::of(&decision) } else { means.terms.clone() };
    (!decision.verdict.is_denied()).then_some(terms)
}
