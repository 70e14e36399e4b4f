//! Who can have everything of an account anyway: it needs no technique that gives less there.
//!
//! Somebody who may do everything within the organisation's policies, and has no boundary, can take over every principal
//! of the account over whom these rule alike.

use super::guises::{Guises, Ruled};
use super::technique::{Edge, Gained};
use super::terms::Terms;
use crate::access::Access;
use crate::inventory::PrincipalId;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who can have everything, where, and under which terms.
#[derive(Default)]
pub(super) struct Dominion {
    /// Where, and under which terms.
    all: Vec<(Arc<BTreeSet<Ruled>>, Terms)>,
    /// The positions of everybody's.
    of: FxHashMap<PrincipalId, Vec<u32>>,
}

impl Dominion {
    /// Notes those whom edges give everything that a principal without a boundary may have.
    pub fn note(&mut self, access: &Access<'_>, guises: &Guises, edges: &[Edge]) {
        let mut known: FxHashMap<*const Gained, Arc<BTreeSet<Ruled>>> = FxHashMap::default();
        for edge in edges {
            let ruled = known.entry(edge.gained.as_ptr()).or_insert_with(|| {
                let unbound = edge.gained.iter().filter_map(|gained| gained.principal).filter(|id| {
                    let known = access.inventory().principal(*id);
                    known.is_some_and(|known| known.boundary.is_none()) && !guises.is_kept_back(*id)
                });
                Arc::new(unbound.filter_map(|id| guises.ruled(access, id)).collect())
            });
            if ruled.is_empty() {
                continue;
            }
            let Ok(number) = u32::try_from(self.all.len()) else { return };
            self.all.push((Arc::clone(ruled), edge.terms.clone()));
            for actor in edge.actors.iter() {
                let own = self.of.entry(*actor).or_default();
                let is_held = |known: &u32| {
                    let held = self.all.get(*known as usize);
                    held.is_some_and(|(at, terms)| terms.is_as_sure_as(&edge.terms) && ruled.is_subset(at))
                };
                if !own.iter().any(is_held) {
                    own.push(number);
                }
            }
        }
    }

    fn of(&self, actor: PrincipalId) -> impl Iterator<Item = &(Arc<BTreeSet<Ruled>>, Terms)> {
        self.of.get(&actor).into_iter().flatten().filter_map(|number| self.all.get(*number as usize))
    }

    /// Leaves out of edges those who can have everything where the edge leads, as surely and under no more conditions.
    pub fn spare(&self, access: &Access<'_>, guises: &Guises, edges: &mut Vec<Edge>) {
        if self.of.is_empty() {
            return;
        }
        let mut known: FxHashMap<*const Gained, Option<BTreeSet<Ruled>>> = FxHashMap::default();
        for edge in edges.iter_mut() {
            let gained = || edge.gained.iter().filter_map(|gained| gained.principal);
            // Own policies are changed by whoever acts.
            let own = gained().next().is_none();
            let ruled = known
                .entry(edge.gained.as_ptr())
                .or_insert_with(|| gained().map(|id| guises.ruled(access, id)).collect());
            let Some(ruled) = ruled else { continue };
            let has_all = |actor: &PrincipalId| {
                let has = |ruled: &Ruled| {
                    self.of(*actor).any(|(at, terms)| at.contains(ruled) && terms.is_as_sure_as(&edge.terms))
                };
                if own { guises.ruled(access, *actor).is_some_and(|ruled| has(&ruled)) } else { ruled.iter().all(has) }
            };
            if edge.actors.iter().any(has_all) {
                edge.actors = edge.actors.iter().copied().filter(|actor| !has_all(actor)).collect();
            }
        }
        edges.retain(|edge| !edge.actors.is_empty());
    }

    /// Those who can have everything where they are themselves, whatever happens.
    pub fn certain(&self, access: &Access<'_>, guises: &Guises) -> BTreeSet<PrincipalId> {
        let is_certain = |actor: &PrincipalId| {
            let own = guises.ruled(access, *actor);
            let nothing_asked = Terms::default();
            own.is_some_and(|own| self.of(*actor).any(|(at, terms)| *terms == nothing_asked && at.contains(&own)))
        };
        self.of.keys().copied().filter(is_certain).collect()
    }
}
