//! Plans: what would have to be allowed for a resource to be lost, and who may do all of it.
//!
//! Each kind of means writes plans. They are solved together: every distinct question is asked once, of all resources
//! that some plan asks it of; principals whose answers are the same in all that a plan asks go through it together.

use super::super::direct;
use super::super::terms::Terms;
use super::super::way::{By, Means, On, Step};
use super::table::{Ask, Book, Subject};
use crate::access::Access;
use crate::catalog::destruction::Class;
use crate::engine::{Context, Verdict};
use crate::inventory::{PrincipalId, ResourceId};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// What is known of it already.
    pub known: Option<Verdict>,
    /// Whether it only clears something away.
    pub clears: bool,
}

impl Part {
    /// A call of whoever goes the way.
    pub fn call(action: &str, on: On, words: impl Into<Arc<str>>) -> Part {
        Part {
            by: By::Actor,
            ask: Ask::direct(action),
            on,
            words: words.into(),
            otherwise: None,
            known: None,
            clears: false,
        }
    }

    /// The same with these condition keys.
    pub fn given(mut self, given: &[(&str, &[&str])]) -> Part {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        self.ask.given.extend(given.iter().map(|(key, values)| ((*key).to_owned(), owned(values))));
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
        self.by != By::Unread && self.known.is_none()
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
    let solver = Solver { book: &book, principals: access.inventory().principals.len() };
    let solved: Vec<Vec<Means>> = plans.par_iter().map(|plan| solver.solve(plan)).collect();
    solved.into_iter().flatten().collect()
}

struct Solver<'s> {
    book: &'s Book,
    principals: usize,
}

/// Where a part looks: its table, and the place of the subject for each target.
struct Look<'p> {
    part: &'p Part,
    /// `None`: nobody is asked, the answer is not known.
    table: Option<usize>,
    places: Vec<Option<u32>>,
    /// For what is done with a role's rights: its row.
    row: Option<u32>,
}

/// What each part of a plan comes to; `None`: it is left out, or not known.
type Grants = Vec<Option<u32>>;

impl Solver<'_> {
    fn solve(&self, plan: &Plan) -> Vec<Means> {
        let looks: Vec<Look<'_>> = plan.parts.iter().map(|part| self.look(plan, part)).collect();
        let mut found: BTreeMap<(Grants, Vec<ResourceId>), Vec<PrincipalId>> = BTreeMap::new();
        for (rows, mut members) in self.classes(&looks) {
            members.retain(|member| Some(*member) != plan.except);
            if members.is_empty() {
                continue;
            }
            let mut by_grants: BTreeMap<Grants, Vec<ResourceId>> = BTreeMap::new();
            for (at, target) in plan.targets.iter().enumerate() {
                if let Some(grants) = self.grants(&looks, &rows, at) {
                    by_grants.entry(grants).or_default().push(*target);
                }
            }
            for key in by_grants {
                found.entry(key).or_default().extend(&members);
            }
        }
        let mut all: Vec<Means> = found
            .into_iter()
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

    fn look<'p>(&self, plan: &Plan, part: &'p Part) -> Look<'p> {
        if !part.is_asked() {
            return Look { part, table: None, places: Vec::new(), row: None };
        }
        let table = self.book.find(&part.ask);
        let place = |subject: Subject| table.and_then(|(_, table)| table.place(&subject));
        let places = match &part.on {
            On::Target => plan.targets.iter().map(|target| place(Subject::Resource(*target))).collect(),
            On::Resource(id) => vec![place(Subject::Resource(*id))],
            On::Arn(arn) => vec![place(Subject::Arn(Arc::clone(arn)))],
        };
        let row = match part.by {
            By::Role(role) => table.and_then(|(_, table)| table.row_of(role)),
            By::Actor | By::Unread => None,
        };
        Look { part, table: table.map(|(index, _)| index), places, row }
    }

    /// Principals that answer alike in all that is asked of them, with their row for each part.
    fn classes(&self, looks: &[Look<'_>]) -> Vec<(Vec<Option<u32>>, Vec<PrincipalId>)> {
        let asked = |look: &&Look<'_>| look.part.by == By::Actor && look.part.is_asked();
        let Some(rarest) = looks
            .iter()
            .filter(asked)
            .filter(|look| look.part.otherwise.is_none())
            .filter_map(|look| self.book.get(look.table?))
            .min_by_key(|table| table.members())
        else {
            return Vec::new();
        };
        let mut classes: FxHashMap<Vec<Option<u32>>, Vec<PrincipalId>> = FxHashMap::default();
        for principal in rarest.principals() {
            debug_assert!((principal.0 as usize) < self.principals, "of this inventory");
            let rows: Option<Vec<Option<u32>>> = looks
                .iter()
                .map(|look| match look.part.by {
                    By::Actor => {
                        let row = look.table.and_then(|at| self.book.get(at)).and_then(|table| table.row_of(principal));
                        (row.is_some() || look.part.otherwise.is_some()).then_some(row)
                    }
                    By::Role(_) | By::Unread => Some(look.row),
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

    /// What each part comes to for a target; `None`: some part is not allowed.
    fn grants(&self, looks: &[Look<'_>], rows: &[Option<u32>], at: usize) -> Option<Grants> {
        looks
            .iter()
            .zip(rows)
            .map(|(look, row)| {
                if !look.part.is_asked() {
                    return Some(None);
                }
                let place = match look.part.on {
                    On::Target => look.places.get(at),
                    On::Resource(_) | On::Arn(_) => look.places.first(),
                };
                let table = self.book.get(look.table?)?;
                let grant = row.zip(place.copied().flatten()).and_then(|(row, place)| table.grant(row, place));
                (grant.is_some() || look.part.otherwise.is_some()).then_some(grant)
            })
            .collect()
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
                    part.known.unwrap_or(Verdict::Unknown)
                }
            };
            steps.push(Step {
                by: part.by,
                action: Arc::clone(&part.ask.action),
                on: part.on.clone(),
                given: part.ask.given.clone(),
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
