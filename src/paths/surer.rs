//! Who surely becomes somebody who may do everything: what else can be made of the same somebody adds nothing.

use super::graph::Bundle;
use super::guises::Node;
use super::technique::{Change, Changing, Edge, Gain, Gained, count_denying};
use super::terms::Terms;
use crate::base::Certainty;
use crate::inventory::{DocumentId, Inventory, PrincipalId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who acts, in order, and under which terms.
type Who = (Arc<[PrincipalId]>, Terms);

/// Who surely becomes somebody who may do everything.
#[derive(Debug, Default)]
pub(super) struct Surer {
    /// Those who make somebody new, or become themselves without limit.
    everybody: BTreeSet<PrincipalId>,
    /// The same, where it depends on something: on what.
    depending: FxHashMap<PrincipalId, Vec<Terms>>,
    /// Who becomes somebody else.
    others: Vec<Who>,
    /// By whom one becomes: the positions of those who do.
    of: FxHashMap<PrincipalId, Vec<u32>>,
}

impl Surer {
    /// Somebody who may do everything within its boundary without becoming another, under these terms.
    pub fn add(&mut self, actor: PrincipalId, terms: &Terms) {
        if terms.certainty == Certainty::Certain {
            self.everybody.insert(actor);
        } else {
            self.depending.entry(actor).or_default().push(terms.clone());
        }
    }

    /// What an edge gives. `kept_back`: those to whom something is denied all the same.
    pub fn learn(&mut self, gain: Gain, edge: &Edge, kept_back: &dyn Fn(PrincipalId) -> bool) {
        match gain {
            Gain::Newcomer => edge.actors.iter().for_each(|actor| self.add(*actor, &edge.terms)),
            Gain::PrincipalWithEverything => {
                let Ok(number) = u32::try_from(self.others.len()) else { return };
                self.others.push((Arc::clone(&edge.actors), edge.terms.clone()));
                for whom in edge.gained.iter().filter_map(|gained| gained.principal).filter(|id| !kept_back(*id)) {
                    self.of.entry(whom).or_default().push(number);
                }
            }
            _ => {}
        }
    }

    /// Those who need nothing else.
    pub fn everybody(&self) -> &BTreeSet<PrincipalId> {
        &self.everybody
    }

    /// Whether somebody needs nothing else where these terms hold.
    pub fn has(&self, actor: PrincipalId, terms: &Terms) -> bool {
        self.everybody.contains(&actor)
            || self.depending.get(&actor).into_iter().flatten().any(|known| known.is_as_sure_as(terms))
    }

    /// What is left of the changes that an edge makes of others: of those who may all be brought into one group, or given one
    /// policy, the one who is denied least, for each boundary. What they may do as they are is gained without it.
    pub fn left(&self, inventory: &Inventory, edge: &Edge) -> Vec<Gained> {
        let mut left = Vec::new();
        let mut best: BTreeMap<(&Change, Option<DocumentId>), (usize, &Gained)> = BTreeMap::new();
        for gained in edge.gained.iter() {
            let Some(principal) = gained.principal.and_then(|id| inventory.principal(id)) else { continue };
            let Some(change) = gained.change.as_deref() else { continue };
            if gained.principal.is_some_and(|whom| self.is_gained(edge, whom)) {
                continue;
            }
            if !matches!(change.kind, Changing::JoinGroup | Changing::Attach) {
                left.push(gained.clone());
                continue;
            }
            let denied = count_denying(inventory, principal);
            let key = (change, principal.boundary.as_ref().map(|one| one.document));
            if best.get(&key).is_none_or(|(known, _)| denied < *known) {
                best.insert(key, (denied, gained));
            }
        }
        left.extend(best.into_values().map(|(_, gained)| gained.clone()));
        left
    }

    /// Of principals by whom the same become somebody who may do everything, the same.
    pub fn positions_of(&self, whom: PrincipalId) -> &[u32] {
        self.of.get(&whom).map_or(&[], Vec::as_slice)
    }

    /// Whether all who act become the same with everything, as surely as this.
    fn is_gained(&self, edge: &Edge, whom: PrincipalId) -> bool {
        let known = self.positions_of(whom).iter();
        known.filter_map(|number| self.others.get(*number as usize)).any(|(actors, terms)| {
            terms.is_as_sure_as(&edge.terms) && edge.actors.iter().all(|actor| actors.binary_search(actor).is_ok())
        })
    }
}

/// Whom some principals become as they are: what they become once they have other policies is told only where it is more.
pub(super) struct Already(FxHashMap<(Node, Node), Certainty>);

impl Already {
    pub fn new(bundles: &[Bundle], of: &FxHashSet<Node>) -> Already {
        let mut known = FxHashMap::default();
        for bundle in bundles.iter().filter(|bundle| bundle.own.is_empty()) {
            for actor in bundle.actors.iter().filter(|actor| of.contains(actor)) {
                for (whom, _) in bundle.gained.iter() {
                    let certainty = known.entry((*actor, *whom)).or_insert(bundle.terms.certainty);
                    *certainty = bundle.terms.certainty.min(*certainty);
                }
            }
        }
        Already(known)
    }

    /// Whether all of them become it as surely as this.
    pub fn covers(&self, actors: &[Node], whom: Node, certainty: Certainty) -> bool {
        actors
            .iter()
            .all(|actor| *actor == whom || self.0.get(&(*actor, whom)).is_some_and(|known| *known <= certainty))
    }
}
