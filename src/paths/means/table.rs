//! Answers to one question, for everybody and everything that it is asked of.

use super::super::terms::Terms;
use super::plan::context;
use crate::access::{Access, ActionClass, Targets};
use crate::catalog::{self, Located};
use crate::engine::Verdict;
use crate::inventory::{Inventory, PrincipalId, ResourceId};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A question: an action, and how it is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ask {
    /// `service:Name`.
    pub action: Arc<str>,
    /// Condition keys besides those of a direct call.
    pub given: Vec<(String, Vec<String>)>,
    /// Whether the policy of the resource has been taken off before.
    pub bare: bool,
}

impl Ask {
    /// A call that somebody makes himself.
    pub fn direct(action: &str) -> Ask {
        Ask { action: action.into(), given: Vec::new(), bare: false }
    }
}

/// How an action is called, whichever it is.
type How<'a> = (&'a [(String, Vec<String>)], bool);

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A resource of the inventory.
    Resource(ResourceId),
    /// Something else, such as a role.
    Arn(Arc<str>),
}

/// The answers to all questions.
pub(super) struct Book {
    tables: Vec<Table>,
    by_ask: FxHashMap<Ask, usize>,
}

impl Book {
    /// Asks everything that is wanted, each question once.
    pub fn new<'a>(access: &Access<'_>, wanted: impl Iterator<Item = (&'a Ask, Subject)>) -> Book {
        let mut subjects: BTreeMap<&Ask, FxHashSet<Subject>> = BTreeMap::new();
        for (ask, subject) in wanted {
            subjects.entry(ask).or_default().insert(subject);
        }
        let asks: Vec<(&Ask, Vec<Subject>)> = subjects
            .into_iter()
            .map(|(ask, subjects)| {
                let mut subjects: Vec<Subject> = subjects.into_iter().collect();
                subjects.sort_unstable();
                (ask, subjects)
            })
            .collect();
        let distinct: FxHashSet<&Subject> = asks.iter().flat_map(|(_, subjects)| subjects).collect();
        let distinct: Vec<&Subject> = distinct.into_iter().collect();
        let locate = |subject| Some((subject, Located::new(arn_of(access.inventory(), subject)?)));
        let located: FxHashMap<&Subject, Located<'_>> = distinct.into_par_iter().filter_map(locate).collect();
        // What may turn out to be one question goes together.
        let mut known: FxHashMap<(ActionClass, How<'_>, &[Subject]), usize> = FxHashMap::default();
        let mut alike: Vec<Vec<usize>> = Vec::new();
        for (index, (ask, subjects)) in asks.iter().enumerate() {
            let next = alike.len();
            let at = *known.entry((access.class_of(&ask.action), (&ask.given, ask.bare), subjects)).or_insert(next);
            match alike.get_mut(at) {
                Some(all) => all.push(index),
                None => alike.push(vec![index]),
            }
        }
        let answered: Vec<Vec<(Table, Vec<&Ask>)>> = alike
            .par_iter()
            .with_max_len(1)
            .map(|indices| answer_alike(access, &located, indices.iter().filter_map(|index| asks.get(*index))))
            .collect();
        let (mut tables, mut by_ask) = (Vec::new(), FxHashMap::default());
        for (table, asks) in answered.into_iter().flatten() {
            by_ask.extend(asks.into_iter().map(|ask| (ask.clone(), tables.len())));
            tables.push(table);
        }
        Book { tables, by_ask }
    }

    /// The answers to a question, and where they stand.
    pub fn find(&self, ask: &Ask) -> Option<(usize, &Table)> {
        let index = *self.by_ask.get(ask)?;
        Some((index, self.tables.get(index)?))
    }

    /// By where they stand.
    pub fn get(&self, index: usize) -> Option<&Table> {
        self.tables.get(index)
    }
}

/// Answers asks whose actions are of one class, about the same subjects: once for all that name the same in a request.
fn answer_alike<'a>(
    access: &Access<'_>,
    located: &FxHashMap<&Subject, Located<'_>>,
    asks: impl Iterator<Item = &'a (&'a Ask, Vec<Subject>)>,
) -> Vec<(Table, Vec<&'a Ask>)> {
    let mut found: Vec<(Aimed<'_>, Table, Vec<&Ask>)> = Vec::new();
    for (ask, subjects) in asks {
        let aimed = Aimed::new(access, located, ask, subjects);
        match found.iter_mut().find(|(known, ..)| known.is_same(&aimed)) {
            Some((.., asks)) => asks.push(ask),
            None => {
                let table = Table::new(access, ask, subjects, &aimed);
                found.push((aimed, table, vec![ask]));
            }
        }
    }
    found.into_iter().map(|(_, table, asks)| (table, asks)).collect()
}

fn arn_of<'a>(inventory: &'a Inventory, subject: &'a Subject) -> Option<&'a str> {
    match subject {
        Subject::Resource(id) => inventory.resource(*id).map(|resource| &*resource.arn),
        Subject::Arn(arn) => Some(arn),
    }
}

/// What requests name when an action is aimed at some subjects.
struct Aimed<'t> {
    targets: Targets<'t>,
    /// The places of the subjects that each target stands for: an action without resources stands for all of them.
    stands_for: Vec<Vec<u32>>,
}

impl<'t> Aimed<'t> {
    fn new(
        access: &Access<'t>,
        located: &FxHashMap<&Subject, Located<'_>>,
        ask: &Ask,
        subjects: &[Subject],
    ) -> Aimed<'t> {
        let inventory = access.inventory();
        let action = catalog::action(&ask.action);
        let mut aimed = Aimed { targets: Targets::default(), stands_for: Vec::new() };
        for (place, subject) in (0u32..).zip(subjects) {
            let Some(located) = located.get(subject) else { continue };
            let positions = match ask.bare {
                false => aimed.targets.aim_at(inventory, action, located),
                true => aimed.targets.aim_bare(inventory, action, located),
            };
            for position in positions {
                let position = position as usize;
                if aimed.stands_for.len() <= position {
                    aimed.stands_for.resize(position.saturating_add(1), Vec::new());
                }
                if let Some(known) = aimed.stands_for.get_mut(position) {
                    known.push(place);
                }
            }
        }
        aimed
    }

    /// Whether the same is asked for the same subjects. What an ARN is depends on nothing but the inventory.
    fn is_same(&self, other: &Aimed<'_>) -> bool {
        let arns = self.targets.iter().map(|(target, _)| &target.arn);
        self.stands_for == other.stands_for && arns.eq(other.targets.iter().map(|(target, _)| &target.arn))
    }
}

/// Nobody's row.
const NONE: u32 = u32::MAX;

/// The answers to one question.
pub(super) struct Table {
    places: FxHashMap<Subject, u32>,
    /// Distinct decisions.
    grants: Vec<(Verdict, Terms)>,
    /// What some principals are allowed: places and decisions, by place.
    rows: Vec<Vec<(u32, u32)>>,
    /// The row of each principal.
    row_of: Vec<u32>,
    /// Everybody who has a row, ascending.
    principals: Vec<PrincipalId>,
}

impl Table {
    fn new(access: &Access<'_>, ask: &Ask, subjects: &[Subject], aimed: &Aimed<'_>) -> Table {
        let inventory = access.inventory();
        let mut table = Table {
            places: subjects.iter().cloned().zip(0u32..).collect(),
            grants: Vec::new(),
            rows: Vec::new(),
            row_of: vec![NONE; inventory.principals.len()],
            principals: Vec::new(),
        };
        let mut numbers: BTreeMap<(Verdict, Terms), u32> = BTreeMap::new();
        let mut known_rows: FxHashMap<Vec<(u32, u32)>, u32> = FxHashMap::default();
        for answer in access.who_can(&ask.action, &aimed.targets, &context(&ask.given)) {
            let mut row: BTreeMap<u32, (Verdict, u32)> = BTreeMap::new();
            for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
                let verdict = block.decision.verdict;
                let key = (verdict, Terms::of(&block.decision));
                let number = match numbers.get(&key) {
                    Some(number) => *number,
                    None => {
                        let number = u32::try_from(table.grants.len()).unwrap_or(NONE);
                        table.grants.push(key.clone());
                        numbers.insert(key, number);
                        number
                    }
                };
                for place in block.targets.iter().filter_map(|at| aimed.stands_for.get(*at as usize)).flatten() {
                    let best = row.entry(*place).or_insert((verdict, number));
                    if verdict > best.0 {
                        *best = (verdict, number);
                    }
                }
            }
            if row.is_empty() {
                continue;
            }
            let row: Vec<(u32, u32)> = row.into_iter().map(|(place, (_, number))| (place, number)).collect();
            let index = match known_rows.get(&row) {
                Some(index) => *index,
                None => {
                    let index = u32::try_from(table.rows.len()).unwrap_or(NONE);
                    table.rows.push(row.clone());
                    known_rows.insert(row, index);
                    index
                }
            };
            for principal in &answer.principals {
                if let Some(own) = table.row_of.get_mut(principal.0 as usize) {
                    *own = index;
                }
            }
            table.principals.extend(&answer.principals);
        }
        table.principals.sort_unstable();
        table
    }

    /// The place of what is asked about.
    pub fn place(&self, subject: &Subject) -> Option<u32> {
        self.places.get(subject).copied()
    }

    /// The row of a principal; `None`: it is denied everything.
    pub fn row_of(&self, principal: PrincipalId) -> Option<u32> {
        self.row_of.get(principal.0 as usize).copied().filter(|row| *row != NONE)
    }

    /// The decision in a row for a place; `None`: denied.
    pub fn grant(&self, row: u32, place: u32) -> Option<u32> {
        let row = self.rows.get(row as usize)?;
        // Most rows allow everything that is asked: then a place is its own position.
        if let Some((found, grant)) = row.get(place as usize)
            && *found == place
        {
            return Some(*grant);
        }
        let at = row.binary_search_by_key(&place, |(known, _)| *known).ok()?;
        row.get(at).map(|(_, grant)| *grant)
    }

    /// A decision.
    pub fn terms(&self, grant: u32) -> Option<(Verdict, &Terms)> {
        self.grants.get(grant as usize).map(|(verdict, terms)| (*verdict, terms))
    }

    /// How many principals are allowed something.
    pub fn members(&self) -> usize {
        self.principals.len()
    }

    /// Who is allowed something.
    pub fn principals(&self) -> impl Iterator<Item = PrincipalId> + '_ {
        self.principals.iter().copied()
    }
}
