//! Roles that let strangers in.

use super::{Draft, Drafts, standing};
use crate::base::Glob;
use crate::inventory::{PrincipalId, words};
use crate::paths::{OpenRole, OutsiderKind};
use crate::rules::Question;
use crate::rules::file::{MadeByService, OpenTo};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) fn drafts(question: &Question<'_>, to: OpenTo, made: &[MadeByService]) -> Drafts {
    let inventory = question.access.inventory();
    let open = question.kinds.open_roles();
    let made = made_by_services(question, open, made);
    let mut drafts = Drafts::new();
    for OpenRole { role, outsider, terms, statements } in open {
        let is_account = outsider.kind == OutsiderKind::Account;
        if is_account != (to == OpenTo::OutsideAccounts) {
            continue;
        }
        let Some(principal) = inventory.principal(*role) else { continue };
        if made.contains(&(*role, Arc::clone(&outsider.name))) {
            continue;
        }
        let statement = statements.first();
        let cause = format!("{}|{}|{}", principal.arn, outsider.name, terms.key());
        let draft = drafts.entry(cause).or_insert_with(|| Draft { terms: terms.clone(), ..Draft::default() });
        draft.principals.insert(*role);
        draft.others.insert(outsider.name.to_string());
        draft.actions.insert(outsider.action().into());
        if let Some(statement) = statement {
            draft.evidence.push(standing(statement));
        }
        let role = words::principal(principal);
        let needs = if is_account { "without an external ID" } else { "whoever it is" };
        draft.path.push(format!("the trust policy of {role} lets {} in, {needs}", outsider.in_words()));
        draft.path.push(format!("{} assumes {role} and can do what the role may do", outsider.in_words()));
    }
    drafts
}

/// Roles, with whom they let in, that are as a service of AWS makes them.
fn made_by_services(
    question: &Question<'_>,
    open: &[OpenRole],
    known: &[MadeByService],
) -> BTreeSet<(PrincipalId, Arc<str>)> {
    let inventory = question.access.inventory();
    let mut made = BTreeSet::new();
    for known in known {
        let (role, trusts) = (Glob::new(&known.role), Glob::new(&known.trusts));
        let mut of_role: BTreeMap<PrincipalId, BTreeSet<Arc<str>>> = BTreeMap::new();
        for one in open.iter().filter(|one| one.outsider.kind == OutsiderKind::Account) {
            let is_it = inventory.principal(one.role).is_some_and(|principal| role.matches(&principal.arn));
            if is_it && trusts.matches(&one.outsider.name) {
                of_role.entry(one.role).or_default().insert(Arc::clone(&one.outsider.name));
            }
        }
        for (role, trusted) in of_role {
            // A second account is none that AWS made it trust.
            if !known.alone || trusted.len() == 1 {
                made.extend(trusted.into_iter().map(|name| (role, name)));
            }
        }
    }
    made
}
