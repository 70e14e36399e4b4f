//! What those can make of themselves, and of others, who have changed some policies first: a group that one joins may allow
//! to write any policy.

use super::guises::{Guises, Node};
use super::technique::{Asker, Edge, Gain, Gained, Technique};
use crate::access::Access;
use crate::inventory::PrincipalId;
use std::collections::BTreeSet;

/// An edge from guises to guises: who acts, whom they become, and whether each becomes a guise of itself.
pub(super) struct Further {
    pub actors: Vec<Node>,
    pub gained: Vec<(Node, Gained)>,
    pub edge: Edge,
    pub own: bool,
}

/// How guises with other policies become guises that may do everything.
pub(super) fn edges(real: &Asker<'_>, guises: &mut Guises) -> Vec<Further> {
    let changed = guises.with_other_policies();
    if changed.is_empty() {
        return Vec::new();
    }
    let inventory = real.inventory;
    let supposed = inventory.suppose(guises.all());
    let access = Access::new(&supposed.inventory);
    let asker = real.beside(&access);
    let guise_of = |id: &PrincipalId| supposed.guises.get(id.0 as usize).copied().flatten();
    let ids: BTreeSet<PrincipalId> =
        changed.iter().filter_map(|number| supposed.ids.get(*number as usize)).copied().collect();
    let among = access.classes_of(&ids);
    let all: BTreeSet<PrincipalId> = inventory.principal_ids().map(|(id, _)| id).collect();
    let mut found = Vec::new();
    let gives = |technique: &Technique| matches!(technique.gain, Gain::PrincipalWithEverything | Gain::Newcomer);
    let ask = |number: usize, technique: &Technique| match technique.is_own() {
        true => asker.own(number, &among),
        false => asker.edges(number, &all, &among),
    };
    for (technique, edges) in asker.each(gives, ask) {
        for mut edge in edges {
            edge.actors = edge.actors.iter().copied().filter(|id| ids.contains(id)).collect();
            let actors: Vec<u32> = edge.actors.iter().filter_map(guise_of).collect();
            let Some(base) = actors.first().and_then(|number| guises.base(*number)) else { continue };
            let mut gained = Vec::new();
            for one in edge.gained.iter() {
                let whom = one.principal.filter(|_| !technique.is_own()).unwrap_or(base);
                gained.extend(guises.of(real.access, technique.gain, whom).map(|node| (node, one.clone())));
            }
            // Who may do everything that its denies leave gains no more by being allowed it again.
            if technique.is_own() {
                gained.retain(|(node, _)| actors.iter().all(|number| guises.node(*number) != *node));
            }
            if gained.is_empty() {
                continue;
            }
            let actors = actors.into_iter().map(|number| guises.node(number)).collect();
            found.push(Further { actors, gained, edge, own: technique.is_own() });
        }
    }
    found
}
