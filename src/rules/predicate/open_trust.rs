//! Roles that let strangers in.

use super::{Draft, Drafts};
use crate::finding::{Evidence, StatementEvidence};
use crate::inventory::words;
use crate::paths::{OpenRole, OutsiderKind, Strangers, open_roles};
use crate::rules::Question;
use crate::rules::file::OpenTo;
use std::collections::BTreeMap;

pub(super) fn drafts(question: &Question<'_>, to: OpenTo, tokens: &BTreeMap<String, String>) -> Drafts {
    let inventory = question.access.inventory();
    let strangers = Strangers { tokens };
    let mut drafts = Drafts::new();
    for OpenRole { role, outsider, terms, statements } in open_roles(question.access, &strangers) {
        let is_account = outsider.kind == OutsiderKind::Account;
        if is_account != (to == OpenTo::OutsideAccounts) {
            continue;
        }
        let Some(principal) = inventory.principal(role) else { continue };
        let statement = statements.first();
        let cause = format!("{}|{}|{}", principal.arn, outsider.name, terms.key());
        let draft = drafts.entry(cause).or_insert_with(|| Draft { terms, ..Draft::default() });
        draft.principals.insert(role);
        draft.others.insert(outsider.name.to_string());
        draft.actions.insert(outsider.action().to_owned());
        if let Some(statement) = statement {
            draft.evidence.push(Evidence::Statement(StatementEvidence {
                policy: statement.policy.to_string(),
                statement: statement.statement,
                sid: statement.sid.as_deref().map(str::to_owned),
                through: None,
            }));
        }
        let role = words::principal(principal);
        let needs = if is_account { "without an external id" } else { "whoever it is" };
        draft.path.push(format!("the trust policy of {role} lets {} in, {needs}", outsider.in_words()));
        draft.path.push(format!("{} takes on {role} and does what the role may do", outsider.in_words()));
    }
    drafts
}
