//! What comes of several changes of one's own policies: who is denied something by two policies takes off both.
//!
//! Every combination is followed where somebody has few changes to make. Where there are more, those that only add to what
//! is allowed are made one after the other (a policy that denies nothing is attached, one that allows nothing is taken off):
//! whoever has made all of them may do whatever any choice of them gives. Then the others are combined. Where these are
//! too many as well, what they give is not known, and is told as such.

use super::guises::{Guises, Node};
use super::technique::{Asker, Change, Edge, Gain, Gained, Technique, denies};
use super::terms::Terms;
use crate::access::Access;
use crate::base::Certainty;
use crate::inventory::{Guise, Inventory, Principal, PrincipalId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many changes are combined in every way.
const FEW: usize = 4;
/// So many changes are made one after the other.
const ROUNDS: usize = 32;
/// So many guises are looked at.
const MOST: usize = 4_096;

/// The changes that each principal can make first, and what it is then.
#[derive(Default)]
pub(super) struct Freed(BTreeMap<PrincipalId, BTreeMap<Arc<Change>, Node>>);

/// A guise that becomes another by one more change.
pub(super) struct Step {
    pub actor: Node,
    pub guise: Node,
    pub gained: Gained,
    pub edge: Edge,
}

impl Freed {
    /// Some who become a guise by a change.
    pub fn note(&mut self, actors: &[Node], change: &Arc<Change>, guise: Node) {
        for actor in actors {
            self.0.entry(PrincipalId(actor.0)).or_default().insert(Arc::clone(change), guise);
        }
    }

    /// The changes that follow on others.
    pub fn steps(self, asker: &Asker<'_>, guises: &mut Guises) -> Vec<Step> {
        let (inventory, real) = (asker.inventory, asker.access);
        let mut frontier: BTreeSet<u32> = BTreeSet::new();
        for (id, changes) in &self.0 {
            let Some(principal) = inventory.principal(*id) else { continue };
            // Nothing is left to change for who has only one thing to take off, or to add.
            let denied = principal.policies.iter().filter(|one| denies(inventory, one.document)).count();
            if changes.len() > 1 || denied > 1 {
                let all: Vec<&Arc<Change>> = changes.keys().collect();
                // Where they are too many, the first of them stands for all.
                let chosen =
                    worth(inventory, principal, &all).unwrap_or_else(|| all.first().copied().into_iter().collect());
                let nodes = chosen.into_iter().filter_map(|change| changes.get(change));
                frontier.extend(nodes.filter_map(|node| guises.number(*node)));
            }
        }
        let mut steps = Vec::new();
        let before = guises.all().len();
        for _ in 0..ROUNDS {
            if frontier.is_empty() {
                break;
            }
            let numbers: Vec<u32> = frontier.iter().copied().collect();
            frontier = BTreeSet::new();
            for (number, changes) in options(asker, guises, &numbers) {
                let Some(principal) = guises.all().get(number as usize).map(|guise| guise.principal.clone()) else {
                    continue;
                };
                let all: Vec<&Arc<Change>> = changes.keys().collect();
                let chosen = worth(inventory, &principal, &all);
                let chosen = chosen.filter(|_| guises.all().len().saturating_sub(before) <= MOST);
                let Some(chosen) = chosen else {
                    steps.extend(changes.values().next().and_then(|one| unknown(real, guises, number, one)));
                    continue;
                };
                for (change, (gained, edge)) in chosen.into_iter().filter_map(|change| changes.get_key_value(change)) {
                    let next = u32::try_from(guises.all().len()).unwrap_or(u32::MAX);
                    let Some(guise) = guises.changed_further(real, number, change) else { continue };
                    frontier.extend(guises.number(guise).filter(|number| *number >= next));
                    steps.push(Step { actor: guises.node(number), guise, gained: gained.clone(), edge: edge.clone() });
                }
            }
        }
        steps
    }
}

/// The changes that guises can make of themselves.
fn options(real: &Asker<'_>, guises: &Guises, numbers: &[u32]) -> BTreeMap<u32, BTreeMap<Arc<Change>, (Gained, Edge)>> {
    let of: Vec<Guise> = numbers.iter().filter_map(|number| guises.all().get(*number as usize)).cloned().collect();
    let supposed = real.inventory.suppose_only(&of);
    let access = Access::new(&supposed.inventory);
    let asker = real.beside(&access);
    let ids: BTreeSet<PrincipalId> = supposed.ids.iter().copied().collect();
    let among = access.classes_of(&ids);
    let others = |id: PrincipalId| !ids.contains(&id);
    let mut found: BTreeMap<u32, BTreeMap<Arc<Change>, (Gained, Edge)>> = BTreeMap::new();
    for (_, edges) in asker.each(Technique::is_own, |number, _| asker.changes(number, &among, &others)) {
        for edge in edges {
            let Some(gained) = edge.gained.first() else { continue };
            let Some(change) = &gained.change else { continue };
            for actor in edge.actors.iter() {
                let at = supposed.guises.get(actor.0 as usize).copied().flatten();
                let Some(number) = at.and_then(|at| numbers.get(at as usize)) else { continue };
                let known = found.entry(*number).or_default();
                let surer = known.get(change).is_none_or(|(_, other)| edge.terms.certainty < other.terms.certainty);
                if surer {
                    known.insert(Arc::clone(change), (gained.clone(), edge.clone()));
                }
            }
        }
    }
    found
}

/// What is followed of the changes that somebody can make; `None`: they are too many.
fn worth<'c>(inventory: &Inventory, principal: &Principal, all: &[&'c Arc<Change>]) -> Option<Vec<&'c Arc<Change>>> {
    if all.len() <= FEW {
        return Some(all.to_vec());
    }
    let adding = all.iter().find(|change| change.only_adds(inventory, principal));
    adding.map(|change| vec![*change])
}

/// A guise of which nobody looked at all that it can make of itself.
fn unknown(real: &Access<'_>, guises: &mut Guises, number: u32, (gained, edge): &(Gained, Edge)) -> Option<Step> {
    let base = guises.base(number)?;
    let guise = guises.of(real, Gain::PrincipalWithEverything, base)?;
    let terms = Terms {
        certainty: Certainty::Unknown,
        conditions: ["if some choice of the changes that it can make of its policies gives that much".to_owned()]
            .into(),
    };
    let edge = Edge { terms: edge.terms.clone().and(terms), ..edge.clone() };
    Some(Step { actor: guises.node(number), guise, gained: gained.clone(), edge })
}
