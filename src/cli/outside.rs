//! Of whom the snapshot does not hold: who can do what `who-can` asks about.

use super::outcome::Outcome;
use super::question::{Question, Requests};
use super::who_can::{Pair, Profile, Summary};
use crate::access::Access;
use crate::base::Certainty;
use crate::engine::Verdict;
use crate::inventory::PrincipalId;
use crate::paths::{Outsider, OutsiderKind, Terms, at_large, guests};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody whom the snapshot does not hold, and what it may do.
pub struct Outside {
    pub outsider: Outsider,
    /// Whose rights it has; `None`: its own.
    role: Option<PrincipalId>,
    pub profile: Profile,
}

/// For machines.
#[derive(Serialize)]
pub struct Told<'a> {
    who: String,
    kind: &'static str,
    name: &'a str,
    /// The role whose rights it has.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(flatten)]
    summary: Summary<'a>,
}

impl Outside {
    /// For machines.
    pub fn told<'a>(&'a self, access: &'a Access<'_>, summary: Summary<'a>) -> Told<'a> {
        Told {
            who: self.outsider.in_words(),
            kind: match self.outsider.kind {
                OutsiderKind::WebIdentity => "web-identity",
                OutsiderKind::Saml => "saml",
                OutsiderKind::Account => "account",
                OutsiderKind::Anyone => "anyone",
                OutsiderKind::PullRequest => "pull-request",
                OutsiderKind::Anonymous => "anonymous",
                OutsiderKind::Guest => "guest",
            },
            name: &self.outsider.name,
            role: self.role.and_then(|id| access.inventory().principal(id)).map(|role| &*role.arn),
            summary,
        }
    }

    /// Whether another may do all of this on no more conditions, and is somebody whom this one can be as well.
    fn is_told_by(&self, other: &Outside) -> bool {
        let wider = match other.outsider.kind {
            OutsiderKind::Anonymous => self.outsider.kind != OutsiderKind::Anonymous,
            OutsiderKind::Anyone => self.outsider.kind == OutsiderKind::Account,
            _ => false,
        };
        let covers = |one: &Outcome, pairs: &BTreeSet<Pair>| {
            let same = other.profile.iter().filter(|(known, _)| {
                known.verdict >= one.verdict
                    && known.conditions.iter().all(|condition| one.conditions.contains(condition))
            });
            let told: BTreeSet<Pair> = same.flat_map(|(_, pairs)| pairs.iter().copied()).collect();
            pairs.is_subset(&told)
        };
        wider && self.profile.iter().all(|(outcome, pairs)| covers(outcome, pairs))
    }
}

/// Those whom nobody else's row tells of.
pub fn rows(all: &[Outside]) -> Vec<&Outside> {
    all.iter().filter(|one| !all.iter().any(|other| one.is_told_by(other))).collect()
}

/// Everybody outside who may do what is asked about, or of whom nobody knows. `of`: what a role may do.
pub fn find<'p>(
    access: &Access<'_>,
    question: &Question<'_>,
    of: impl Fn(PrincipalId) -> Option<&'p Profile>,
) -> Vec<Outside> {
    let mut found: BTreeMap<Outsider, BTreeMap<Outcome, BTreeSet<Pair>>> = BTreeMap::new();
    for (number, requests) in (0u32..).zip(&question.requests) {
        for (outsider, outcome, pairs) in asked(access, question, requests, number) {
            found.entry(outsider).or_default().entry(outcome).or_default().extend(pairs);
        }
    }
    let whole = |by_outcome: BTreeMap<Outcome, BTreeSet<Pair>>| -> Profile { by_outcome.into_iter().rev().collect() };
    let mut all: Vec<Outside> = found
        .into_iter()
        .map(|(outsider, by_outcome)| Outside { outsider, role: None, profile: whole(by_outcome) })
        .collect();
    for guest in guests(access) {
        let mut by_outcome: BTreeMap<Outcome, BTreeSet<Pair>> = BTreeMap::new();
        for (outcome, pairs) in of(guest.role).into_iter().flatten().filter(|(one, _)| !one.verdict.is_denied()) {
            for pair in pairs {
                let action = question.requests.get(pair.0 as usize).map_or("", |requests| requests.action);
                let Some(terms) = guest.reach(action) else { continue };
                let outcome = outcome.clone().limited(guest.verdict, &guest.terms.clone().and(terms));
                by_outcome.entry(outcome).or_default().insert(*pair);
            }
        }
        if !by_outcome.is_empty() {
            all.push(Outside { outsider: guest.outsider, role: Some(guest.role), profile: whole(by_outcome) });
        }
    }
    all.sort_by(|one, other| (&one.outsider, one.role).cmp(&(&other.outsider, other.role)));
    all
}

/// What outsiders may do of one action.
fn asked(
    access: &Access<'_>,
    question: &Question<'_>,
    requests: &Requests<'_>,
    number: u32,
) -> Vec<(Outsider, Outcome, BTreeSet<Pair>)> {
    let targets: Vec<_> = requests.targets.iter().collect();
    targets
        .into_par_iter()
        .enumerate()
        .flat_map_iter(|(at, (target, resource))| {
            let stands_for = requests.stands_for.get(at).into_iter().flatten();
            let pairs: BTreeSet<Pair> = stands_for.map(|resource| (number, *resource)).collect();
            let all = at_large(access, requests.action, target, resource, &question.context);
            all.into_iter().map(move |one| {
                let outcome = Outcome::new(&one.decision, one.applied).limited(one.decision.verdict, &one.besides);
                (one.outsider, outcome, pairs.clone())
            })
        })
        .collect()
}

impl Outcome {
    /// The same, where something else has to allow it, and something to hold besides.
    fn limited(mut self, verdict: Verdict, terms: &Terms) -> Outcome {
        let most = match terms.certainty {
            Certainty::Unknown => Verdict::Unknown,
            _ if terms.conditions.is_empty() => Verdict::Allowed,
            _ => Verdict::AllowedIf,
        };
        self.verdict = self.verdict.min(verdict).min(most);
        self.conditions.extend(terms.conditions.iter().cloned());
        self.conditions.sort();
        self.conditions.dedup();
        self
    }
}
