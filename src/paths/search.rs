//! The shortest way from somebody to somebody else: the surest first, then the fewest steps, then the fewest conditions,
//! then the order of names.

use super::graph::{Bundle, Firsts, Graph};
use super::guises::Node;
use super::technique::{Change, Technique, keys};
use super::terms::Terms;
use super::way::{Actor, Call, Hop};
use crate::base::Certainty;
use crate::inventory::{PrincipalId, words};
use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// How a node was reached.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub from: Node,
    pub bundle: u32,
    /// Which of those whom the bundle gains.
    pub gained: u32,
    pub depth: u32,
    /// The terms of the whole way, by number among those of the search.
    terms: u32,
}

/// Somebody whom one can become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Becoming {
    /// Whom.
    pub actor: Actor,
    /// The steps to it.
    pub hops: Vec<Hop>,
    /// The conjunction of their terms.
    pub terms: Terms,
}

/// Everybody whom somebody can become, as surely as this.
#[derive(Debug)]
pub(super) struct Reached {
    pub steps: FxHashMap<Node, Step>,
    /// In the order in which they were reached: by depth, then by node.
    pub order: Vec<Node>,
    /// Whether every step was followed: none was less sure than asked for, and nobody had seen enough.
    pub is_whole: bool,
    terms: Conjunctions,
}

impl Reached {
    /// The terms of the whole way to somebody who was reached.
    pub fn terms_of(&self, node: Node) -> Option<&Terms> {
        self.terms.get(self.steps.get(&node)?.terms)
    }
}

/// The terms of ways, each once. Thousands of ways share few of them, and comparing conditions as texts is dear.
#[derive(Debug)]
struct Conjunctions {
    /// The first is what nothing was asked of: no condition.
    all: Vec<Terms>,
    numbers: FxHashMap<Terms, u32>,
    /// What comes of terms and those of a bundle.
    joined: FxHashMap<(u32, u32), u32>,
}

impl Conjunctions {
    /// What the way to where one begins asks for: nothing.
    const NONE: u32 = 0;

    fn new() -> Conjunctions {
        let none = Terms::default();
        let numbers = FxHashMap::from_iter([(none.clone(), Conjunctions::NONE)]);
        Conjunctions { all: vec![none], numbers, joined: FxHashMap::default() }
    }

    fn get(&self, number: u32) -> Option<&Terms> {
        self.all.get(number as usize)
    }

    /// How many conditions terms have.
    fn conditions(&self, number: u32) -> usize {
        self.get(number).map_or(0, |terms| terms.conditions.len())
    }

    /// The number of both together. `of_bundle`: the number of the bundle's terms in the graph.
    fn join(&mut self, before: u32, of_bundle: u32, bundle: &Bundle) -> u32 {
        if let Some(known) = self.joined.get(&(before, of_bundle)) {
            return *known;
        }
        let terms = self.get(before).cloned().unwrap_or_default().and(bundle.terms.clone());
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(terms).or_insert_with_key(|terms| {
            self.all.push(terms.clone());
            next
        });
        self.joined.insert((before, of_bundle), number);
        number
    }
}

/// From the surest on.
pub(super) const CERTAINTIES: [Certainty; 3] = [Certainty::Certain, Certainty::Conditional, Certainty::Unknown];

impl Graph<'_> {
    /// Follows all edges that are at least as sure as this.
    pub(super) fn search(&self, source: Node, least: Certainty) -> Reached {
        self.search_until(source, least, None, &mut |_, _| ControlFlow::Continue(()))
    }

    /// Follows all edges that are at least as sure as this, until the visitor has seen enough of those who are reached, whom
    /// it is shown in order. Each bundle is followed once, when one of its actors is first reached: whom it gains, they all
    /// gain, and the best of them is the same for everybody whom it gains. `firsts`: only these are followed.
    pub(super) fn search_until(
        &self,
        source: Node,
        least: Certainty,
        firsts: Option<&Firsts>,
        visit: &mut dyn FnMut(&Reached, Node) -> ControlFlow<()>,
    ) -> Reached {
        let mut reached =
            Reached { steps: FxHashMap::default(), order: Vec::new(), is_whole: true, terms: Conjunctions::new() };
        let mut followed = FixedBitSet::with_capacity(self.bundles.len());
        let mut seen = FixedBitSet::with_capacity(self.count());
        seen.grow_and_insert(source.0 as usize);
        let mut level = vec![source];
        let mut depth = 0_u32;
        while !level.is_empty() {
            depth = depth.saturating_add(1);
            // For each bundle: the fewest conditions, from whom, and the number of the terms.
            let mut best: BTreeMap<u32, (usize, Node, u32)> = BTreeMap::new();
            for from in level {
                let before = reached.steps.get(&from).map_or(Conjunctions::NONE, |step| step.terms);
                for (number, bundle) in self.bundles_of(from) {
                    if bundle.terms.certainty > least {
                        reached.is_whole = false;
                        continue;
                    }
                    if followed.contains(number as usize) {
                        continue;
                    }
                    let terms = reached.terms.join(before, self.terms_number(number), bundle);
                    let found = (reached.terms.conditions(terms), from, terms);
                    let known = best.entry(number).or_insert(found);
                    *known = found.min(*known);
                }
            }
            let mut next: BTreeMap<Node, (usize, Step)> = BTreeMap::new();
            for (number, (conditions, from, terms)) in best {
                followed.insert(number as usize);
                let Some(bundle) = self.bundles.get(number as usize) else { continue };
                let mut follow = |at: u32| {
                    let Some((node, gained)) = bundle.gained.get(at as usize) else { return };
                    if seen.contains(node.0 as usize) || self.is_spared(bundle, gained) {
                        return;
                    }
                    let better =
                        |(known, step): &(usize, Step)| (conditions, from, number) < (*known, step.from, step.bundle);
                    if next.get(node).is_none_or(better) {
                        next.insert(*node, (conditions, Step { from, bundle: number, gained: at, depth, terms }));
                    }
                };
                match firsts {
                    Some(firsts) => firsts.of(number).iter().copied().for_each(&mut follow),
                    None => (0u32..).zip(&*bundle.gained).for_each(|(at, _)| follow(at)),
                }
            }
            level = next.keys().copied().collect();
            reached.order.extend(&level);
            level.iter().for_each(|node| seen.grow_and_insert(node.0 as usize));
            reached.steps.extend(next.into_iter().map(|(node, (_, step))| (node, step)));
            if level.iter().any(|node| visit(&reached, *node).is_break()) {
                reached.is_whole = false;
                break;
            }
        }
        reached
    }

    /// Shows a visitor everybody whom somebody can become, each once, by the best way: the surest and nearest first.
    /// `firsts`: of those who are alike, one is enough.
    pub(super) fn visit(
        &self,
        source: Node,
        firsts: Option<&Firsts>,
        visit: &mut dyn FnMut(&Reached, Node) -> ControlFlow<()>,
    ) {
        let mut seen: FxHashSet<Node> = FxHashSet::default();
        for least in CERTAINTIES {
            let mut enough = false;
            let reached = self.search_until(source, least, firsts, &mut |reached, node| {
                if !seen.insert(node) {
                    return ControlFlow::Continue(());
                }
                let flow = visit(reached, node);
                enough = flow.is_break();
                flow
            });
            // What is less sure leads nowhere else.
            if enough || reached.is_whole {
                break;
            }
        }
    }

    /// Everybody whom somebody can become, each by the best way: the surest and nearest first.
    pub fn becomes(&self, from: Actor) -> Vec<Becoming> {
        let Some(source) = self.node_of(from) else { return Vec::new() };
        let mut all = Vec::new();
        self.visit(source, None, &mut |reached, node| {
            all.push(self.becoming(reached, node));
            ControlFlow::Continue(())
        });
        all
    }

    /// The surest and nearest of those whom one can become and who are wanted.
    pub fn nearest(&self, from: PrincipalId, wanted: &dyn Fn(Actor) -> bool) -> Option<Becoming> {
        let mut found = None;
        self.visit(Node::of(from), None, &mut |reached, node| {
            if !wanted(self.actor_of(reached, node)) {
                return ControlFlow::Continue(());
            }
            found = Some(self.becoming(reached, node));
            ControlFlow::Break(())
        });
        found
    }

    /// How somebody is become who was reached.
    pub(super) fn becoming(&self, reached: &Reached, node: Node) -> Becoming {
        let terms = reached.terms_of(node).cloned().unwrap_or_default();
        Becoming { actor: self.actor_of(reached, node), hops: self.hops(reached, node), terms }
    }

    /// Those of some principals who can become somebody, in groups that do it in the same ways.
    pub fn alike(&self, principals: impl Iterator<Item = PrincipalId>) -> Vec<Vec<PrincipalId>> {
        let mut alike: BTreeMap<&[u32], Vec<PrincipalId>> = BTreeMap::new();
        for principal in principals {
            let bundles = self.numbers_of(Node::of(principal));
            if !bundles.is_empty() {
                alike.entry(bundles).or_default().push(principal);
            }
        }
        alike.into_values().collect()
    }

    /// The node of somebody; `None`: a guise that nobody takes on.
    pub(super) fn node_of(&self, actor: Actor) -> Option<Node> {
        match actor {
            Actor::Principal(id) => Some(Node::of(id)),
            Actor::Outsider(number) => Some(self.guises.outsider(number)),
            Actor::Unbound(id) | Actor::WithoutBoundary(id) | Actor::Changed(id, _) | Actor::Newcomer(id) => {
                self.guises.find(self.access, actor, id)
            }
        }
    }

    /// The steps to somebody who was reached.
    pub(super) fn hops(&self, reached: &Reached, to: Node) -> Vec<Hop> {
        let mut chain: Vec<&Step> = Vec::new();
        let mut at = to;
        while let Some(step) = reached.steps.get(&at) {
            chain.push(step);
            at = step.from;
        }
        chain.reverse();
        let mut hops = Vec::with_capacity(chain.len());
        let mut as_whom = None;
        for step in chain {
            let Some(bundle) = self.bundles.get(step.bundle as usize) else { continue };
            let Some((node, gained)) = bundle.gained.get(step.gained as usize) else { continue };
            let actor = self.guises.actor(step.from, as_whom);
            let whom = if bundle.own.is_empty() { gained.principal } else { actor.principal() };
            let becomes = self.guises.actor(*node, whom);
            hops.push(self.hop(bundle, step, actor, becomes));
            as_whom = whom;
        }
        hops
    }

    /// Who a node is that was reached.
    pub(super) fn actor_of(&self, reached: &Reached, node: Node) -> Actor {
        let step = reached.steps.get(&node);
        let bundle = step.and_then(|step| self.bundles.get(step.bundle as usize));
        let whom = match (step, bundle) {
            (Some(step), Some(bundle)) if bundle.own.is_empty() => {
                bundle.gained.get(step.gained as usize).and_then(|(_, gained)| gained.principal)
            }
            (Some(step), Some(_)) => self.guises.actor(step.from, None).principal(),
            _ => None,
        };
        self.guises.actor(node, whom)
    }

    fn hop(&self, bundle: &Bundle, step: &Step, actor: Actor, becomes: Actor) -> Hop {
        let inventory = self.access.inventory();
        let gained = bundle.gained.get(step.gained as usize).map(|(_, gained)| gained);
        let who = self.in_words(actor);
        let whom = self.in_words(becomes);
        let technique = bundle.technique.and_then(|number| self.techniques.get(number));
        let Some(technique) = technique else {
            let role = becomes.principal();
            let outsider = match actor {
                Actor::Outsider(number) => self.outsiders.get(number as usize),
                _ => None,
            };
            let asked_in = outsider.is_some_and(|known| known.kind == super::OutsiderKind::PullRequest);
            return Hop {
                actor,
                by: if asked_in { "pull-request" } else { "trust" }.into(),
                calls: self.entry(bundle, actor, role).into_iter().collect(),
                becomes: Some(becomes),
                terms: bundle.terms.clone(),
                words: if asked_in {
                    format!("{who} has it built, and the build runs commands of the pull request as {whom}")
                } else {
                    format!("{who} may assume {whom}, which trusts it")
                },
            };
        };
        let on = bundle.own.get(&step.from).or_else(|| gained.map(|gained| &gained.on));
        let resource = gained.and_then(|gained| gained.resource).and_then(|id| inventory.resource(id));
        let change = gained.and_then(|gained| gained.change.as_deref());
        let what = change.map(|change| change.what.to_string());
        let what = what.or_else(|| resource.map(words::resource)).unwrap_or_default();
        Hop {
            actor,
            by: Arc::clone(&technique.id),
            calls: on
                .map(|on| self.calls(technique, bundle, (actor, becomes.principal()), on, change))
                .unwrap_or_default(),
            becomes: Some(becomes),
            terms: bundle.terms.clone(),
            words: technique.words.replace("{who}", &who).replace("{whom}", &whom).replace("{what}", &what),
        }
    }

    fn calls(
        &self,
        technique: &Technique,
        bundle: &Bundle,
        (actor, whom): (Actor, Option<PrincipalId>),
        on: &[Arc<str>],
        change: Option<&Change>,
    ) -> Vec<Call> {
        let inventory = self.access.inventory();
        let boundary = whom.and_then(|id| inventory.principal(id)).and_then(|known| known.boundary.as_ref());
        let by = actor.principal();
        let is_role = by
            .and_then(|id| inventory.principal(id))
            .is_some_and(|known| known.kind == crate::inventory::PrincipalKind::Role);
        let call = |((need, on), verdict): ((&super::technique::Need, &Arc<str>), &crate::engine::Verdict)| {
            let policy = change.and_then(|change| change.policy.as_deref());
            let mut given = keys(need, boundary.map(|boundary| &*boundary.name), policy);
            if is_role && super::chains(&need.action) {
                given.extend(super::NO_SECOND_FACTOR.map(|key| (key.to_owned(), Vec::new())));
            }
            Call {
                by,
                action: Arc::clone(&need.action),
                on: Arc::clone(on),
                resource: need.speaker(inventory, on),
                given,
                verdict: *verdict,
            }
        };
        technique.needs.iter().zip(on).zip(&bundle.verdicts).map(call).collect()
    }

    /// The request by which an outsider takes on a role.
    fn entry(&self, bundle: &Bundle, actor: Actor, role: Option<PrincipalId>) -> Option<Call> {
        let Actor::Outsider(number) = actor else { return None };
        let role = self.access.inventory().principal(role?)?;
        self.outsiders.get(number as usize)?.caller()?;
        Some(Call {
            by: None,
            action: self.outsiders.get(number as usize)?.action().into(),
            on: Arc::clone(&role.arn),
            resource: None,
            given: Vec::new(),
            verdict: *bundle.verdicts.first()?,
        })
    }

    /// Somebody as a person calls it.
    pub fn in_words(&self, actor: Actor) -> String {
        let inventory = self.access.inventory();
        match actor {
            Actor::Principal(id) | Actor::Unbound(id) | Actor::WithoutBoundary(id) | Actor::Changed(id, _) => {
                inventory.principal(id).map(words::principal).unwrap_or_default()
            }
            Actor::Newcomer(_) => "a new user".to_owned(),
            Actor::Outsider(number) => {
                self.outsiders.get(number as usize).map(super::Outsider::in_words).unwrap_or_default()
            }
        }
    }
}
