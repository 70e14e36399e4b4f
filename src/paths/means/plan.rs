//! Plans: what would have to be allowed for a resource to be lost, and who may do all of it.
//!
//! Each kind of means writes plans. They are solved together: every distinct question is asked once, of all resources
//! that some plan asks it of; principals whose answers are the same in all that a plan asks go through it together.

use super::super::direct;
use super::super::terms::Terms;
use super::super::way::{By, Means, On, Step};
use super::table::{Ask, Book, Subject, Table};
use crate::access::Access;
use crate::catalog::destruction::Class;
use crate::engine::{Context, Verdict};
use crate::inventory::{PrincipalId, ResourceId};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A way in which some resources would be lost.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What kind of means it is.
    pub kind: &'static str,
    /// The kind of loss.
    pub class: Class,
    /// The action that is the loss.
    pub action: Arc<str>,
    /// What would be lost.
    pub targets: Vec<ResourceId>,
    /// What has to be done, in order.
    pub parts: Vec<Part>,
    /// What has to hold besides.
    pub terms: Terms,
    /// Somebody for whom it is no way of its own.
    pub except: Option<PrincipalId>,
}

/// A step of a plan.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// With whose rights.
    pub by: By,
    /// What is asked.
    pub ask: Ask,
    /// Of what.
    pub on: On,
    /// For people, with `{who}` and `{what}`.
    pub words: Arc<str>,
    /// What holds for those who may not do it; `None`: they get no further.
    pub otherwise: Option<Terms>,
    /// Whether it only clears something away.
    pub clears: bool,
}

impl Part {
    /// A call of whoever goes the way.
    pub fn call(action: &str, on: On, words: impl Into<Arc<str>>) -> Part {
        Part { by: By::Actor, ask: Ask::direct(action), on, words: words.into(), otherwise: None, clears: false }
    }

    /// The same with these condition keys.
    pub fn given(mut self, given: &[(&str, &[&str])]) -> Part {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        self.ask.given.extend(given.iter().map(|(key, values)| ((*key).to_owned(), owned(values))));
        self
    }

    /// The same, once the policy of what it names has been taken off.
    pub fn bare(mut self) -> Part {
        self.ask.bare = true;
        self
    }

    /// The same with somebody else's rights.
    pub fn by(mut self, by: By) -> Part {
        self.by = by;
        self
    }

    /// The same, to clear something away.
    pub fn clearing(mut self) -> Part {
        self.clears = true;
        self
    }

    fn is_asked(&self) -> bool {
        self.by != By::Unread
    }

    /// The same for those who may; for others, what must hold.
    pub fn or(mut self, terms: Terms) -> Part {
        self.otherwise = Some(terms);
        self
    }
}

/// The context of a call with these keys besides those of a direct call.
pub(super) fn context(given: &[(String, Vec<String>)]) -> Context {
    let mut context = direct();
    for (key, values) in given {
        context.set(key, values.clone());
    }
    context
}

/// Finds who can go which plan's way to which of its targets. In the order of the plans.
pub(super) fn solve(access: &Access<'_>, plans: &[Plan]) -> Vec<Means> {
    solve_each(access, plans).into_iter().flatten().collect()
}

/// The same for each plan by itself.
pub(super) fn solve_each(access: &Access<'_>, plans: &[Plan]) -> Vec<Vec<Means>> {
    let wanted = plans.iter().flat_map(|plan| {
        plan.parts.iter().filter(|part| part.is_asked()).flat_map(|part| {
            let subjects: Vec<Subject> = match &part.on {
                On::Target => plan.targets.iter().map(|target| Subject::Resource(*target)).collect(),
                On::Resource(id) => vec![Subject::Resource(*id)],
                On::Arn(arn) => vec![Subject::Arn(Arc::clone(arn))],
            };
            subjects.into_iter().map(|subject| (&part.ask, subject))
        })
    });
    let book = Book::new(access, wanted);
    let solver = Solver { book: &book, known: Mutex::default() };
    plans.par_iter().with_max_len(64).map(|plan| solver.solve(plan)).collect()
}

/// The rows of some principals in the tables that a plan asks about whoever goes the way, in the order of its parts.
type Rows = Vec<Option<u32>>;

/// Principals that answer alike in all that is asked of them.
type Classes = Arc<Vec<(Rows, Vec<PrincipalId>)>>;

struct Solver<'s> {
    book: &'s Book,
    /// Classes by the tables that tell them apart, and whether one may be missing there.
    known: Mutex<FxHashMap<Vec<(usize, bool)>, Classes>>,
}

/// Where a part looks: its table, and the place of the subject for each target.
struct Look<'p> {
    part: &'p Part,
    /// `None`: nobody is asked.
    table: Option<usize>,
    places: Vec<Option<u32>>,
    /// For what is done with a role's rights: its row.
    row: Option<u32>,
}

/// What each part of a plan comes to; `None`: it is left out, or not asked.
type Grants = Vec<Option<u32>>;

impl Solver<'_> {
    fn solve(&self, plan: &Plan) -> Vec<Means> {
        // From the end: what a service does with a role is the last, and what most roles may not.
        let looks = plan.parts.iter().rev().map(|part| self.look(plan, part)).collect::<Option<Vec<Look<'_>>>>();
        let Some(mut looks) = looks else { return Vec::new() };
        looks.reverse();
        // What a role may not do nobody does through it.
        let open: Vec<usize> = (0..plan.targets.len())
            .filter(|at| {
                looks
                    .iter()
                    .filter(|look| look.part.by != By::Actor)
                    .all(|look| self.grant(look, look.row, *at).is_some())
            })
            .collect();
        if open.is_empty() {
            return Vec::new();
        }
        let mut found: BTreeMap<(Grants, Vec<ResourceId>), Vec<PrincipalId>> = BTreeMap::new();
        let mut scratch: Grants = Vec::new();
        for (rows, members) in self.classes(&looks).iter() {
            let rows = spread(&looks, rows);
            // Most principals may not touch most stacks: that is seen before anything is said of what is in them.
            let fixed = |(look, row): (&Look<'_>, &Option<u32>)| {
                look.part.on == On::Target || self.grant(look, *row, 0).is_some()
            };
            if !looks.iter().zip(&rows).all(fixed) {
                continue;
            }
            let mut by_grants: FxHashMap<Grants, Vec<ResourceId>> = FxHashMap::default();
            for at in &open {
                scratch.clear();
                for (look, row) in looks.iter().zip(&rows) {
                    match self.grant(look, *row, *at) {
                        Some(grant) => scratch.push(grant),
                        None => break,
                    }
                }
                let Some(target) = plan.targets.get(*at).filter(|_| scratch.len() == looks.len()) else { continue };
                match by_grants.get_mut(&scratch) {
                    Some(targets) => targets.push(*target),
                    None => {
                        by_grants.insert(scratch.clone(), vec![*target]);
                    }
                }
            }
            for key in by_grants {
                let actors = members.iter().copied().filter(|member| Some(*member) != plan.except);
                found.entry(key).or_default().extend(actors);
            }
        }
        let mut all: Vec<Means> = found
            .into_iter()
            .filter(|(_, actors)| !actors.is_empty())
            .map(|((grants, mut targets), mut actors)| {
                actors.sort_unstable();
                targets.sort_unstable();
                targets.dedup();
                self.means(plan, &looks, &grants, &actors, &targets)
            })
            .collect();
        all.sort_by(|one, other| (&one.actors, &one.targets).cmp(&(&other.actors, &other.targets)));
        all
    }

    /// `None`: nobody can do it.
    fn look<'p>(&self, plan: &Plan, part: &'p Part) -> Option<Look<'p>> {
        if !part.is_asked() {
            return Some(Look { part, table: None, places: Vec::new(), row: None });
        }
        let (index, table) = self.book.find(&part.ask)?;
        // Most roles may do nothing of it, and some things nobody may.
        let row = match part.by {
            By::Role(role) => Some(table.row_of(role)?),
            By::Actor if table.members() == 0 && part.otherwise.is_none() => return None,
            By::Actor | By::Unread => None,
        };
        let places = match &part.on {
            On::Target => plan.targets.iter().map(|target| table.place(&Subject::Resource(*target))).collect(),
            On::Resource(id) => vec![table.place(&Subject::Resource(*id))],
            On::Arn(arn) => vec![table.place(&Subject::Arn(Arc::clone(arn)))],
        };
        Some(Look { part, table: Some(index), places, row })
    }

    /// Principals that answer alike in all that is asked of whoever goes the way.
    fn classes(&self, looks: &[Look<'_>]) -> Classes {
        let asked: Vec<(usize, bool)> = looks
            .iter()
            .filter(|look| look.part.by == By::Actor)
            .filter_map(|look| Some((look.table?, look.part.otherwise.is_some())))
            .collect();
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&asked) {
            return Arc::clone(known);
        }
        let found = Arc::new(self.find_classes(&asked));
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(asked, Arc::clone(&found));
        found
    }

    fn find_classes(&self, asked: &[(usize, bool)]) -> Vec<(Rows, Vec<PrincipalId>)> {
        let tables: Vec<(&Table, bool)> =
            asked.iter().filter_map(|(table, optional)| Some((self.book.get(*table)?, *optional))).collect();
        let needed = tables.iter().filter(|(_, optional)| !optional).map(|(table, _)| *table);
        let Some(rarest) = needed.min_by_key(|table| table.members()) else { return Vec::new() };
        let mut classes: FxHashMap<Rows, Vec<PrincipalId>> = FxHashMap::default();
        for principal in rarest.principals() {
            let rows: Option<Rows> = tables
                .iter()
                .map(|(table, optional)| {
                    let row = table.row_of(principal);
                    (row.is_some() || *optional).then_some(row)
                })
                .collect();
            if let Some(rows) = rows {
                classes.entry(rows).or_default().push(principal);
            }
        }
        let mut all: Vec<_> = classes.into_iter().collect();
        all.sort_unstable();
        all
    }

    /// What a part comes to for a target: a decision, or nothing where it is left out or not asked; `None`: it is denied.
    fn grant(&self, look: &Look<'_>, row: Option<u32>, at: usize) -> Option<Option<u32>> {
        let Some(table) = look.table else { return Some(None) };
        let place = match look.part.on {
            On::Target => look.places.get(at),
            On::Resource(_) | On::Arn(_) => look.places.first(),
        };
        let grant = row.zip(place.copied().flatten()).and_then(|(row, place)| self.book.get(table)?.grant(row, place));
        (grant.is_some() || look.part.otherwise.is_some()).then_some(grant)
    }

    fn means(
        &self,
        plan: &Plan,
        looks: &[Look<'_>],
        grants: &[Option<u32>],
        actors: &[PrincipalId],
        targets: &[ResourceId],
    ) -> Means {
        let mut terms = plan.terms.clone();
        let mut steps = Vec::new();
        for (look, grant) in looks.iter().zip(grants) {
            let part = look.part;
            let known = grant.zip(look.table).and_then(|(grant, table)| self.book.get(table)?.terms(grant));
            let verdict = match known {
                Some((verdict, own)) => {
                    terms = terms.and(own.clone());
                    verdict
                }
                None => {
                    terms = terms.and(part.otherwise.clone().unwrap_or_default());
                    if part.is_asked() {
                        continue;
                    }
                    Verdict::Unknown
                }
            };
            steps.push(Step {
                by: part.by,
                action: Arc::clone(&part.ask.action),
                on: part.on.clone(),
                given: part.ask.given.clone(),
                bare: part.ask.bare,
                verdict,
                clears: part.clears,
                words: Arc::clone(&part.words),
            });
        }
        Means {
            kind: plan.kind,
            class: plan.class,
            action: Arc::clone(&plan.action),
            actors: actors.into(),
            targets: targets.into(),
            terms,
            steps,
        }
    }
}

/// The rows of a class for all parts of a plan.
fn spread(looks: &[Look<'_>], rows: &[Option<u32>]) -> Vec<Option<u32>> {
    let mut rows = rows.iter().copied();
    let of_part = |look: &Look<'_>| match (look.part.by, look.table) {
        (By::Actor, Some(_)) => rows.next().flatten(),
        _ => look.row,
    };
    looks.iter().map(of_part).collect()
}
