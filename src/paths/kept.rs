//! What still denies something to those who may write themselves a policy that allows everything: a deny that they cannot
//! take off, because it denies that as well, or because a boundary or the organisation does.

use super::guises::Guises;
use super::technique::{Asker, Changing, Edge, Named, Technique, denies};
use crate::access::Access;
use crate::base::Glob;
use crate::iam::{Effect, Element, Statement};
use crate::inventory::{AccountId, Attachment, Controls, DocumentId, Guise, Inventory, Principal, PrincipalId};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// So many who are not alike are looked at; of more, all denies are taken to go.
const MOST: usize = 2_048;

/// Of these, those who keep a deny of their own once they have a policy that allows everything, with what denies it.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
pub(super) fn find(
    real: &Asker<'_>,
    guises: &mut Guises,
    whom: &BTreeSet<PrincipalId>,
) -> FxHashMap<PrincipalId, Vec<Attachment>> {
    let inventory = real.inventory;
    let denying = |one: &Attachment| denies(inventory, one.document);
    let mut controls = Freedom::default();
    let mut classes: Vec<(Guise, Vec<PrincipalId>)> = Vec::new();
    let mut known = FxHashMap::default();
    for id in whom {
        let Some(principal) = inventory.principal(*id).filter(|known| known.policies.iter().any(denying)) else {
            continue;
        };
        if controls.leave_free(inventory, principal) {
            continue;
        }
        let key = guises.class_of(real.access, *id, principal);
        let at = *known.entry(key).or_insert(classes.len());
        match classes.get_mut(at) {
            Some((_, members)) => members.push(*id),
            None => {
                let mut principal = principal.clone();
                principal.policies.retain(denying);
                classes.push((Guise { principal, everything: true }, vec![*id]));
            }
        }
    }
    if classes.len() > MOST {
        return FxHashMap::default();
    }
    // The plainest first: hardly anybody is left then.
    for plain in [true, false] {
        let left = |(at, (guise, _)): (usize, &(Guise, _))| (!guise.principal.policies.is_empty()).then_some(at);
        let mut open: BTreeSet<usize> = classes.iter().enumerate().filter_map(left).collect();
        while !open.is_empty() {
            let asked: Vec<usize> = std::mem::take(&mut open).into_iter().collect();
            let of = asked.iter().filter_map(|at| classes.get(*at)).map(|(guise, _)| guise.clone());
            for (at, number, edge) in removals(real, &of.collect::<Vec<_>>(), plain) {
                let place = asked.get(at).copied();
                let Some((place, (guise, _))) = place.and_then(|at| Some((at, classes.get_mut(at)?))) else { continue };
                let Some(technique) = real.techniques.get(number) else { continue };
                let before = guise.principal.policies.len();
                take_off(inventory, technique, &edge, guise);
                if guise.principal.policies.len() < before && !guise.principal.policies.is_empty() {
                    open.insert(place);
                }
            }
        }
    }
    let left = classes.into_iter().filter(|(guise, _)| !guise.principal.policies.is_empty());
    left.flat_map(|(guise, members)| members.into_iter().map(move |id| (id, guise.principal.policies.clone())))
        .collect()
}

/// What guises can do to their own policies: the guise, the technique, and the edge. `plain`: by what takes off as a whole
/// what is theirs alone, or leaves what they share.
fn removals(real: &Asker<'_>, of: &[Guise], plain: bool) -> Vec<(usize, usize, Edge)> {
    let supposed = real.inventory.suppose_only(of);
    let access = Access::new(&supposed.inventory);
    let asker = real.beside(&access);
    let ids: BTreeSet<PrincipalId> = supposed.ids.iter().copied().collect();
    let among = access.classes_of(&ids);
    let others = |id: PrincipalId| !ids.contains(&id);
    let ask = |number: usize, technique: &Technique| match technique.change {
        Some(_) => asker.changes(number, &among, &others),
        None => asker.own(number, &among),
    };
    let takes_off = |technique: &Technique| {
        let adds = matches!(technique.change, Some(Changing::JoinGroup | Changing::Attach | Changing::AttachToGroup));
        let is_plain =
            matches!(technique.change, Some(Changing::Detach | Changing::LeaveGroup | Changing::DeleteInline));
        technique.is_own() && !adds && (!plain || is_plain)
    };
    let mut found = Vec::new();
    for (_, edges) in asker.each(takes_off, ask) {
        for edge in edges {
            for actor in edge.actors.iter() {
                if let Some(at) = supposed.guises.get(actor.0 as usize).copied().flatten() {
                    found.push((at as usize, edge.technique, edge.clone()));
                }
            }
        }
    }
    found
}

/// Leaves out of a guise the denies that it takes off by a technique.
fn take_off(inventory: &Inventory, technique: &Technique, edge: &Edge, guise: &mut Guise) {
    let Some(gained) = edge.gained.first() else { return };
    let principal = &mut guise.principal;
    if let Some(change) = &gained.change {
        if let Some((policies, _)) = change.of(inventory, principal) {
            principal.policies = policies.into_iter().filter(|one| denies(inventory, one.document)).collect();
        }
        return;
    }
    for (need, on) in technique.needs.iter().zip(gained.on.iter()) {
        let is_inline = |one: &Attachment| !one.name.starts_with("arn:");
        match (&need.on, &*need.action) {
            // A policy of the same name replaces the one that denies it.
            (Named::Principal, "iam:PutUserPolicy" | "iam:PutRolePolicy") => {
                principal.policies.retain(|one| one.through.is_some() || !is_inline(one));
            }
            (Named::OwnGroup, "iam:PutGroupPolicy") => {
                principal.policies.retain(|one| one.through.as_ref() != Some(on) || !is_inline(one));
            }
            (Named::OwnPolicy, _) => principal.policies.retain(|one| one.name != *on),
            _ => {}
        }
    }
}

/// What takes a policy off, in its plainest form: in lower case.
const TAKES_OFF: [&str; 7] = [
    "iam:deletegrouppolicy",
    "iam:deleterolepolicy",
    "iam:deleteuserpolicy",
    "iam:detachgrouppolicy",
    "iam:detachrolepolicy",
    "iam:detachuserpolicy",
    "iam:removeuserfromgroup",
];

/// Who is surely kept from taking no policy off, by what was found of documents and accounts.
#[derive(Default)]
struct Freedom {
    silent: FxHashMap<DocumentId, bool>,
    accounts: FxHashMap<AccountId, bool>,
}

impl Freedom {
    /// Whether nothing keeps somebody who is allowed everything from taking all its policies off: no deny speaks of that,
    /// there is no boundary, and the organisation lets everything through.
    fn leave_free(&mut self, inventory: &Inventory, principal: &Principal) -> bool {
        principal.boundary.is_none()
            && principal.policies.iter().all(|one| self.is_silent(inventory, one.document))
            && self.is_open(inventory, principal.account)
    }

    /// Whether no deny of a document speaks of taking policies off.
    fn is_silent(&mut self, inventory: &Inventory, id: DocumentId) -> bool {
        *self.silent.entry(id).or_insert_with(|| {
            let Some(policy) = inventory.document(id).and_then(|document| document.policy.as_ref()) else {
                return false;
            };
            let speaks = |statement: &Statement| {
                statement.effect == Effect::Deny
                    && (statement.action.negated
                        || statement.action.values.iter().any(|pattern| {
                            let glob = Glob::new(&pattern.to_ascii_lowercase());
                            TAKES_OFF.iter().any(|action| glob.matches(action))
                        }))
            };
            !policy.statements.iter().any(speaks)
        })
    }

    /// Whether the organisation's policies over an account, where they were read, allow everything and deny none of it.
    fn is_open(&mut self, inventory: &Inventory, id: AccountId) -> bool {
        if let Some(known) = self.accounts.get(&id) {
            return *known;
        }
        let open = match inventory.account(id).map(|account| &account.controls) {
            Some(Controls::Levels { scps, .. }) => scps.iter().all(|level| {
                level.iter().any(|one| allows_everything(inventory, one.document))
                    && level.iter().all(|one| self.is_silent(inventory, one.document))
            }),
            _ => true,
        };
        self.accounts.insert(id, open);
        open
    }
}

/// Whether a document has a statement that allows everything.
fn allows_everything(inventory: &Inventory, id: DocumentId) -> bool {
    let policy = inventory.document(id).and_then(|document| document.policy.as_ref());
    let all = |element: &Element<String>| !element.negated && element.values.iter().any(|value| value == "*");
    policy.into_iter().flat_map(|policy| &policy.statements).any(|one| {
        let resources = one.resource.as_ref().is_none_or(all);
        one.effect == Effect::Allow && all(&one.action) && resources && one.conditions.is_empty()
    })
}
