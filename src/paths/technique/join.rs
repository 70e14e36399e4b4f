//! What those gain who got the same answers to all requests of a technique.

use super::answers::Answered;
use super::ask::{Gained, Slot};
use super::{Named, Technique};
use crate::engine::Verdict;
use crate::paths::terms::Terms;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What a technique needs, all it can be done to, and the answers.
pub(super) struct Questions<'t> {
    technique: &'t Technique,
    slots: Vec<Slot>,
    /// Positions of slots that are alike.
    alike: Vec<Vec<usize>>,
    pub answered: Vec<Answered>,
}

/// Some whom one way of using a technique gains.
pub(super) struct Joined {
    pub gained: Arc<[Gained]>,
    /// Under which conditions.
    pub terms: Terms,
    /// What the engine says of each request.
    pub verdicts: Vec<Verdict>,
}

/// Whom a way of using a technique gains: by the number of those who are alike, and which name each request takes.
pub(super) type Shared = FxHashMap<(usize, Vec<usize>), Arc<[Gained]>>;

impl<'t> Questions<'t> {
    pub fn new(technique: &'t Technique, slots: Vec<Slot>, answered: Vec<Answered>) -> Questions<'t> {
        Questions { technique, alike: alike(&slots, &answered), slots, answered }
    }

    /// Whom those gain who got these answers, and under which terms.
    pub fn join(&self, key: &[&[u32]], shared: &mut Shared) -> Vec<Joined> {
        let Some(made) = one_name(self.technique, &self.answered, key) else { return Vec::new() };
        let mut all = Vec::new();
        'kinds: for (kind, slots) in self.alike.iter().enumerate() {
            let Some((first, slot)) = slots.first().and_then(|at| Some((*at, self.slots.get(*at)?))) else { continue };
            let mut terms = slot.told.clone();
            let mut verdicts = Vec::with_capacity(self.answered.len());
            let mut picks = Vec::with_capacity(self.answered.len());
            for ((need, sets), wanted) in self.answered.iter().zip(key).zip(&self.technique.needs) {
                let mut best: Option<(usize, &(Verdict, Terms))> = None;
                for (pick, place) in need.places_of(first).iter().enumerate() {
                    let is_other = |name: &Arc<str>| made.get(&wanted.on).is_some_and(|made| made != name);
                    if need.names.get(*place as usize).is_none_or(is_other) {
                        continue;
                    }
                    let Some(decided) = need.best_of(sets, *place) else { continue };
                    if best.is_none_or(|(_, (known, _))| *known < decided.0) {
                        best = Some((pick, decided));
                    }
                }
                let Some((pick, (verdict, own))) = best else { continue 'kinds };
                picks.push(pick);
                verdicts.push(*verdict);
                terms = terms.and(own.clone());
            }
            let gained = shared.entry((kind, picks)).or_insert_with_key(|(_, picks)| self.gained(slots, picks));
            all.push(Joined { gained: Arc::clone(gained), terms, verdicts });
        }
        all
    }

    fn gained(&self, slots: &[usize], picks: &[usize]) -> Arc<[Gained]> {
        let gained = |at: &usize| {
            let slot = self.slots.get(*at)?;
            let name = |(need, pick): (&Answered, &usize)| {
                let place = *need.places_of(*at).get(*pick)?;
                need.names.get(place as usize).cloned()
            };
            let on: Option<Box<[Arc<str>]>> = self.answered.iter().zip(picks).map(name).collect();
            let change = slot.change.clone();
            Some(Gained { principal: slot.principal, resource: slot.resource, on: on?, change })
        };
        slots.iter().filter_map(gained).collect()
    }
}

/// What is made, or found unseen, has one name in all requests: the best that all of them allow. `None`: there is none.
fn one_name<'t>(
    technique: &'t Technique,
    answered: &[Answered],
    key: &[&[u32]],
) -> Option<FxHashMap<&'t Named, Arc<str>>> {
    let mut made: FxHashMap<&Named, Arc<str>> = FxHashMap::default();
    for wanted in &technique.needs {
        if !matches!(wanted.on, Named::New(_) | Named::Any(_)) || made.contains_key(&wanted.on) {
            continue;
        }
        let same: Vec<(&Answered, &[u32])> = answered
            .iter()
            .zip(key)
            .zip(&technique.needs)
            .filter(|(_, other)| other.on == wanted.on)
            .map(|((need, sets), _)| (need, *sets))
            .collect();
        let (first, _) = same.first()?;
        let mut best: Option<(Verdict, &Arc<str>)> = None;
        for name in first.places_of(0).iter().filter_map(|place| first.names.get(*place as usize)) {
            let verdict = |(need, sets): &(&Answered, &[u32])| {
                let place = need.names.iter().position(|known| known == name)?;
                need.best_of(sets, u32::try_from(place).ok()?).map(|(verdict, _)| *verdict)
            };
            let all: Option<Vec<Verdict>> = same.iter().map(verdict).collect();
            if let Some(least) = all.and_then(|all| all.into_iter().min())
                && best.is_none_or(|(known, _)| known < least)
            {
                best = Some((least, name));
            }
        }
        made.insert(&wanted.on, Arc::clone(best?.1));
    }
    Some(made)
}

/// Slots to which every answer says the same, and of which the same must be supposed, by position.
fn alike(slots: &[Slot], answered: &[Answered]) -> Vec<Vec<usize>> {
    let mut kinds: FxHashMap<(&Terms, Vec<u32>), usize> = FxHashMap::default();
    let mut all: Vec<Vec<usize>> = Vec::new();
    for (at, slot) in slots.iter().enumerate() {
        let next = all.len();
        let kinds_of = answered.iter().map(|need| need.kind_of_aims(at)).collect();
        let kind = *kinds.entry((&slot.told, kinds_of)).or_insert(next);
        match all.get_mut(kind) {
            Some(known) => known.push(at),
            None => all.push(vec![at]),
        }
    }
    all
}
