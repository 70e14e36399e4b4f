//! Which targets a statement covers. Every distinct resource pattern is matched once a question, and only against the
//! targets that begin or end as the pattern does.

use super::statements::{Prepared, Statements, Written};
use super::targets::Asked;
use crate::engine::{Caller, CallerKind, Facts, Tags};
use crate::iam::{Statement, Version};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Positions of targets, ascending.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hits {
    All,
    Some(Vec<u32>),
}

impl Hits {
    pub(super) const NONE: Hits = Hits::Some(Vec::new());

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Hits::Some(targets) if targets.is_empty())
    }

    pub(super) fn contains(&self, target: u32) -> bool {
        match self {
            Hits::All => true,
            Hits::Some(targets) => targets.binary_search(&target).is_ok(),
        }
    }

    /// The positions, unless it is all of them.
    pub(super) fn some(&self) -> &[u32] {
        match self {
            Hits::All => &[],
            Hits::Some(targets) => targets,
        }
    }

    fn add(&mut self, other: &Hits) {
        match (&mut *self, other) {
            (Hits::All, _) => {}
            (_, Hits::All) => *self = Hits::All,
            (Hits::Some(mine), Hits::Some(theirs)) => {
                mine.extend(theirs);
                mine.sort_unstable();
                mine.dedup();
            }
        }
    }

    fn without(self, other: &Hits, count: u32) -> Hits {
        match (self, other) {
            (_, Hits::All) => Hits::NONE,
            (Hits::All, Hits::Some(out)) if out.is_empty() => Hits::All,
            (Hits::All, out) => Hits::Some((0..count).filter(|target| !out.contains(*target)).collect()),
            (Hits::Some(mine), out) => Hits::Some(mine.into_iter().filter(|target| !out.contains(*target)).collect()),
        }
    }
}

/// What a statement's resource element covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reach {
    /// Covered, whoever asks.
    pub certain: Hits,
    /// Perhaps covered: by a policy variable, or where AWS's documentation does not decide.
    pub possible: Hits,
    /// Whether a policy variable stands in a pattern: what is possible then differs from target to target.
    pub variable: bool,
}

impl Reach {
    pub(super) const EVERYTHING: Reach = Reach { certain: Hits::All, possible: Hits::NONE, variable: false };

    pub(super) fn is_empty(&self) -> bool {
        self.certain.is_empty() && self.possible.is_empty()
    }
}

/// What each resource pattern in question covers.
pub(super) struct Patterns {
    found: FxHashMap<u32, Reach>,
    count: u32,
}

impl Patterns {
    /// Matches the patterns of the statements that speak.
    pub(super) fn new<'q>(
        asked: &Asked<'_>,
        statements: &Statements<'_>,
        speaking: impl Iterator<Item = &'q Prepared>,
    ) -> Patterns {
        let mut known: Vec<u32> = speaking.flat_map(|prepared| &prepared.patterns).copied().collect();
        known.sort_unstable();
        known.dedup();
        let nobody = Caller {
            kind: CallerKind::Anonymous,
            arn: "".into(),
            account: None,
            name: "".into(),
            principal_arn: "".into(),
            service_linked: false,
        };
        let matched = known.into_par_iter().with_min_len(256).filter_map(|number| {
            let reach = matches(statements.pattern(number)?, asked, &nobody);
            // Most patterns name what is not in question: they are not worth keeping.
            (!reach.is_empty()).then_some((number, reach))
        });
        Patterns { found: matched.collect(), count: asked.count() }
    }

    /// What the statement covers.
    pub(super) fn of(&self, statement: &Statement, version: Version, prepared: &Prepared) -> Reach {
        let Some(resources) = &statement.resource else { return Reach::EVERYTHING };
        let certain = if prepared.on_everything { Hits::All } else { Hits::NONE };
        let mut listed = Reach { certain, possible: Hits::NONE, variable: false };
        for found in prepared.patterns.iter().filter_map(|number| self.found.get(number)) {
            listed.certain.add(&found.certain);
            listed.possible.add(&found.possible);
            listed.variable |= found.variable;
        }
        let possible = listed.possible.without(&listed.certain, self.count);
        if !resources.negated {
            return Reach { possible, ..listed };
        }
        // A variable without a value leaves open what a NotResource covers, far from what the pattern names too.
        if resources.values.iter().any(|text| has_variable(text, version)) {
            let possible = Hits::Some((0..self.count).collect());
            return Reach { certain: Hits::NONE, possible, variable: true };
        }
        let certain = Hits::All.without(&listed.certain, self.count).without(&possible, self.count);
        Reach { certain, possible, variable: false }
    }
}

/// Whether policy variables are replaced in the text.
pub(super) fn has_variable(text: &str, version: Version) -> bool {
    version == Version::V2012 && text.contains('$') && text.contains("${")
}

fn matches(written: &Written<'_>, asked: &Asked<'_>, nobody: &Caller) -> Reach {
    let ends = written.ends();
    let near = asked.near(&ends.start, &ends.end);
    let (mut certain, mut possible) = (Vec::new(), Vec::new());
    if ends.variable {
        possible.extend(near.iter().map(|(_, target)| *target));
    } else if !near.is_empty() {
        let pattern = written.compiled();
        for (_, target) in near {
            let Some((known, _)) = asked.get(*target) else { continue };
            let facts = Facts {
                caller: nobody,
                caller_tags: Tags::Unsaid,
                organization: None,
                resource_organization: None,
                action: asked.action,
                entry: asked.entry,
                target: known,
                context: asked.context,
                since: None,
            };
            let (formula, _) = pattern.matches(&facts);
            if formula.is_true() {
                certain.push(*target);
            } else if !formula.is_false() {
                possible.push(*target);
            }
        }
    }
    certain.sort_unstable();
    possible.sort_unstable();
    // Whatever the number of targets: a list of them all is what an account full of `arn:aws:s3:::*` would be made of.
    let all = certain.len() == asked.count() as usize;
    Reach {
        certain: if all { Hits::All } else { Hits::Some(certain) },
        possible: Hits::Some(possible),
        variable: ends.variable,
    }
}
