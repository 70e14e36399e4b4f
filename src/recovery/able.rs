//! Who can do several things together, for many principals and many resources at once.

use crate::access::{Access, Targets, named_by, target_of};
use crate::base::arn;
use crate::catalog;
use crate::engine::{Atom, Context, Decision, Tags, Target, Unseen, Verdict, World};
use crate::inventory::{Inventory, PrincipalId, ResourceId};
use fixedbitset::FixedBitSet;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Principals that can do something, by how sure that is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Able {
    sure: FixedBitSet,
    /// Those that are sure and those that can under conditions.
    likely: FixedBitSet,
    /// These and those of whom it could not be decided.
    maybe: FixedBitSet,
}

impl Able {
    /// Those that certainly can, in order.
    pub fn certain(&self) -> impl Iterator<Item = PrincipalId> {
        ids(&self.sure)
    }

    /// Those that can under conditions that can be met, in order.
    pub fn conditional(&self) -> impl Iterator<Item = PrincipalId> {
        ids(&self.likely).filter(|id| !self.sure.contains(id.0 as usize))
    }

    /// Those of whom it could not be decided, in order.
    pub fn undecided(&self) -> impl Iterator<Item = PrincipalId> {
        ids(&self.maybe).filter(|id| !self.likely.contains(id.0 as usize))
    }

    /// Whether it is certain that nobody can.
    pub fn is_nobody(&self) -> bool {
        self.maybe.is_clear()
    }

    /// Both: each as sure as the less sure of the two.
    fn and(&self, other: &Able) -> Able {
        let both = |one: &FixedBitSet, other: &FixedBitSet| one.intersection(other).collect();
        Able {
            sure: both(&self.sure, &other.sure),
            likely: both(&self.likely, &other.likely),
            maybe: both(&self.maybe, &other.maybe),
        }
    }

    /// Either: each as sure as the surer of the two.
    fn or(&self, other: &Able) -> Able {
        let either = |one: &FixedBitSet, other: &FixedBitSet| one.union(other).collect();
        Able {
            sure: either(&self.sure, &other.sure),
            likely: either(&self.likely, &other.likely),
            maybe: either(&self.maybe, &other.maybe),
        }
    }

    /// The same, but nobody is certain: something that was not read may stand in the way.
    fn unless_prevented(&self) -> Able {
        Able { sure: FixedBitSet::new(), ..self.clone() }
    }

    fn add(&mut self, principal: PrincipalId, level: Level) {
        let at = principal.0 as usize;
        self.maybe.grow_and_insert(at);
        if level >= Level::Likely {
            self.likely.grow_and_insert(at);
        }
        if level >= Level::Sure {
            self.sure.grow_and_insert(at);
        }
    }
}

fn ids(set: &FixedBitSet) -> impl Iterator<Item = PrincipalId> {
    set.ones().filter_map(|at| u32::try_from(at).ok()).map(PrincipalId)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Level {
    Maybe,
    Likely,
    Sure,
}

/// A reservation about organisation policies that nobody could read does not make an answer less sure: whoever reports
/// says once that they were not read.
fn level(decision: &Decision) -> Option<Level> {
    match decision.verdict {
        Verdict::Allowed => Some(Level::Sure),
        Verdict::AllowedIf => {
            let is_organization = |atom: &Atom| matches!(*atom, Atom::Unseen(Unseen::OrganizationPolicies));
            let only_organization = decision.conditions.as_ref().is_some_and(|alternatives| {
                matches!(alternatives.0.as_slice(), [only] if only.iter().all(|literal| is_organization(&literal.0)))
            });
            Some(if only_organization { Level::Sure } else { Level::Likely })
        }
        Verdict::Unknown => Some(Level::Maybe),
        Verdict::ImplicitDeny | Verdict::ExplicitDeny => None,
    }
}

/// A call that destroys something, or takes away what protects it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The action.
    pub action: &'static str,
    /// The ARN that the request names.
    pub arn: String,
    /// The resource whose policy speaks for it.
    pub owner: Option<ResourceId>,
}

/// Number of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ask(u32);

/// Several things that must all be done.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub all: Vec<Ask>,
    /// Whether something that was not read may stand in the way.
    pub doubtful: bool,
}

impl Way {
    pub fn of(all: impl IntoIterator<Item = Ask>) -> Way {
        Way { all: all.into_iter().collect(), doubtful: false }
    }
}

/// Questions: each is asked once, those of one action together.
#[derive(Default)]
pub(super) struct Asks {
    known: FxHashMap<Call, Ask>,
    /// In the order of their numbers.
    calls: Vec<Call>,
}

impl Asks {
    /// Who can do an action to a resource of the inventory, or to what the action's request names of it.
    pub fn resource(&mut self, inventory: &Inventory, action: &'static str, id: ResourceId) -> Ask {
        let own = inventory.resource(id).map_or("", |known| &known.arn);
        let named = catalog::action(action).map(|entry| named_by(entry, own)).unwrap_or_default();
        let arn = named.into_iter().next().unwrap_or_else(|| own.to_owned());
        self.part(action, &arn, Some(id))
    }

    /// Who can do an action to something by its ARN; the policy of the owner speaks for it.
    pub fn part(&mut self, action: &'static str, arn: &str, owner: Option<ResourceId>) -> Ask {
        let call = Call { action, arn: arn.to_owned(), owner };
        let next = Ask(u32::try_from(self.calls.len()).unwrap_or(u32::MAX));
        let ask = *self.known.entry(call.clone()).or_insert(next);
        if ask == next {
            self.calls.push(call);
        }
        ask
    }

    /// Asks them all. Calls that a service makes with the caller's rights count: a condition says so where it matters.
    pub fn answer(self, access: &Access<'_>) -> Answers {
        let mut by_action: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
        for (at, call) in self.calls.iter().enumerate() {
            by_action.entry(call.action).or_default().push(at);
        }
        let by_action: Vec<(&str, Vec<usize>)> = by_action.into_iter().collect();
        let found: Vec<Sets> =
            by_action.par_iter().with_max_len(1).map(|(action, asks)| self.of_action(access, action, asks)).collect();
        let mut pool = Pool::default();
        let mut all: Vec<Arc<Able>> = vec![pool.keep(Able::default()); self.calls.len()];
        for ((_, asks), sets) in by_action.into_iter().zip(found) {
            let kept: Vec<Arc<Able>> = sets.distinct.into_iter().map(|able| pool.keep(able)).collect();
            for (ask, set) in asks.into_iter().zip(sets.of_ask) {
                if let (Some(place), Some(able)) = (all.get_mut(ask), kept.get(set)) {
                    *place = Arc::clone(able);
                }
            }
        }
        Answers { all, calls: self.calls, pool }
    }

    /// Who can make each of some calls of one action.
    fn of_action(&self, access: &Access<'_>, action: &str, asks: &[usize]) -> Sets {
        let inventory = access.inventory();
        let mut targets = Targets::default();
        for call in asks.iter().filter_map(|at| self.calls.get(*at)) {
            push(&mut targets, inventory, &call.arn, call.owner);
        }
        let found = access.who_can(action, &targets, &circumstances());
        // For each target: which classes can, and how surely.
        let mut can: Vec<Vec<(u32, Level)>> = vec![Vec::new(); asks.len()];
        for (index, answer) in (0u32..).zip(&found) {
            for block in &answer.blocks {
                let Some(level) = level(&block.decision) else { continue };
                for target in block.targets.iter() {
                    if let Some(of_target) = can.get_mut(*target as usize) {
                        of_target.push((index, level));
                    }
                }
            }
        }
        let mut seen: FxHashMap<Vec<(u32, Level)>, usize> = FxHashMap::default();
        let mut sets = Sets { distinct: Vec::new(), of_ask: Vec::with_capacity(asks.len()) };
        for classes in can {
            let set = *seen.entry(classes).or_insert_with_key(|classes| {
                let mut able = Able::default();
                for (index, level) in classes {
                    let members = found.get(*index as usize).map(|answer| answer.principals.as_slice());
                    for principal in members.unwrap_or_default() {
                        // AWS alone acts as these.
                        if inventory.principal(*principal).is_some_and(|known| !known.service_linked) {
                            able.add(*principal, *level);
                        }
                    }
                }
                sets.distinct.push(able);
                sets.distinct.len().saturating_sub(1)
            });
            sets.of_ask.push(set);
        }
        sets
    }
}

/// Who can make which of some calls.
struct Sets {
    distinct: Vec<Able>,
    /// For each of the calls, the place of its set.
    of_ask: Vec<usize>,
}

/// Calls of all kinds: by somebody, or by a service with the caller's rights.
pub(super) fn circumstances() -> Context {
    Context::new(World::Open)
}

/// Adds what a call names to the targets of a question.
pub(super) fn push<'i>(targets: &mut Targets<'i>, inventory: &'i Inventory, arn: &str, owner: Option<ResourceId>) {
    let owned_by = owner.and_then(|id| inventory.resource(id));
    let mut target = match inventory.find_resource(arn).and_then(|id| inventory.resource(id)) {
        Some(known) => target_of(inventory, known),
        None => Target {
            account: arn::account_of(arn).map(|account| account.to_owned().into()),
            arn: arn.to_owned().into(),
            properties: owned_by.map(|known| &*known.properties),
            tags: Tags::Unsaid,
        },
    };
    if let Some(account) = owned_by.and_then(|known| inventory.account(known.account)) {
        target.account = Some((*account.id).into());
    }
    targets.push_part(target, owner);
}

/// Sets of principals, each kept once: thousands of stores are in the hands of few sets.
#[derive(Default)]
struct Pool {
    known: FxHashSet<Arc<Able>>,
    /// What was worked out before, by operation and the places of the operands.
    done: FxHashMap<(Operation, usize, usize), Arc<Able>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    And,
    Or,
    UnlessPrevented,
}

impl Pool {
    fn keep(&mut self, able: Able) -> Arc<Able> {
        match self.known.get(&able) {
            Some(known) => Arc::clone(known),
            None => {
                let able = Arc::new(able);
                self.known.insert(Arc::clone(&able));
                able
            }
        }
    }

    /// Operands are of this pool, so that a place is never used again.
    fn work_out(&mut self, operation: Operation, one: &Arc<Able>, other: &Arc<Able>) -> Arc<Able> {
        let place = |able: &Arc<Able>| Arc::as_ptr(able).addr();
        let key = (operation, place(one), place(other));
        if let Some(done) = self.done.get(&key) {
            return Arc::clone(done);
        }
        let result = match operation {
            Operation::And => one.and(other),
            Operation::Or => one.or(other),
            Operation::UnlessPrevented => one.unless_prevented(),
        };
        let result = self.keep(result);
        self.done.insert(key, Arc::clone(&result));
        result
    }
}

/// What came of the questions.
pub(super) struct Answers {
    all: Vec<Arc<Able>>,
    calls: Vec<Call>,
    pool: Pool,
}

impl Answers {
    /// The calls of the first of the ways.
    pub fn calls(&self, ways: &[Way]) -> Vec<Call> {
        let asks = ways.first().map(|way| way.all.as_slice()).unwrap_or_default();
        asks.iter().filter_map(|ask| self.calls.get(ask.0 as usize)).cloned().collect()
    }

    /// Nobody.
    pub fn nobody(&mut self) -> Arc<Able> {
        self.pool.keep(Able::default())
    }

    /// Who can do what was asked.
    pub fn of(&mut self, ask: Ask) -> Arc<Able> {
        match self.all.get(ask.0 as usize) {
            Some(able) => Arc::clone(able),
            None => self.nobody(),
        }
    }

    /// Who is in both.
    pub fn both(&mut self, one: &Arc<Able>, other: &Arc<Able>) -> Arc<Able> {
        self.pool.work_out(Operation::And, one, other)
    }

    /// Who can go one of the ways.
    pub fn any(&mut self, ways: &[Way]) -> Arc<Able> {
        let mut able = self.nobody();
        for way in ways {
            let one = self.all_of(way);
            able = self.pool.work_out(Operation::Or, &able, &one);
        }
        able
    }

    fn all_of(&mut self, way: &Way) -> Arc<Able> {
        let mut able = None;
        for ask in &way.all {
            let next = self.of(*ask);
            able = Some(match able {
                None => next,
                Some(before) => self.pool.work_out(Operation::And, &before, &next),
            });
        }
        let able = able.unwrap_or_else(|| self.nobody());
        if way.doubtful { self.pool.work_out(Operation::UnlessPrevented, &able, &able) } else { able }
    }
}
