//! Who can become whom.
//!
//! Nodes are principals, guises (a principal with a policy that allows everything, without its boundary, or newly made) and
//! outsiders. Edges are kept as bundles: all who can use a technique in the same way, and all whom they become by it. Only
//! those are followed whom it is worth to become: the closure begins with them and goes backwards.

use super::guises::{Guises, Node};
use super::outsiders::{self, Outsider};
use super::technique::{Asker, Edge, Gain, Gained, Technique, Through};
use super::terms::Terms;
use super::way::Actor;
use crate::access::Access;
use crate::base::Certainty;
use crate::engine::Verdict;
use crate::inventory::{Inventory, PrincipalId, Supposed};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All who can use a technique in the same way, and all whom they become.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    /// By position; `None`: an outsider whom a trust policy lets in.
    pub technique: Option<usize>,
    /// Ascending.
    pub actors: Vec<Node>,
    /// Whom they become, and what the requests name.
    pub gained: Vec<(Node, Gained)>,
    /// Where each actor becomes a guise of itself: what its own requests name.
    pub own: BTreeMap<Node, Box<[Arc<str>]>>,
    pub terms: Terms,
    pub verdicts: Vec<Verdict>,
}

/// Who can become whom.
pub struct Graph<'a> {
    pub(super) access: &'a Access<'a>,
    pub(super) techniques: &'a [Technique],
    pub(super) guises: Guises,
    pub(super) supposed: Supposed,
    pub(super) outsiders: Vec<Outsider>,
    pub(super) bundles: Vec<Bundle>,
    /// For each bundle, the number of its terms: bundles of the same terms have the same.
    terms_numbers: Vec<u32>,
    /// For each node, the bundles in which it acts.
    of_actor: Vec<Vec<u32>>,
    /// Roles that are there to be taken on by those whom they trust: that is not followed.
    pub(super) spared: BTreeSet<PrincipalId>,
}

impl<'a> Graph<'a> {
    /// Finds who can become one of some principals, or somebody who may do everything.
    pub fn new(access: &'a Access<'a>, techniques: &'a [Technique], wanted: &BTreeSet<PrincipalId>) -> Graph<'a> {
        let inventory = access.inventory();
        let mut guises = Guises::new(inventory);
        let asker = Asker::new(inventory, access, techniques);
        let everybody = access.classes_beside(&BTreeSet::new());
        let mut bundles = Bundles::default();

        // Those who give themselves more rights.
        let mut best: BTreeMap<(PrincipalId, Gain), Edge> = BTreeMap::new();
        for (number, technique) in techniques.iter().enumerate() {
            for edge in asker.own(number, &everybody) {
                let Some(actor) = edge.actors.first() else { continue };
                let key = (*actor, technique.gain);
                if best.get(&key).is_none_or(|known| rank(&edge) < rank(known)) {
                    best.insert(key, edge);
                }
            }
        }
        let mut wanted = wanted.clone();
        // Whoever may do everything already is followed as such.
        let mut masters: BTreeSet<PrincipalId> = BTreeSet::new();
        // Whoever may do everything within its boundary needs no other policies.
        let mut unbound: BTreeSet<PrincipalId> = BTreeSet::new();
        for ((actor, gain), edge) in best {
            let Some(node) = guises.of(inventory, gain, actor) else { continue };
            let has_boundary = inventory.principal(actor).is_some_and(|known| known.boundary.is_some());
            if gain == Gain::PrincipalWithEverything && edge.terms.certainty == Certainty::Certain && !has_boundary {
                masters.insert(actor);
            }
            if gain == Gain::PrincipalWithEverything && edge.terms.certainty == Certainty::Certain {
                unbound.insert(actor);
            }
            wanted.insert(actor);
            bundles.own(Node::of(actor), node, edge);
        }
        let bound = access.classes_beside(&unbound);
        for number in 0..techniques.len() {
            for edge in asker.changes(number, &bound, &|id| unbound.contains(&id)) {
                let Some(gained) = edge.gained.first() else { continue };
                let Some(change) = gained.change.as_deref() else { continue };
                let mut by_guise: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
                for actor in &edge.actors {
                    if let Some(guise) = guises.changed(inventory, *actor, change) {
                        by_guise.entry(guise).or_default().push(Node::of(*actor));
                    }
                }
                for (guise, actors) in by_guise {
                    wanted.extend(actors.iter().map(|node| PrincipalId(node.0)));
                    bundles.changed(actors, guise, gained.clone(), &edge);
                }
            }
        }
        let others = access.classes_beside(&masters);
        let all: BTreeSet<PrincipalId> = inventory.principal_ids().map(|(id, _)| id).collect();
        for (number, technique) in techniques.iter().enumerate() {
            if technique.is_own() || technique.gain == Gain::Principal {
                continue;
            }
            for edge in asker.edges(number, &all, &others) {
                wanted.extend(&edge.actors);
                for (node, gained) in nodes(&mut guises, access, technique.gain, &edge) {
                    bundles.add(edge.actors.iter().map(|id| Node::of(*id)).collect(), node, gained, &edge);
                }
            }
        }

        // Those who become somebody whom it is worth to become, and those who become them.
        let mut reached = wanted.clone();
        let mut frontier = wanted;
        while !frontier.is_empty() {
            let mut next = BTreeSet::new();
            for (number, technique) in techniques.iter().enumerate() {
                if technique.gain != Gain::Principal {
                    continue;
                }
                let by_trust = technique.needs.iter().any(|need| super::chains(&need.action));
                for edge in asker.edges(number, &frontier, if by_trust { &everybody } else { &others }) {
                    next.extend(edge.actors.iter().copied().filter(|id| !reached.contains(id)));
                    bundles.principals(&edge, Node::of);
                }
            }
            reached.extend(&next);
            frontier = next;
        }

        // What those can become who have other rights than they have now.
        let supposed = inventory.suppose(guises.all());
        if !guises.all().is_empty() {
            let actors = Access::new(&supposed.inventory);
            let asker = Asker::new(inventory, &actors, techniques);
            let ids: BTreeSet<PrincipalId> = supposed.ids.iter().copied().collect();
            let among = actors.classes_of(&ids);
            let all_powerful = guises.all().iter().all(|guise| guise.everything);
            for (number, technique) in techniques.iter().enumerate() {
                // Whoever may do everything needs no role to be passed.
                let direct = matches!(technique.through, Through::User | Through::Role);
                if technique.gain != Gain::Principal || (all_powerful && !direct) {
                    continue;
                }
                for mut edge in asker.edges(number, &reached, &among) {
                    edge.actors.retain(|id| ids.contains(id));
                    let node = |id: PrincipalId| {
                        let guise = supposed.guises.get(id.0 as usize).copied().flatten();
                        guise.map_or(Node::of(id), |number| guises.node(number))
                    };
                    bundles.guises(&edge, node);
                }
            }
        }

        let mut outsiders: Vec<Outsider> = Vec::new();
        for entry in outsiders::entries(access, &reached) {
            let at = match outsiders.iter().position(|known| *known == entry.outsider) {
                Some(at) => at,
                None => {
                    outsiders.push(entry.outsider.clone());
                    outsiders.len().saturating_sub(1)
                }
            };
            let node = guises.outsider(u32::try_from(at).unwrap_or(u32::MAX));
            bundles.0.push(Bundle {
                technique: None,
                actors: vec![node],
                gained: vec![(
                    Node::of(entry.role),
                    Gained { principal: Some(entry.role), resource: None, on: Box::default(), change: None },
                )],
                own: BTreeMap::new(),
                terms: entry.terms,
                verdicts: vec![entry.verdict],
            });
        }
        let nodes = guises.count().saturating_add(outsiders.len());
        let mut of_actor: Vec<Vec<u32>> = vec![Vec::new(); nodes];
        for (number, bundle) in (0u32..).zip(&bundles.0) {
            for actor in &bundle.actors {
                if let Some(known) = of_actor.get_mut(actor.0 as usize) {
                    known.push(number);
                }
            }
        }
        let mut known: FxHashMap<&Terms, u32> = FxHashMap::default();
        let terms_numbers = bundles.0.iter().map(|bundle| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(&bundle.terms).or_insert(next)
        });
        let terms_numbers = terms_numbers.collect();
        let spared = BTreeSet::new();
        let bundles = bundles.0;
        Graph { access, techniques, guises, supposed, outsiders, bundles, terms_numbers, of_actor, spared }
    }

    /// The same, but taking on one of these roles, by those whom they trust, is not followed.
    #[must_use]
    pub fn sparing(mut self, roles: BTreeSet<PrincipalId>) -> Graph<'a> {
        self.spared = roles;
        self
    }

    /// The inventory of guises: principals as they would be once they have changed their own rights, or are newly made.
    pub fn supposed(&self) -> &Inventory {
        &self.supposed.inventory
    }

    /// Where a guise is in the inventory of guises; `None`: it is none that is followed.
    pub fn as_supposed(&self, guise: Actor) -> Option<PrincipalId> {
        let number = self.guises.number(self.node_of(guise)?)?;
        self.supposed.ids.get(number as usize).copied()
    }

    /// Guises with other policies, and where each is in the inventory of guises.
    pub fn changed(&self) -> impl Iterator<Item = (Actor, PrincipalId)> {
        let all = (0u32..).zip(&self.supposed.ids);
        let actors = all.map(|(number, id)| (self.guises.actor(self.guises.node(number), None), *id));
        actors.filter(|(actor, _)| matches!(actor, Actor::Changed(..)))
    }

    /// A guise as it was first found: others may have become the same.
    pub fn as_first(&self, guise: Actor) -> Option<Actor> {
        Some(self.guises.actor(self.node_of(guise)?, None))
    }

    /// Those whom the snapshot does not hold and who may take on a role that leads somewhere.
    pub fn outsiders(&self) -> &[Outsider] {
        &self.outsiders
    }

    /// Whether a bundle makes somebody a role that is there to be taken on, by nothing but its trust.
    pub(super) fn is_spared(&self, bundle: &Bundle, gained: &Gained) -> bool {
        let by_trust = match bundle.technique.and_then(|number| self.techniques.get(number)) {
            Some(technique) => technique.needs.iter().all(|need| super::chains(&need.action)),
            None => true,
        };
        by_trust && gained.principal.is_some_and(|id| self.spared.contains(&id))
    }

    /// The bundles in which a node acts.
    pub(super) fn bundles_of(&self, node: Node) -> impl Iterator<Item = (u32, &Bundle)> {
        let numbers = self.of_actor.get(node.0 as usize).map_or(&[] as &[u32], Vec::as_slice);
        numbers.iter().filter_map(|number| Some((*number, self.bundles.get(*number as usize)?)))
    }

    /// The number of a bundle's terms.
    pub(super) fn terms_number(&self, bundle: u32) -> u32 {
        self.terms_numbers.get(bundle as usize).copied().unwrap_or(u32::MAX)
    }

    /// The numbers of the bundles in which a node acts.
    pub(super) fn numbers_of(&self, node: Node) -> &[u32] {
        self.of_actor.get(node.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// How many nodes there are.
    pub(super) fn count(&self) -> usize {
        self.of_actor.len()
    }
}

fn rank(edge: &Edge) -> (Certainty, usize, usize) {
    (edge.terms.certainty, edge.terms.conditions.len(), edge.technique)
}

/// The guises that an edge leads to.
fn nodes(guises: &mut Guises, access: &Access<'_>, gain: Gain, edge: &Edge) -> Vec<(Node, Gained)> {
    let inventory = access.inventory();
    let mut found = Vec::new();
    for gained in &edge.gained {
        let base = gained.principal.or_else(|| edge.actors.first().copied());
        let node = base.and_then(|base| match &gained.change {
            Some(change) => guises.changed(inventory, base, change),
            None => guises.of(inventory, gain, base),
        });
        if let Some(node) = node {
            found.push((node, gained.clone()));
        }
    }
    found
}

/// Bundles as they are found.
#[derive(Default)]
struct Bundles(Vec<Bundle>);

impl Bundles {
    /// One who becomes a guise of itself. Those who do it in the same way go together.
    fn own(&mut self, actor: Node, guise: Node, edge: Edge) {
        let on = edge.gained.into_iter().next().map(|gained| gained.on).unwrap_or_default();
        let same = |known: &&mut Bundle| {
            known.technique == Some(edge.technique)
                && known.gained.first().is_some_and(|(node, _)| *node == guise)
                && known.terms == edge.terms
                && known.verdicts == edge.verdicts
        };
        if let Some(known) = self.0.iter_mut().rev().take(64).find(same) {
            known.actors.push(actor);
            known.own.insert(actor, on);
            return;
        }
        self.0.push(Bundle {
            technique: Some(edge.technique),
            actors: vec![actor],
            gained: vec![(guise, Gained { principal: None, resource: None, on: Box::default(), change: None })],
            own: BTreeMap::from([(actor, on)]),
            terms: edge.terms,
            verdicts: edge.verdicts,
        });
    }

    /// Some who become guises of themselves by one change of what they share.
    fn changed(&mut self, actors: Vec<Node>, guise: Node, gained: Gained, edge: &Edge) {
        let own = actors.iter().map(|actor| (*actor, gained.on.clone())).collect();
        self.0.push(Bundle {
            technique: Some(edge.technique),
            actors,
            gained: vec![(guise, gained)],
            own,
            terms: edge.terms.clone(),
            verdicts: edge.verdicts.clone(),
        });
    }

    fn add(&mut self, actors: Vec<Node>, node: Node, gained: Gained, edge: &Edge) {
        self.0.push(Bundle {
            technique: Some(edge.technique),
            actors,
            gained: vec![(node, gained)],
            own: BTreeMap::new(),
            terms: edge.terms.clone(),
            verdicts: edge.verdicts.clone(),
        });
    }

    fn principals(&mut self, edge: &Edge, node: impl Fn(PrincipalId) -> Node) {
        let gained = edge.gained.iter().filter_map(|gained| Some((Node::of(gained.principal?), gained.clone())));
        self.0.push(Bundle {
            technique: Some(edge.technique),
            actors: edge.actors.iter().map(|id| node(*id)).collect(),
            gained: gained.collect(),
            own: BTreeMap::new(),
            terms: edge.terms.clone(),
            verdicts: edge.verdicts.clone(),
        });
    }

    fn guises(&mut self, edge: &Edge, node: impl Fn(PrincipalId) -> Node) {
        if !edge.actors.is_empty() {
            self.principals(edge, node);
        }
    }
}
