//! Everybody's ways to the loss of some resources: who becomes whom, joined with what these can take.

use super::graph::{Firsts, Graph};
use super::guises::Node;
use super::means::MeansIndex;
use super::search::{CERTAINTIES, Reached};
use super::technique::Technique;
use super::terms::Terms;
use super::way::{Actor, Call, Hop, Means, Way};
use crate::access::Access;
use crate::base::Certainty;
use crate::catalog::destruction::Class;
use crate::engine::Decision;
use crate::inventory::{PrincipalId, ResourceId};
use fixedbitset::FixedBitSet;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Everybody's ways to the loss of some resources.
pub struct Ways<'a> {
    graph: Graph<'a>,
    means: Arc<MeansIndex>,
    /// What guises can take; their ids are those of the supposed inventory.
    of_guises: MeansIndex,
    /// Which means of each index count.
    counted: [Vec<bool>; 2],
    resources: Vec<ResourceId>,
}

/// Somebody whom one can become, and what that adds to what one can take oneself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Whom.
    pub holder: Actor,
    /// The steps to it.
    pub hops: Vec<Hop>,
    /// The conjunction of their terms, and of the terms of the surest taking.
    pub terms: Terms,
    /// What can be taken then, by kind of loss, in order: the resources that neither oneself nor anybody nearer can take.
    pub adds: Vec<(Class, Vec<ResourceId>)>,
}

impl Lead {
    /// What can be taken then by a kind of loss, in order.
    pub fn adds_of(&self, class: Class) -> &[ResourceId] {
        of_class(&self.adds, class)
    }

    /// All that can be taken then.
    pub fn adds_in_all(&self) -> impl Iterator<Item = &ResourceId> {
        self.adds.iter().flat_map(|(_, resources)| resources)
    }
}

fn of_class(adds: &[(Class, Vec<ResourceId>)], class: Class) -> &[ResourceId] {
    adds.iter().find(|(known, _)| *known == class).map_or(&[], |(_, resources)| resources)
}

/// Those who have the same ways, and the ways.
#[derive(Clone, Debug)]
pub struct Leads {
    /// Everybody for whom the leads hold, ascending.
    pub actors: Vec<Actor>,
    /// Told of the first of the actors.
    pub leads: Vec<Lead>,
}

/// For each kind of loss, the resources, by their places among those that anybody can take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Takes(BTreeMap<Class, FixedBitSet>);

impl Takes {
    fn extend(&mut self, other: &Takes) {
        for (class, targets) in &other.0 {
            self.of(*class).union_with(targets);
        }
    }

    fn of(&mut self, class: Class) -> &mut FixedBitSet {
        self.0.entry(class).or_default()
    }

    /// What of the others it lacks, which it has from now on.
    fn take(&mut self, others: &Takes, places: &Places) -> Vec<(Class, Vec<ResourceId>)> {
        let mut new = Vec::new();
        for (class, targets) in &others.0 {
            let known = self.of(*class);
            let count = targets.difference_count(known);
            if count > 0 {
                let mut added = Vec::with_capacity(count);
                added.extend(targets.difference(known).filter_map(|place| places.all.get(place)));
                known.union_with(targets);
                new.push((*class, added));
            }
        }
        new
    }

    fn holds(&self, others: &Takes) -> bool {
        let is_held = |(class, targets): (&Class, &FixedBitSet)| match self.0.get(class) {
            Some(known) => targets.is_subset(known),
            None => targets.is_clear(),
        };
        others.0.iter().all(is_held)
    }
}

/// Resources that anybody can take: few of all are, and sets of them are compared all the time.
struct Places {
    /// Ascending.
    all: Vec<ResourceId>,
    /// By resource.
    of: Vec<u32>,
}

impl Places {
    fn new<'m>(means: impl Iterator<Item = &'m Means>) -> Places {
        let mut taken = FixedBitSet::new();
        means.flat_map(|means| means.targets.iter()).for_each(|id| taken.grow_and_insert(id.0 as usize));
        let mut places = Places { all: Vec::new(), of: vec![u32::MAX; taken.len()] };
        for (place, at) in (0..).zip(taken.ones()) {
            places.all.extend(u32::try_from(at).map(ResourceId));
            if let Some(known) = places.of.get_mut(at) {
                *known = place;
            }
        }
        places
    }

    fn of(&self, id: ResourceId) -> Option<usize> {
        self.of.get(id.0 as usize).map(|place| *place as usize)
    }
}

/// What all searches for leads share.
struct Known {
    places: Places,
    /// For each node its kind: those of one kind have the same means, and are masters or are not.
    kinds: Vec<u32>,
    /// For each kind, whether its nodes are masters, and what they can take.
    takes: Vec<(bool, Takes)>,
    /// What can be taken by anybody at all, and by any master.
    anybody: Takes,
    masters: Takes,
    firsts: Firsts,
}

impl Known {
    fn kind_of(&self, node: Node) -> Option<u32> {
        self.kinds.get(node.0 as usize).copied()
    }
}

impl<'a> Ways<'a> {
    /// Finds all ways to the loss of these resources. `means`: what principals can take of them as they are.
    pub fn new(
        access: &'a Access<'a>,
        techniques: &'a [Technique],
        resources: Vec<ResourceId>,
        means: Arc<MeansIndex>,
    ) -> Ways<'a> {
        Ways::counting(access, techniques, resources, means, &|_| true)
    }

    /// The same, where not every means counts.
    pub fn counting(
        access: &'a Access<'a>,
        techniques: &'a [Technique],
        resources: Vec<ResourceId>,
        means: Arc<MeansIndex>,
        counts: &dyn Fn(&Means) -> bool,
    ) -> Ways<'a> {
        let counted = |index: &MeansIndex| -> Vec<bool> { index.all().iter().map(counts).collect() };
        let own = counted(&means);
        let holders: BTreeSet<PrincipalId> = means
            .all()
            .iter()
            .zip(&own)
            .filter(|(_, counts)| **counts)
            .flat_map(|(means, _)| means.actors.iter().copied())
            .collect();
        let graph = Graph::new(access, techniques, &holders);
        let of_guises = if graph.supposed.ids.is_empty() {
            MeansIndex::default()
        } else {
            let supposed = &graph.supposed.inventory;
            let real = |id| access.inventory().find_principal(&supposed.principal(id)?.arn);
            MeansIndex::new(&Access::new(supposed), &resources).with_roles(real)
        };
        let counted = [own, counted(&of_guises)];
        Ways { graph, means, of_guises, counted, resources }
    }

    /// The same, but taking on one of these roles, by those whom they trust, is not followed.
    #[must_use]
    pub fn sparing(mut self, roles: BTreeSet<PrincipalId>) -> Ways<'a> {
        self.graph.spared = roles;
        self
    }

    /// What principals can take as they are.
    pub fn means(&self) -> &MeansIndex {
        &self.means
    }

    /// Who can become whom.
    pub fn graph(&self) -> &Graph<'a> {
        &self.graph
    }

    /// The resources asked about.
    pub fn resources(&self) -> &[ResourceId] {
        &self.resources
    }

    /// What an actor can take without becoming somebody else, as far as it counts.
    pub fn means_of(&self, actor: Actor) -> Vec<&Means> {
        self.graph.node_of(actor).map(|node| self.means_at(node)).unwrap_or_default()
    }

    fn means_at(&self, node: Node) -> Vec<&Means> {
        let (index, positions) = self.counted_at(node);
        positions.filter_map(|position| index.get(position)).collect()
    }

    /// The positions of the means that an actor has and that count, and where they stand.
    fn counted_at(&self, node: Node) -> (&MeansIndex, impl Iterator<Item = u32>) {
        let [own, supposed] = &self.counted;
        let (is_guise, positions) = self.positions_at(node);
        let (index, counted) = if is_guise { (&self.of_guises, supposed) } else { (&*self.means, own) };
        let counts = |position: &u32| counted.get(*position as usize).copied().unwrap_or(false);
        (index, positions.iter().copied().filter(counts))
    }

    /// The positions of the means that an actor has, and whether they are those of a guise.
    fn positions_at(&self, node: Node) -> (bool, &[u32]) {
        match self.graph.guises.number(node) {
            Some(number) => {
                let id = self.graph.supposed.ids.get(number as usize);
                (true, id.map_or(&[], |id| self.of_guises.positions_of(*id)))
            }
            None => (false, self.means.positions_of(PrincipalId(node.0))),
        }
    }

    /// Everybody who can take something by becoming somebody else: principals first, then outsiders. What is added to what
    /// an actor can take itself is told; of masters, who may do everything, all that they can take.
    pub fn leads(&self, is_master: &(dyn Fn(Actor) -> bool + Sync)) -> Vec<Leads> {
        // Who acts in the same bundles and has the same means has the same ways.
        let mut alike: BTreeMap<(&[u32], &[u32]), Vec<Node>> = BTreeMap::new();
        for number in 0..self.graph.count() {
            let Ok(number) = u32::try_from(number) else { continue };
            let node = Node(number);
            let bundles = self.graph.numbers_of(node);
            if bundles.is_empty() || self.graph.guises.number(node).is_some() {
                continue;
            }
            let means = self.means.positions_of(PrincipalId(number));
            alike.entry((bundles, means)).or_default().push(node);
        }
        let known = self.known(is_master);
        let alike: Vec<Vec<Node>> = alike.into_values().collect();
        let leads = |nodes: &Vec<Node>| {
            let leads = self.leads_of(*nodes.first()?, &known);
            let actors = nodes.iter().map(|node| self.graph.guises.actor(*node, None)).collect();
            (!leads.is_empty()).then_some(Leads { actors, leads })
        };
        let mut all: Vec<Leads> = alike.par_iter().with_max_len(16).filter_map(leads).collect();
        all.sort_by(|a, b| a.actors.cmp(&b.actors));
        all
    }

    /// Whom somebody can become so as to take more, the surest and nearest first.
    pub fn leads_from(&self, actor: Actor) -> Vec<Lead> {
        let node = self.graph.node_of(actor);
        node.map(|node| self.leads_of(node, &self.known(&|_| false))).unwrap_or_default()
    }

    fn known(&self, is_master: &dyn Fn(Actor) -> bool) -> Known {
        let is_master_at = |node: Node| is_master(self.graph.guises.actor(node, None));
        // Many have the same means: those of each kind are looked at once.
        let mut numbers: FxHashMap<(bool, (bool, &[u32])), u32> = FxHashMap::default();
        let means = self.means.all().iter().chain(self.of_guises.all());
        let mut known = Known {
            places: Places::new(means),
            kinds: Vec::with_capacity(self.graph.count()),
            takes: Vec::new(),
            anybody: Takes::default(),
            masters: Takes::default(),
            firsts: Firsts::default(),
        };
        for node in (0..u32::try_from(self.graph.count()).unwrap_or(u32::MAX)).map(Node) {
            let is_master = is_master_at(node);
            let next = u32::try_from(known.takes.len()).unwrap_or(u32::MAX);
            let kind = *numbers.entry((is_master, self.positions_at(node))).or_insert_with(|| {
                let takes = self.takes(node, &known.places);
                known.anybody.extend(&takes);
                if is_master {
                    known.masters.extend(&takes);
                }
                known.takes.push((is_master, takes));
                next
            });
            known.kinds.push(kind);
        }
        known.firsts = self.graph.firsts(&|node| known.kind_of(node));
        known
    }

    fn takes(&self, node: Node, places: &Places) -> Takes {
        let mut takes = Takes::default();
        for means in self.means_at(node) {
            let taken = takes.of(means.class);
            means.targets.iter().filter_map(|id| places.of(*id)).for_each(|place| taken.grow_and_insert(place));
        }
        takes
    }

    fn leads_of(&self, source: Node, known: &Known) -> Vec<Lead> {
        let mut covered = self.takes(source, &known.places);
        // What has been told of masters.
        let mut mastered = Takes::default();
        let mut leads: Vec<Lead> = Vec::new();
        let Known { places, takes, anybody, masters, firsts, .. } = known;
        let mut met = FixedBitSet::with_capacity(takes.len());
        self.graph.visit(source, Some(firsts), &mut |reached, node| {
            let kind = known.kind_of(node).map_or(usize::MAX, |kind| kind as usize);
            let Some((is_master, takes)) = takes.get(kind).filter(|_| !met.put(kind)) else {
                return ControlFlow::Continue(());
            };
            let adds = if *is_master {
                covered.extend(takes);
                mastered.take(takes, places)
            } else {
                covered.take(takes, places)
            };
            if !adds.is_empty() {
                leads.extend(self.lead(reached, node, adds));
            }
            let nothing_left = covered.holds(anybody) && mastered.holds(masters);
            if nothing_left { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        leads
    }

    fn lead(&self, reached: &Reached, node: Node, adds: Vec<(Class, Vec<ResourceId>)>) -> Option<Lead> {
        let terms = reached.terms_of(node)?.clone();
        let means = self.means_at(node);
        let useful = means.iter().filter(|means| {
            let added = of_class(&adds, means.class);
            means.targets.iter().any(|id| added.binary_search(id).is_ok())
        });
        let surest = useful.map(|means| &means.terms).min_by_key(|terms| (terms.certainty, terms.conditions.len()))?;
        Some(Lead {
            holder: self.graph.actor_of(reached, node),
            hops: self.graph.hops(reached, node),
            terms: terms.and(surest.clone()),
            adds,
        })
    }

    /// How the holder of a lead takes a resource: the last steps of the way.
    pub fn last_hops(&self, lead: &Lead, target: ResourceId) -> Vec<Hop> {
        let all = self.means_of(lead.holder).into_iter();
        let best = all
            .filter(|means| !lead.adds_of(means.class).is_empty() && means.targets.binary_search(&target).is_ok())
            .min_by_key(|means| (means.terms.certainty, means.steps.len(), means.terms.conditions.len()));
        best.map(|means| means.hops(self.graph.access.inventory(), lead.holder, target)).unwrap_or_default()
    }

    /// The best way from somebody to the loss of a resource: the surest, then the one of fewest steps, then of fewest
    /// conditions. `class`: the kind of loss; `None`: any.
    pub fn way(&self, from: Actor, target: ResourceId, class: Option<Class>) -> Option<Way> {
        let source = self.graph.node_of(from)?;
        let mut best: Option<((Certainty, usize, usize), Way)> = None;
        for least in CERTAINTIES {
            let reached = self.graph.search(source, least);
            for node in std::iter::once(&source).chain(&reached.order) {
                for means in self.means_at(*node) {
                    if class.is_some_and(|class| class != means.class) || means.targets.binary_search(&target).is_err()
                    {
                        continue;
                    }
                    let before = reached.steps.get(node);
                    let terms = reached.terms_of(*node).cloned().unwrap_or_default().and(means.terms.clone());
                    let depth = before.map_or(0, |step| step.depth as usize).saturating_add(means.steps.len());
                    let rank = (terms.certainty, depth, terms.conditions.len());
                    if best.as_ref().is_some_and(|(known, _)| *known <= rank) {
                        continue;
                    }
                    let holder = if *node == source { from } else { self.graph.actor_of(&reached, *node) };
                    let mut hops = self.graph.hops(&reached, *node);
                    hops.extend(means.hops(self.graph.access.inventory(), holder, target));
                    best = Some((rank, Way { from, target, class: means.class, hops, terms }));
                }
            }
            if best.as_ref().is_some_and(|((certainty, ..), _)| *certainty <= least) {
                break;
            }
        }
        best.map(|(_, way)| way)
    }

    /// Decides a request of a hop again, by the engine alone; `None`: it is one of a role that was not read.
    pub fn decide(&self, actor: Actor, call: &Call) -> Option<Decision> {
        self.graph.decide(actor, call)
    }
}

impl Graph<'_> {
    /// Decides a request of a hop again, by the engine alone; `None`: it is one of a role that was not read.
    pub fn decide(&self, actor: Actor, call: &Call) -> Option<Decision> {
        let mut context = super::direct();
        for (key, values) in &call.given {
            context.set(key, values.clone());
        }
        match (actor, call.by) {
            (Actor::Outsider(number), _) => {
                let caller = self.outsiders.get(number as usize)?.caller()?;
                let target = self.access.principal_or_policy(&call.on);
                Some(self.access.decide_outsider(&caller, &call.action, &target, call.resource, &context).0)
            }
            (Actor::Unbound(id) | Actor::WithoutBoundary(id) | Actor::Changed(id, _) | Actor::Newcomer(id), by)
                if by == actor.principal() =>
            {
                let node = self.guises.find(self.access, actor, id)?;
                let number = self.guises.number(node)?;
                let access = Access::new(&self.supposed.inventory);
                let by = *self.supposed.ids.get(number as usize)?;
                decide(&access, by, call, &context)
            }
            (_, Some(by)) => decide(self.access, by, call, &context),
            (_, None) => None,
        }
    }
}

fn decide(access: &Access<'_>, by: PrincipalId, call: &Call, context: &crate::engine::Context) -> Option<Decision> {
    let inventory = access.inventory();
    let mut target = access.principal_or_policy(&call.on);
    if let Some(resource) = call.resource.and_then(|id| inventory.resource(id)) {
        if *resource.arn == *call.on {
            target = crate::access::target_of(inventory, resource);
        } else {
            target.account = inventory.account(resource.account).map(|account| account.id.to_string().into());
        }
    }
    access.decide(by, &call.action, &target, call.resource, context).map(|(decision, _)| decision)
}
