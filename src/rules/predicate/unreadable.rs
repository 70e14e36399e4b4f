//! A policy that cannot be read: what it allows and denies is unknown.

use super::{Draft, Drafts};
use crate::finding::Evidence;
use crate::rules::Question;

pub(super) fn drafts(question: &Question<'_>) -> Drafts {
    let mut drafts = Drafts::new();
    for broken in question.access.inventory().broken.iter().filter(|broken| broken.present) {
        let draft = drafts.entry(broken.name.to_string()).or_insert_with(|| Draft {
            evidence: broken
                .issues
                .iter()
                .map(|issue| Evidence::Note { text: format!("{}: {issue}", broken.name) })
                .collect(),
            ..Draft::default()
        });
        draft.others.insert(broken.owner.to_string());
        if draft.path.is_empty() {
            draft.path.push(format!("{} applies to {}", broken.name, broken.owner));
        }
    }
    drafts
}
