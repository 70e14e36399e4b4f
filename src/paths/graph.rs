//! Who can become whom.
//!
//! Nodes are principals, guises (a principal with a policy that allows everything, without its boundary, or newly made) and
//! outsiders. Edges are kept as bundles: all who can use a technique in the same way, and all whom they become by it. Only
//! those are followed whom it is worth to become: the closure begins with them and goes backwards.

use super::dominion::Dominion;
use super::freed::Freed;
use super::further;
use super::guises::{Guises, Node, Ruled};
use super::kept;
use super::outsiders::{self, Outsider};
use super::surer::{Already, Surer};
use super::technique::{Asker, Edge, Gain, Gained, Technique, Through};
use super::terms::Terms;
use super::way::Actor;
use crate::access::Access;
use crate::base::Certainty;
use crate::engine::Verdict;
use crate::inventory::{Guise, Inventory, PrincipalId, PrincipalKind, Supposed};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::Arc;

/// All who can use a technique in the same way, and all whom they become.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    /// By position; `None`: an outsider whom a trust policy lets in.
    pub technique: Option<usize>,
    /// Ascending.
    pub actors: Arc<[Node]>,
    /// Whom they become, and what the requests name.
    pub gained: Arc<[(Node, Gained)]>,
    /// Where each actor becomes a guise of itself: what its own requests name.
    pub own: BTreeMap<Node, Box<[Arc<str>]>>,
    pub terms: Terms,
    pub verdicts: Vec<Verdict>,
}

/// For each bundle, those whom it gains and who are worth a step, by position.
#[derive(Debug, Default)]
pub(super) struct Firsts(Vec<Arc<[u32]>>);

impl Firsts {
    pub fn of(&self, bundle: u32) -> &[u32] {
        self.0.get(bundle as usize).map_or(&[], |all| all)
    }
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
        let asker = Asker::new(access, techniques);
        let everybody = access.classes_beside(&BTreeSet::new());
        let mut bundles = Bundles::default();

        // Those who give themselves more rights.
        let mut best: BTreeMap<(PrincipalId, Gain), Edge> = BTreeMap::new();
        for (technique, edges) in asker.each(Technique::is_own, |number, _| asker.own(number, &everybody)) {
            for edge in edges {
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
        let mut surer = Surer::default();
        let all_powerful = best.keys().filter(|(_, gain)| *gain == Gain::PrincipalWithEverything).map(|(id, _)| *id);
        let kept = kept::find(&asker, &mut guises, &all_powerful.collect());
        guises.keep(kept);
        for ((actor, gain), edge) in best {
            let Some(node) = guises.of(access, gain, actor) else { continue };
            let has_boundary = inventory.principal(actor).is_some_and(|known| known.boundary.is_some());
            let everything = gain == Gain::PrincipalWithEverything && !guises.is_kept_back(actor);
            if everything && edge.terms.certainty == Certainty::Certain && !has_boundary {
                masters.insert(actor);
            }
            if everything {
                surer.add(actor, &edge.terms);
            }
            wanted.insert(actor);
            bundles.own(Node::of(actor), node, edge);
        }
        let others = access.classes_beside(&masters);
        let all: BTreeSet<PrincipalId> = inventory.principal_ids().map(|(id, _)| id).collect();
        let mut dominion = Dominion::default();
        let by_gain = |technique: &Technique, changes: bool| {
            !technique.is_own() && technique.gain != Gain::Principal && technique.change.is_some() == changes
        };
        let gains_all = |technique: &Technique| by_gain(technique, false);
        let asked: Vec<_> = asker.each(gains_all, |number, _| asker.edges(number, &all, &others)).collect();
        let all_powerful = asked.iter().filter(|(technique, _)| technique.gain == Gain::PrincipalWithEverything);
        let whom = all_powerful.flat_map(|(_, edges)| edges).flat_map(|edge| edge.gained.iter());
        let whom: BTreeSet<PrincipalId> = whom.filter_map(|gained| gained.principal).collect();
        let kept = kept::find(&asker, &mut guises, &whom);
        guises.keep(kept);
        for (technique, edges) in asked {
            wanted.extend(edges.iter().flat_map(|edge| edge.actors.iter()));
            edges.iter().for_each(|edge| surer.learn(technique.gain, edge, &|id| guises.is_kept_back(id)));
            if technique.gain == Gain::PrincipalWithEverything {
                dominion.note(access, &guises, &edges);
            }
            bundles.add(&edges, &mut Node::of, &mut |edge| nodes(&mut guises, access, technique.gain, edge));
        }
        let mut certain = dominion.certain(access, &guises);
        certain.extend(&masters);
        let lesser = access.classes_beside(&certain);
        let changes = |technique: &Technique| by_gain(technique, true);
        // Of those who can be brought into a group one is enough, where nothing that follows tells them apart.
        let mut kinds: FxHashMap<(&[u32], Option<Ruled>), u32> = FxHashMap::default();
        let kind_of: FxHashMap<PrincipalId, u32> = inventory
            .principal_ids()
            .filter(|(_, known)| known.kind == PrincipalKind::User)
            .map(|(id, _)| {
                let next = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
                (id, *kinds.entry((surer.positions_of(id), guises.ruled(access, id))).or_insert(next))
            })
            .collect();
        let apart = |id: PrincipalId| kind_of.get(&id).copied();
        let ask = |number, _: &Technique| asker.changes_of_others(number, &all, &lesser, &apart);
        for (technique, mut edges) in asker.each(changes, ask) {
            dominion.spare(access, &guises, &mut edges);
            for edge in &mut edges {
                edge.actors = edge.actors.iter().copied().filter(|id| !surer.has(*id, &edge.terms)).collect();
                edge.gained = surer.left(inventory, edge).into();
            }
            edges.retain(|edge| !edge.actors.is_empty() && !edge.gained.is_empty());
            wanted.extend(edges.iter().flat_map(|edge| edge.actors.iter()));
            bundles.add(&edges, &mut Node::of, &mut |edge| nodes(&mut guises, access, technique.gain, edge));
        }
        let able = surer.everybody().clone();
        let bound = access.classes_beside(&able);
        let spared = |id: PrincipalId| able.contains(&id);
        let mut freed = Freed::default();
        for (_, mut edges) in asker.each(Technique::is_own, |number, _| asker.changes(number, &bound, &spared)) {
            dominion.spare(access, &guises, &mut edges);
            for edge in edges {
                let Some(gained) = edge.gained.first() else { continue };
                let Some(change) = gained.change.as_deref() else { continue };
                let mut by_guise: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
                for actor in edge.actors.iter().filter(|actor| !surer.has(**actor, &edge.terms)) {
                    if let Some(guise) = guises.changed(access, *actor, change) {
                        by_guise.entry(guise).or_default().push(Node::of(*actor));
                    }
                }
                for (guise, actors) in by_guise {
                    wanted.extend(actors.iter().map(|node| PrincipalId(node.0)));
                    if let Some(change) = &gained.change {
                        freed.note(&actors, change, guise);
                    }
                    bundles.changed(actors, guise, gained.clone(), &edge);
                }
            }
        }
        for step in freed.steps(&asker, &mut guises) {
            bundles.changed(vec![step.actor], step.guise, step.gained, &step.edge);
        }
        for further in further::edges(&asker, &mut guises) {
            match (further.own, further.actors.as_slice(), further.gained.first()) {
                (true, [actor], Some((guise, _))) => bundles.own(*actor, *guise, further.edge),
                _ => bundles.others(further.actors, further.gained, &further.edge),
            }
        }

        // Those who become somebody whom it is worth to become, and those who become them.
        let mut reached = wanted.clone();
        let mut frontier = wanted;
        while !frontier.is_empty() {
            let mut next = BTreeSet::new();
            let ask = |number: usize, technique: &Technique| {
                let by_trust = technique.needs.iter().any(|need| super::chains(&need.action));
                asker.edges(number, &frontier, if by_trust { &everybody } else { &others })
            };
            for (_, edges) in asker.each(|technique| technique.gain == Gain::Principal, ask) {
                let actors = edges.iter().flat_map(|edge| edge.actors.iter().copied());
                next.extend(actors.filter(|id| !reached.contains(id)));
                bundles.add(&edges, &mut Node::of, &mut principals);
            }
            reached.extend(&next);
            frontier = next;
        }

        // What those can become who have other rights than they have now.
        let supposed = inventory.suppose(guises.all());
        if !guises.all().is_empty() {
            let actors = Access::new(&supposed.inventory);
            let asker = asker.beside(&actors);
            let ids: BTreeSet<PrincipalId> = supposed.ids.iter().copied().collect();
            let among = actors.classes_of(&ids);
            // Whoever may do everything needs no role to be passed.
            let is_limited = |guise: &Guise| !guise.everything || !guise.principal.policies.is_empty();
            let limited = supposed.ids.iter().zip(guises.all()).filter(|(_, guise)| is_limited(guise));
            let limited: BTreeSet<PrincipalId> = limited.map(|(id, _)| *id).collect();
            let base = |id: &PrincipalId| {
                let guise = supposed.guises.get(id.0 as usize).copied().flatten();
                guise.and_then(|number| guises.base(number)).map(Node::of)
            };
            let already = Already::new(&bundles.all, &limited.iter().filter_map(base).collect());
            let among_limited = actors.classes_of(&limited);
            let is_direct = |technique: &Technique| matches!(technique.through, Through::User | Through::Role);
            let leads_on = |technique: &Technique| {
                technique.gain == Gain::Principal && (!among_limited.is_empty() || is_direct(technique))
            };
            let ask = |number: usize, technique: &Technique| {
                asker.edges(number, &reached, if is_direct(technique) { &among } else { &among_limited })
            };
            for (_, mut edges) in asker.each(leads_on, ask) {
                for edge in &mut edges {
                    edge.actors = edge.actors.iter().copied().filter(|id| ids.contains(id)).collect();
                    if !edge.actors.is_empty() && edge.actors.iter().all(|id| limited.contains(id)) {
                        let bases: Vec<Node> = edge.actors.iter().filter_map(base).collect();
                        let more = |gained: &&Gained| {
                            let known = |whom| already.covers(&bases, Node::of(whom), edge.terms.certainty);
                            gained.principal.is_none_or(|whom| !known(whom))
                        };
                        edge.gained = edge.gained.iter().filter(more).cloned().collect();
                    }
                }
                let mut node = |id: PrincipalId| {
                    let guise = supposed.guises.get(id.0 as usize).copied().flatten();
                    guise.map_or(Node::of(id), |number| guises.node(number))
                };
                bundles.add(&edges, &mut node, &mut principals);
            }
        }

        let mut bundles = bundles.into_vec();
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
            bundles.push(Bundle {
                technique: None,
                actors: Arc::new([node]),
                gained: Arc::new([(
                    Node::of(entry.role),
                    Gained { principal: Some(entry.role), resource: None, on: Box::default(), change: None },
                )]),
                own: BTreeMap::new(),
                terms: entry.terms,
                verdicts: vec![entry.verdict],
            });
        }
        let nodes = guises.count().saturating_add(outsiders.len());
        let mut of_actor: Vec<Vec<u32>> = vec![Vec::new(); nodes];
        for (number, bundle) in (0u32..).zip(&bundles) {
            for actor in bundle.actors.iter() {
                if let Some(known) = of_actor.get_mut(actor.0 as usize) {
                    known.push(number);
                }
            }
        }
        let mut known: FxHashMap<&Terms, u32> = FxHashMap::default();
        let terms_numbers = bundles.iter().map(|bundle| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(&bundle.terms).or_insert(next)
        });
        let terms_numbers = terms_numbers.collect();
        let spared = BTreeSet::new();
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
        gained.principal.is_some_and(|id| self.spared.contains(&id)) && self.is_by_trust(bundle)
    }

    /// Whether nothing but trust is needed.
    fn is_by_trust(&self, bundle: &Bundle) -> bool {
        match bundle.technique.and_then(|number| self.techniques.get(number)) {
            Some(technique) => technique.needs.iter().all(|need| super::chains(&need.action)),
            None => true,
        }
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

    /// Those of whom each bundle gains, by position, who are worth a step: of all who are alike, the first. Alike are those
    /// who act in the same bundles, are spared or are not, and of whom `tell` says the same.
    pub(super) fn firsts<K: Eq + Hash>(&self, tell: &dyn Fn(Node) -> K) -> Firsts {
        let mut kinds: FxHashMap<(&[u32], K), u32> = FxHashMap::default();
        let mut kind_of: FxHashMap<Node, u32> = FxHashMap::default();
        type Of = (*const (Node, Gained), bool);
        let mut known: FxHashMap<Of, Arc<[u32]>> = FxHashMap::default();
        let firsts = self.bundles.iter().map(|bundle| {
            let key = (bundle.gained.as_ptr(), self.is_by_trust(bundle));
            if let Some(known) = known.get(&key) {
                return Arc::clone(known);
            }
            let mut seen: FxHashSet<(u32, bool)> = FxHashSet::default();
            let mut order: Vec<(Node, u32, &Gained)> =
                (0u32..).zip(&*bundle.gained).map(|(at, (node, gained))| (*node, at, gained)).collect();
            order.sort_unstable_by_key(|(node, at, _)| (*node, *at));
            order.retain(|(node, _, gained)| {
                let kind = *kind_of.entry(*node).or_insert_with(|| {
                    let next = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
                    *kinds.entry((self.numbers_of(*node), tell(*node))).or_insert(next)
                });
                seen.insert((kind, self.is_spared(bundle, gained)))
            });
            let firsts: Arc<[u32]> = order.into_iter().map(|(_, at, _)| at).collect();
            known.insert(key, Arc::clone(&firsts));
            firsts
        });
        Firsts(firsts.collect())
    }

    /// How many nodes there are.
    pub(super) fn count(&self) -> usize {
        self.of_actor.len()
    }
}

fn rank(edge: &Edge) -> (Certainty, usize, usize) {
    (edge.terms.certainty, edge.terms.conditions.len(), edge.technique)
}

/// The guises that an edge leads to, each by the first of those whom it gains.
fn nodes(guises: &mut Guises, access: &Access<'_>, gain: Gain, edge: &Edge) -> Vec<(Node, Gained)> {
    let mut known = FxHashSet::default();
    let guise = |gained: &Gained| {
        let base = gained.principal.or_else(|| edge.actors.first().copied())?;
        let node = match &gained.change {
            Some(change) => guises.changed(access, base, change),
            None => guises.of(access, gain, base),
        }?;
        known.insert(node).then(|| (node, gained.clone()))
    };
    edge.gained.iter().filter_map(guise).collect()
}

/// The principals that an edge leads to.
fn principals(edge: &Edge) -> Vec<(Node, Gained)> {
    edge.gained.iter().filter_map(|gained| Some((Node::of(gained.principal?), gained.clone()))).collect()
}

/// Bundles as they are found.
#[derive(Default)]
struct Bundles {
    all: Vec<Bundle>,
    /// Those of principals that become guises of themselves, by what they share.
    own: FxHashMap<(usize, Node, Terms, Vec<Verdict>), usize>,
}

impl Bundles {
    /// One who becomes a guise of itself. Those who do it in the same way go together.
    fn own(&mut self, actor: Node, guise: Node, edge: Edge) {
        let on = edge.gained.first().map(|gained| gained.on.clone()).unwrap_or_default();
        let next = self.all.len();
        let at = *self.own.entry((edge.technique, guise, edge.terms, edge.verdicts)).or_insert_with_key(
            |(technique, guise, terms, verdicts)| {
                self.all.push(Bundle {
                    technique: Some(*technique),
                    actors: Arc::default(),
                    gained: Arc::new([(
                        *guise,
                        Gained { principal: None, resource: None, on: Box::default(), change: None },
                    )]),
                    own: BTreeMap::new(),
                    terms: terms.clone(),
                    verdicts: verdicts.clone(),
                });
                next
            },
        );
        if let Some(bundle) = self.all.get_mut(at) {
            bundle.own.insert(actor, on);
        }
    }

    /// Some who become guises of themselves by one change of what they share.
    fn changed(&mut self, actors: Vec<Node>, guise: Node, gained: Gained, edge: &Edge) {
        self.all.push(Bundle {
            technique: Some(edge.technique),
            own: actors.iter().map(|actor| (*actor, gained.on.clone())).collect(),
            actors: actors.into(),
            gained: Arc::new([(guise, gained)]),
            terms: edge.terms.clone(),
            verdicts: edge.verdicts.clone(),
        });
    }

    /// Guises that become guises.
    fn others(&mut self, actors: Vec<Node>, gained: Vec<(Node, Gained)>, edge: &Edge) {
        self.all.push(Bundle {
            technique: Some(edge.technique),
            actors: actors.into(),
            gained: gained.into(),
            own: BTreeMap::new(),
            terms: edge.terms.clone(),
            verdicts: edge.verdicts.clone(),
        });
    }

    /// What edges lead to. Whom many of them gain, and who acts in many, is held once.
    fn add(
        &mut self,
        edges: &[Edge],
        actor: &mut dyn FnMut(PrincipalId) -> Node,
        gained: &mut dyn FnMut(&Edge) -> Vec<(Node, Gained)>,
    ) {
        let mut all_actors: FxHashMap<*const PrincipalId, Arc<[Node]>> = FxHashMap::default();
        let mut all_gained: FxHashMap<*const Gained, Arc<[(Node, Gained)]>> = FxHashMap::default();
        for edge in edges.iter().filter(|edge| !edge.actors.is_empty()) {
            let actors = all_actors.entry(edge.actors.as_ptr());
            let actors = actors.or_insert_with(|| edge.actors.iter().map(|id| actor(*id)).collect());
            // Whom nobody in particular becomes depends on who acts.
            let one_made_anew = edge.gained.iter().any(|gained| gained.principal.is_none());
            let gained = if one_made_anew {
                gained(edge).into()
            } else {
                Arc::clone(all_gained.entry(edge.gained.as_ptr()).or_insert_with(|| gained(edge).into()))
            };
            if gained.is_empty() {
                continue;
            }
            self.all.push(Bundle {
                technique: Some(edge.technique),
                actors: Arc::clone(actors),
                gained,
                own: BTreeMap::new(),
                terms: edge.terms.clone(),
                verdicts: edge.verdicts.clone(),
            });
        }
    }

    fn into_vec(self) -> Vec<Bundle> {
        let mut all = self.all;
        for bundle in all.iter_mut().filter(|bundle| !bundle.own.is_empty()) {
            bundle.actors = bundle.own.keys().copied().collect();
        }
        all
    }
}
