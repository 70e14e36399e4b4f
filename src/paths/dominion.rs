//! Who can have everything of an account anyway: it needs no technique that gives less there.
//!
//! Somebody who may do everything within the organisation's policies, and has no boundary, can take over every principal
//! of the account over whom these rule alike.

use super::guises::{Guises, Ruled};
use super::technique::Edge;
use super::terms::Terms;
use crate::access::Access;
use crate::inventory::PrincipalId;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Who can have everything, where, and under which terms.
#[derive(Default)]
pub(super) struct Dominion(FxHashMap<PrincipalId, Vec<(Ruled, Terms)>>);

impl Dominion {
    /// Notes those whom an edge gives everything that a principal without a boundary may have.
    pub fn note(&mut self, access: &Access<'_>, guises: &Guises, edge: &Edge) {
        let unbound = edge.gained.iter().filter_map(|gained| gained.principal).filter(|id| {
            let known = access.inventory().principal(*id);
            known.is_some_and(|known| known.boundary.is_none())
        });
        let ruled: BTreeSet<Ruled> = unbound.filter_map(|id| guises.ruled(access, id)).collect();
        for (actor, ruled) in edge.actors.iter().flat_map(|actor| ruled.iter().map(move |ruled| (actor, ruled))) {
            let known = self.0.entry(*actor).or_default();
            if !known.iter().any(|(where_known, terms)| where_known == ruled && terms.is_as_sure_as(&edge.terms)) {
                known.push((ruled.clone(), edge.terms.clone()));
            }
        }
    }

    /// Leaves out of edges those who can have everything where the edge leads, as surely and under no more conditions.
    pub fn spare(&self, access: &Access<'_>, guises: &Guises, edges: &mut Vec<Edge>) {
        if self.0.is_empty() {
            return;
        }
        for edge in edges.iter_mut() {
            let gained = || edge.gained.iter().filter_map(|gained| gained.principal);
            // Own policies are changed by whoever acts.
            let own = gained().next().is_none();
            let ruled: Option<BTreeSet<Ruled>> = gained().map(|id| guises.ruled(access, id)).collect();
            let Some(ruled) = ruled else { continue };
            let has_all = |actor: &PrincipalId| {
                let Some(known) = self.0.get(actor) else { return false };
                let has =
                    |ruled: &Ruled| known.iter().any(|(at, terms)| at == ruled && terms.is_as_sure_as(&edge.terms));
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
        let is_certain = |(actor, known): &(&PrincipalId, &Vec<(Ruled, Terms)>)| {
            let own = guises.ruled(access, **actor);
            known.iter().any(|(at, terms)| Some(at) == own.as_ref() && *terms == Terms::default())
        };
        self.0.iter().filter(is_certain).map(|(actor, _)| *actor).collect()
    }
}
