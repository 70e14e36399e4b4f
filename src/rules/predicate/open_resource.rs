//! Resources whose own policies let strangers destroy them.

use super::{Draft, Drafts, add_evidence, standing};
use crate::finding::Evidence;
use crate::paths::{OutsiderKind, open_resources};
use crate::rules::Question;
use crate::rules::file::OpenTo;

pub(super) fn drafts(question: &Question<'_>, to: OpenTo, losses: &[String], environment: &str) -> Drafts {
    let inventory = question.access.inventory();
    let actions = question.definitions.actions_of(losses);
    let resources = inventory.resources_of(environment);
    let mut drafts = Drafts::new();
    for open in open_resources(question.access, &actions, &resources) {
        let is_account = open.outsider.kind == OutsiderKind::Account;
        if is_account != (to == OpenTo::OutsideAccounts) {
            continue;
        }
        let Some(resource) = inventory.resource(open.resource) else { continue };
        let cause = format!("{}|{}|{}", resource.arn, open.outsider.name, open.terms.key());
        let draft = drafts.entry(cause).or_insert_with(|| Draft { terms: open.terms.clone(), ..Draft::default() });
        draft.resources.insert(open.resource);
        draft.actions.insert(open.action.into());
        if draft.path.is_empty() {
            draft.path.push(open.in_words(inventory));
        }
        for statement in &open.statements {
            add_evidence(draft, standing(statement));
        }
        if is_account {
            let text = format!("{} is not in this snapshot", open.outsider.in_words());
            add_evidence(draft, Evidence::Note { text });
        }
    }
    drafts
}
