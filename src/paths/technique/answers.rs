//! Answers about the requests of a technique: what was asked about, and by what the answers tell it apart.

use crate::access::Answer;
use crate::engine::{Decision, Verdict};
use crate::inventory::PrincipalId;
use crate::paths::terms::Terms;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Names, any of which will do.
pub(super) type Aims = Arc<[Arc<str>]>;

/// The answers to one need.
pub(super) struct Answered {
    /// What was asked about.
    pub names: Vec<Arc<str>>,
    /// Lists of places among the names.
    lists: Vec<Vec<u32>>,
    /// For each slot, which list will do.
    aims: Vec<u32>,
    /// For each place its kind: to places of one kind every answer says the same.
    kinds: Vec<u32>,
    /// For each list its kind: places of the same kinds.
    list_kinds: Vec<u32>,
    /// Each once.
    decided: Vec<(Verdict, Terms)>,
    /// For each answer: the decision for each kind of place.
    sets: Vec<FxHashMap<u32, u32>>,
    pub by_principal: BTreeMap<PrincipalId, Vec<u32>>,
}

impl Answered {
    pub fn kind_of(&self, place: u32) -> u32 {
        self.kinds.get(place as usize).copied().unwrap_or_default()
    }

    /// The places that will do for a slot.
    pub fn places_of(&self, slot: usize) -> &[u32] {
        let list = self.aims.get(slot).and_then(|list| self.lists.get(*list as usize));
        list.map_or(&[], Vec::as_slice)
    }

    /// To slots of one kind every answer says the same.
    pub fn kind_of_aims(&self, slot: usize) -> u32 {
        let kind = self.aims.get(slot).and_then(|list| self.list_kinds.get(*list as usize));
        kind.copied().unwrap_or_default()
    }

    /// The best decision of some answers on a place.
    pub fn best_of(&self, sets: &[u32], place: u32) -> Option<&(Verdict, Terms)> {
        let kind = self.kind_of(place);
        let found = sets.iter().filter_map(|set| self.decided.get(*self.sets.get(*set as usize)?.get(&kind)? as usize));
        found.max_by_key(|(verdict, terms)| (*verdict, std::cmp::Reverse(terms.conditions.len())))
    }
}

/// Answers to one need as they come.
#[derive(Default)]
pub(super) struct Answers {
    names: Vec<Arc<str>>,
    lists: Vec<Vec<u32>>,
    aims: Vec<u32>,
    /// For each answer: sets of places with their decisions.
    blocks: Vec<Vec<(u32, u32)>>,
    /// Sets of places: answers that speak of the same places share them.
    spoken_of: Vec<Vec<u32>>,
    numbers: FxHashMap<Vec<u32>, u32>,
    decided: Vec<(Verdict, Terms)>,
    decided_numbers: FxHashMap<(Verdict, Terms), u32>,
    by_principal: BTreeMap<PrincipalId, Vec<u32>>,
}

impl Answers {
    /// None yet, for so many slots.
    pub fn new(slots: usize) -> Answers {
        Answers { aims: vec![0; slots], ..Answers::default() }
    }

    /// What is asked about so far.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Notes what is asked about for some slots, in one question.
    pub fn aim<'a>(&mut self, slots: impl Iterator<Item = (usize, &'a Aims)>) {
        let mut places: FxHashMap<Arc<str>, u32> = FxHashMap::default();
        // Slots that share their aims share the list.
        let mut known: FxHashMap<*const Arc<str>, u32> = FxHashMap::default();
        for (slot, aims) in slots {
            let list = *known.entry(aims.as_ptr()).or_insert_with(|| {
                let place = |name: &Arc<str>| {
                    *places.entry(Arc::clone(name)).or_insert_with(|| {
                        self.names.push(Arc::clone(name));
                        u32::try_from(self.names.len().saturating_sub(1)).unwrap_or(u32::MAX)
                    })
                };
                let list = aims.iter().map(place).collect();
                self.lists.push(list);
                u32::try_from(self.lists.len().saturating_sub(1)).unwrap_or(u32::MAX)
            });
            if let Some(known) = self.aims.get_mut(slot) {
                *known = list;
            }
        }
    }

    /// `first`: the place of the first target.
    pub fn take(&mut self, answers: Vec<Answer>, first: u32, is: &dyn Fn(&PrincipalId) -> bool) {
        // One decision holds for many.
        let mut known: FxHashMap<*const Decision, u32> = FxHashMap::default();
        let mut sets: FxHashMap<*const u32, u32> = FxHashMap::default();
        for answer in &answers {
            let mut blocks = Vec::new();
            for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
                let decided = *known.entry(Arc::as_ptr(&block.decision)).or_insert_with(|| {
                    let decided = (block.decision.verdict, Terms::of(&block.decision));
                    let next = u32::try_from(self.decided.len()).unwrap_or(u32::MAX);
                    *self.decided_numbers.entry(decided).or_insert_with_key(|decided| {
                        self.decided.push(decided.clone());
                        next
                    })
                });
                let set = *sets.entry(block.targets.as_ptr()).or_insert_with(|| {
                    let places: Vec<u32> = block.targets.iter().map(|place| first.saturating_add(*place)).collect();
                    let next = u32::try_from(self.spoken_of.len()).unwrap_or(u32::MAX);
                    *self.numbers.entry(places).or_insert_with_key(|places| {
                        self.spoken_of.push(places.clone());
                        next
                    })
                });
                blocks.push((set, decided));
            }
            if blocks.is_empty() {
                continue;
            }
            let number = u32::try_from(self.blocks.len()).unwrap_or(u32::MAX);
            self.blocks.push(blocks);
            for id in answer.principals.iter().filter(|id| is(id)) {
                self.by_principal.entry(*id).or_default().push(number);
            }
        }
    }

    /// All of them, with places of which no answer tells one from the other taken together.
    pub fn sorted(self) -> Answered {
        let mut kinds = vec![0_u32; self.names.len()];
        let mut count = 0_u32;
        for set in &self.spoken_of {
            // Those of a kind who are in the set part from those who are not.
            let mut parted: FxHashMap<u32, u32> = FxHashMap::default();
            for place in set {
                if let Some(kind) = kinds.get_mut(*place as usize) {
                    *kind = *parted.entry(*kind).or_insert_with(|| {
                        count = count.saturating_add(1);
                        count
                    });
                }
            }
        }
        let kind_of = |place: &u32| kinds.get(*place as usize).copied();
        let kinds_of: Vec<BTreeSet<u32>> =
            self.spoken_of.iter().map(|set| set.iter().filter_map(kind_of).collect()).collect();
        let set = |blocks: &Vec<(u32, u32)>| {
            let kinds = |(set, decided): &(u32, u32)| {
                let kinds = kinds_of.get(*set as usize).into_iter().flatten();
                let decided = *decided;
                kinds.map(move |kind| (*kind, decided))
            };
            blocks.iter().flat_map(kinds).collect()
        };
        let sets = self.blocks.iter().map(set).collect();
        let mut known: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let list_kind = |list: &Vec<u32>| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(list.iter().filter_map(kind_of).collect()).or_insert(next)
        };
        let list_kinds = self.lists.iter().map(list_kind).collect();
        let Answers { names, lists, aims, decided, by_principal, .. } = self;
        Answered { names, lists, aims, kinds, list_kinds, decided, sets, by_principal }
    }
}
