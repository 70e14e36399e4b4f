//! What those gain who got the same answers to all requests of a technique.

use super::answers::Answered;
use super::ask::{Gained, Slot};
use super::{Named, Technique};
use crate::engine::Verdict;
use crate::paths::terms::Terms;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What a technique needs, all it can be done to, and the answers.
pub(super) struct Questions<'t> {
    technique: &'t Technique,
    slots: Vec<Slot>,
    /// Positions of slots that are alike.
    alike: Vec<Vec<usize>>,
    choices: Vec<Choice<'t>>,
    pub answered: Vec<Answered>,
}

/// What is made, or found unseen: it has one name in all requests.
struct Choice<'t> {
    on: &'t Named,
    /// Positions of the needs that name it.
    needs: Vec<usize>,
    /// Positions among the names that will do: of those to which every answer says the same, the first.
    names: Vec<usize>,
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
        let choices = choices(technique, &answered);
        Questions { technique, alike: alike(&slots, &answered), slots, choices, answered }
    }

    /// Whom those gain who got these answers, and under which terms.
    pub fn join(&self, key: &[&[u32]], shared: &mut Shared) -> Vec<Joined> {
        let Some(made) = self.made(key) else { return Vec::new() };
        let mut all = Vec::new();
        'kinds: for (kind, slots) in self.alike.iter().enumerate() {
            let Some((first, slot)) = slots.first().and_then(|at| Some((*at, self.slots.get(*at)?))) else { continue };
            let mut terms = slot.told.clone();
            let mut verdicts = Vec::with_capacity(self.answered.len());
            let mut picks = Vec::with_capacity(self.answered.len());
            for ((need, sets), wanted) in self.answered.iter().zip(key).zip(&self.technique.needs) {
                let places = need.places_of(first);
                let best = match made.get(&wanted.on) {
                    Some(pick) => {
                        places.get(*pick).and_then(|place| need.best_of(sets, *place)).map(|decided| (*pick, decided))
                    }
                    None => {
                        let mut best: Option<(usize, &(Verdict, Terms))> = None;
                        for (pick, place) in places.iter().enumerate() {
                            let Some(decided) = need.best_of(sets, *place) else { continue };
                            if best.is_none_or(|(_, (known, _))| *known < decided.0) {
                                best = Some((pick, decided));
                            }
                        }
                        best
                    }
                };
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

    /// Which name is best for each thing that is made, or found unseen, in all requests. `None`: there is none.
    fn made(&self, key: &[&[u32]]) -> Option<FxHashMap<&'t Named, usize>> {
        let mut made = FxHashMap::default();
        for Choice { on, needs, names } in &self.choices {
            let mut best: Option<(Verdict, usize)> = None;
            for name in names {
                let verdict = |at: &usize| {
                    let (need, sets) = (self.answered.get(*at)?, key.get(*at)?);
                    need.best_of(sets, *need.places_of(0).get(*name)?).map(|(verdict, _)| *verdict)
                };
                let all: Option<Vec<Verdict>> = needs.iter().map(verdict).collect();
                if let Some(least) = all.and_then(|all| all.into_iter().min())
                    && best.is_none_or(|(known, _)| known < least)
                {
                    best = Some((least, *name));
                }
            }
            made.insert(*on, best?.1);
        }
        Some(made)
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

/// What the requests of a technique name that is made, or found unseen.
fn choices<'t>(technique: &'t Technique, answered: &[Answered]) -> Vec<Choice<'t>> {
    let mut all: Vec<Choice<'_>> = Vec::new();
    for wanted in &technique.needs {
        if !matches!(wanted.on, Named::New(_) | Named::Any(_)) || all.iter().any(|known| known.on == &wanted.on) {
            continue;
        }
        let is_same = |at: &usize| technique.needs.get(*at).is_some_and(|other| other.on == wanted.on);
        let needs: Vec<usize> = (0..technique.needs.len()).filter(is_same).collect();
        let same: Vec<&Answered> = needs.iter().filter_map(|at| answered.get(*at)).collect();
        let count = same.first().map_or(0, |need| need.places_of(0).len());
        let mut known: FxHashSet<Vec<Option<u32>>> = FxHashSet::default();
        let is_new = |name: &usize| {
            let kind = |need: &&Answered| need.places_of(0).get(*name).map(|place| need.kind_of(*place));
            known.insert(same.iter().map(kind).collect())
        };
        let names = (0..count).filter(is_new).collect();
        all.push(Choice { on: &wanted.on, needs, names });
    }
    all
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
