//! Resources of an environment that no policy of the organisation keeps from being deleted.
//!
//! The question is asked of the root user, whom nothing but the organisation limits in a member account.
//! Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>

use super::{Draft, Drafts};
use crate::access::target_of;
use crate::base::Certainty;
use crate::catalog;
use crate::engine::{Atom, Layer, Verdict};
use crate::finding::Evidence;
use crate::iam::Effect;
use crate::inventory::{AccountId, Attachment, Controls, Inventory, ResourceId};
use crate::paths::direct;
use crate::rules::Question;
use std::collections::BTreeMap;

pub(super) fn drafts(question: &Question<'_>, losses: &[String], environment: &str) -> Drafts {
    let inventory = question.access.inventory();
    let actions = question.definitions.actions_of(losses);
    let mut asked: BTreeMap<AccountId, Vec<(ResourceId, &str)>> = BTreeMap::new();
    for (id, resource) in inventory.resource_ids() {
        let belongs = resource.is_of(environment);
        for action in actions.iter().filter(|_| belongs) {
            let applies = catalog::destruction::find(action).is_some_and(|known| known.harms(&resource.kind));
            if applies {
                asked.entry(resource.account).or_default().push((id, action));
            }
        }
    }
    let mut drafts = Drafts::new();
    for (account, asked) in asked {
        let Some(known) = inventory.account(account) else { continue };
        let (certainty, note, open) = match &known.controls {
            Controls::None => (Certainty::Certain, "the account belongs to no organisation".to_owned(), asked),
            Controls::Unseen => {
                (Certainty::Unknown, "the policies of the organisation were not read".to_owned(), asked)
            }
            Controls::Levels { management_account: true, .. } => (
                Certainty::Certain,
                "this is the management account: service control policies never limit it".to_owned(),
                unguarded(question, account, asked),
            ),
            Controls::Levels { scps, rcps, .. } => {
                let denies = scps.iter().chain(rcps).flatten().any(|attachment| may_deny(inventory, attachment));
                let open = if denies { unguarded(question, account, asked) } else { asked };
                (Certainty::Certain, "no policy of the organisation denies it".to_owned(), open)
            }
        };
        if open.is_empty() {
            continue;
        }
        let mut draft = Draft {
            evidence: vec![Evidence::Note { text: format!("account {}: {note}", known.id) }],
            ..Draft::default()
        };
        draft.terms.certainty = certainty;
        for (id, action) in open {
            draft.resources.insert(id);
            draft.actions.insert(action.into());
        }
        drafts.insert(known.id.to_string(), draft);
    }
    drafts
}

/// Whether a policy of the organisation could deny anything: most allow everything.
fn may_deny(inventory: &Inventory, attachment: &Attachment) -> bool {
    let policy = inventory.document(attachment.document).and_then(|document| document.policy.as_ref());
    policy.is_none_or(|policy| {
        policy.statements.iter().any(|statement| {
            statement.effect == Effect::Deny || statement.action.negated || statement.action.values != ["*"]
        })
    })
}

/// Those that the organisation lets even the root user delete.
fn unguarded<'a>(
    question: &Question<'_>,
    account: AccountId,
    asked: Vec<(ResourceId, &'a str)>,
) -> Vec<(ResourceId, &'a str)> {
    let inventory = question.access.inventory();
    let is_open = |(id, action): &(ResourceId, &str)| {
        let Some(resource) = inventory.resource(*id) else { return false };
        let target = target_of(inventory, resource);
        let Some(decision) = question.access.decide_root(account, action, &target, Some(*id), &direct()) else {
            return false;
        };
        match decision.verdict {
            Verdict::Allowed | Verdict::Unknown => true,
            // A condition of the organisation is a guard; what was not read is none.
            Verdict::AllowedIf => decision.conditions.as_ref().is_some_and(|alternatives| {
                alternatives.0.iter().flatten().all(|literal| matches!(*literal.0, Atom::Unseen(_)))
            }),
            Verdict::ImplicitDeny | Verdict::ExplicitDeny => !matches!(decision.decided_by, Layer::Scp | Layer::Rcp),
        }
    };
    asked.into_iter().filter(is_open).collect()
}
