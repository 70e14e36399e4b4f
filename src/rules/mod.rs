//! The rules: data in `policies/`, run over an account. A rule asks a typed predicate; what it says to people stands in
//! its file.

pub mod cases;
mod definitions;
mod file;
mod headline;
mod kind;
mod predicate;
mod reach;
mod suppression;
mod unjudged;

pub use definitions::Definitions;
pub use file::{Fix, Predicate, Rule, RuleError, built_in, definitions, read_rule};
pub use kind::{Kind, Kinds, Known};
pub use suppression::Suppression;
pub use unjudged::{Unjudged, unjudged};

use crate::access::Access;
use crate::base::Certainty;
use crate::base::Glob;
use crate::finding::Finding;
use crate::inventory::{PrincipalId, words};
use crate::recovery::{self, Store};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// What the configuration says about an audit.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Patterns of the ARNs of those who are meant to be able to do everything.
    pub break_glass: Vec<Glob>,
    /// What is accepted for now.
    pub suppressions: Vec<Suppression>,
}

/// What the rules found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Violations, and answers that could not be decided, worst first.
    pub findings: Vec<Finding>,
    /// ARNs of break-glass principals that can do everything, which is what they are for.
    pub break_glass: Vec<String>,
    /// Violations that a suppression covers, with its place in the settings, worst first.
    pub accepted: Vec<(usize, Finding)>,
    /// Places of the suppressions that cover nothing, expired or not.
    pub unused: Vec<usize>,
}

/// What every predicate may look at.
pub(crate) struct Question<'q> {
    pub access: &'q Access<'q>,
    pub settings: &'q Settings,
    /// Principals that can do everything, with the conditions.
    pub administrators: &'q BTreeMap<PrincipalId, predicate::Administrator>,
    pub definitions: &'q Definitions,
    /// What kind each principal is of.
    pub kinds: &'q Kinds,
    /// What somebody can take of an environment without becoming somebody else; found when first asked for.
    pub means: &'q predicate::Taken<'q>,
    /// The ways to that by becoming somebody else.
    pub followed: &'q predicate::Followed<'q>,
    /// Roles that nobody of the snapshot may assume, though their trust policies name nobody else; found when first asked
    /// for.
    pub unreachable: &'q OnceLock<BTreeSet<PrincipalId>>,
    /// Suppressions of the rule that asks.
    pub suppressions: suppression::OfRule<'q>,
    /// What is known of the stores of an environment, once a rule has asked.
    stores: &'q OnceLock<(String, Vec<Store>)>,
}

impl Question<'_> {
    /// What is known of the stores of an environment.
    pub fn stores(&self, environment: &str) -> Cow<'_, [Store]> {
        let ask = || recovery::stores(self.access, environment);
        let (known, stores) = once(self.stores, || (environment.to_owned(), ask()));
        if known == environment { Cow::Borrowed(stores) } else { Cow::Owned(ask()) }
    }

    /// Whether the principal is meant to be able to do everything.
    pub fn is_break_glass(&self, principal: PrincipalId) -> bool {
        self.access
            .inventory()
            .principal(principal)
            .is_some_and(|known| self.settings.break_glass.iter().any(|glob| glob.matches(&known.arn)))
    }
}

/// What a cell holds, found when first asked for. Nobody waits for another to find it: rules run at the same time and share
/// their threads, and whoever waited could keep from going on the very one that it waits for.
pub(crate) fn once<T>(cell: &OnceLock<T>, find: impl Fn() -> T) -> &T {
    match cell.get() {
        Some(known) => known,
        None => {
            let found = find();
            cell.get_or_init(|| found)
        }
    }
}

/// Runs rules over an account.
pub fn run(rules: &[Rule], definitions: &Definitions, access: &Access<'_>, settings: &Settings) -> Outcome {
    let means = predicate::Taken::new(access);
    let environments: BTreeSet<&str> = rules.iter().filter_map(|rule| rule.predicate.follows()).collect();
    let (_, (administrators, kinds)) = rayon::join(
        || environments.iter().for_each(|environment| drop(means.of(environment))),
        || (predicate::administrators(access, definitions), Kinds::new(access, definitions)),
    );
    let (unreachable, stores, nobody) = (OnceLock::new(), OnceLock::new(), predicate::Followed::new());
    let question = Question {
        access,
        settings,
        administrators: &administrators,
        definitions,
        kinds: &kinds,
        means: &means,
        followed: &nobody,
        unreachable: &unreachable,
        suppressions: Vec::new(),
        stores: &stores,
    };
    // Who becomes whom is found out one step after the other: rules that do not ask for it use the time.
    let (followed, others) = rayon::join(
        || predicate::follow(&environments, &question),
        || {
            predicate::find_stores(rules, &question);
            ask_all(rules, &question, |rule| rule.predicate.follows().is_none())
        },
    );
    let question = Question { followed: &followed, ..question };
    let following = ask_all(rules, &question, |rule| rule.predicate.follows().is_some());
    let meant = administrators.keys().filter(|id| question.is_break_glass(**id));
    let meant = meant.filter_map(|id| access.inventory().principal(*id)).map(|known| known.arn.to_string()).collect();
    // To let go of who becomes whom takes time too.
    let (outcome, ()) = rayon::join(
        || Outcome { break_glass: meant, ..sorted(others.into_iter().chain(following).collect(), settings) },
        || drop(followed),
    );
    outcome
}

/// Findings apart from what is accepted, worst first.
fn sorted(mut found: Vec<(usize, Vec<predicate::Found>)>, settings: &Settings) -> Outcome {
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut outcome = Outcome::default();
    found.sort_unstable_by_key(|(place, _)| *place);
    for predicate::Found { finding, accepted, overdue } in found.into_iter().flat_map(|(_, found)| found) {
        used.extend(overdue);
        match accepted {
            None => outcome.findings.push(finding),
            Some(place) => {
                used.insert(place);
                outcome.accepted.push((place, finding));
            }
        }
    }
    outcome.unused = (0..settings.suppressions.len()).filter(|place| !used.contains(place)).collect();
    let undecided = |finding: &Finding| finding.certainty == Certainty::Unknown;
    outcome.findings.sort_by(|a, b| undecided(a).cmp(&undecided(b)).then_with(|| a.order(b)));
    outcome.accepted.sort_by(|(_, a), (_, b)| a.order(b));
    outcome
}

/// What some of the rules find, with their places, asked at the same time.
fn ask_all(
    rules: &[Rule],
    question: &Question<'_>,
    asks: impl Fn(&Rule) -> bool + Sync,
) -> Vec<(usize, Vec<predicate::Found>)> {
    let ask = |(place, rule): (usize, &Rule)| {
        let all = question.settings.suppressions.iter().enumerate();
        let suppressions = all.filter(|(_, suppression)| suppression.rule.matches(&rule.id)).collect();
        (place, predicate::run(rule, &Question { suppressions, ..*question }))
    };
    // One by one: some take a hundred times as long as others.
    rules.par_iter().with_max_len(1).enumerate().filter(|(_, rule)| asks(rule)).map(ask).collect()
}
