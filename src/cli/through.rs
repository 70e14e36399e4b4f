//! Ways to a loss without the right itself: through a stack, a build, a pipeline, a service, a key; or after the policy that
//! forbids it was taken off. As `who-can --paths` and `explain` tell them.

use super::becoming::{Step, holders};
use super::question::Question;
use super::text::{Page, few, printable};
use crate::access::Access;
use crate::base::Certainty;
use crate::inventory::{Inventory, PrincipalId, ResourceId, words};
use crate::paths::{Actor, Hop, Means, MeansIndex, Terms, WayTo};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A way that some have.
#[derive(Debug)]
pub struct Through {
    /// Who, ascending.
    pub actors: Vec<PrincipalId>,
    kind: &'static str,
    /// The means, and what is lost.
    means: Means,
    target: ResourceId,
    terms: Terms,
    /// Told of the first of them.
    hops: Vec<Hop>,
}

/// A way, for machines.
#[derive(Debug, Serialize)]
pub struct Told {
    /// ARNs of those who have it.
    who: Vec<String>,
    /// The kind of means.
    by: &'static str,
    certainty: Certainty,
    conditions: Vec<String>,
    /// Told of the first of them.
    steps: Vec<Step>,
}

/// Everybody who may not do what is asked and can bring it about all the same, each by the surest and shortest way.
pub fn find(access: &Access<'_>, question: &Question<'_>) -> Vec<Through> {
    let inventory = access.inventory();
    let resources: BTreeSet<ResourceId> =
        question.resources.iter().filter_map(|arn| inventory.find_resource(arn)).collect();
    if resources.is_empty() {
        return Vec::new();
    }
    let resources: Vec<ResourceId> = resources.into_iter().collect();
    let index = MeansIndex::new(access, &resources);
    let asked = |means: &Means| question.requests.iter().any(|one| one.action.eq_ignore_ascii_case(&means.action));
    let other = |means: &Means| !means.is_own_call() || means.steps.iter().any(|step| step.bare);
    let able = holders(access, question);
    let mut best: BTreeMap<PrincipalId, (Certainty, usize, usize, usize)> = BTreeMap::new();
    for (position, means) in index.all().iter().enumerate().filter(|(_, means)| asked(means) && other(means)) {
        let rank = (means.terms.certainty, means.steps.len(), means.terms.conditions.len(), position);
        // Who may do it under conditions may have a way that is surer.
        let surer = |actor: &&PrincipalId| able.get(actor).is_none_or(|own| own.certainty > means.terms.certainty);
        for actor in means.actors.iter().filter(surer) {
            let known = best.entry(*actor).or_insert(rank);
            *known = rank.min(*known);
        }
    }
    let mut by_means: BTreeMap<(Certainty, usize), Vec<PrincipalId>> = BTreeMap::new();
    for (actor, (certainty, .., position)) in best {
        by_means.entry((certainty, position)).or_default().push(actor);
    }
    let through = |((_, position), actors): ((Certainty, usize), Vec<PrincipalId>)| {
        let means = index.all().get(position)?;
        let target = *means.targets.first()?;
        let hops = means.hops(inventory, Actor::Principal(*actors.first()?), target);
        Some(Through { actors, kind: means.kind, means: means.clone(), target, terms: means.terms.clone(), hops })
    };
    by_means.into_iter().filter_map(through).collect()
}

impl Through {
    /// Whether who goes the other way has this one, as surely.
    pub fn is_as_good_as(&self, other: &WayTo) -> bool {
        let has = matches!(other.from, Actor::Principal(id) if self.actors.binary_search(&id).is_ok());
        has && self.terms.certainty <= other.becomes.terms.certainty
    }

    /// The same, told of one of those who have it.
    pub fn of(self, inventory: &Inventory, actor: PrincipalId) -> Through {
        let hops = self.means.hops(inventory, Actor::Principal(actor), self.target);
        Through { actors: vec![actor], hops, ..self }
    }
}

impl Told {
    /// A way, for machines.
    pub fn new(inventory: &Inventory, through: &Through) -> Told {
        let known = through.actors.iter().filter_map(|id| inventory.principal(*id));
        Told {
            who: known.map(|principal| principal.arn.to_string()).collect(),
            by: through.kind,
            certainty: through.terms.certainty,
            conditions: through.terms.conditions.iter().cloned().collect(),
            steps: through.hops.iter().map(Step::new).collect(),
        }
    }
}

/// At most so many names of those who go one way.
const NAMES: usize = 6;

/// Tells at most so many ways.
const SHOWN: usize = 20;

/// Tells ways to people.
pub fn tell(page: &mut Page, inventory: &Inventory, ways: &[Through]) {
    for way in ways.iter().take(SHOWN) {
        let sure = match way.terms.certainty {
            Certainty::Certain => "",
            Certainty::Conditional => ", under conditions",
            Certainty::Unknown => ", perhaps",
        };
        page.say("");
        let names: Vec<String> =
            way.actors.iter().filter_map(|id| inventory.principal(*id)).map(words::principal).collect();
        page.say(&printable(&format!("{}{sure}:", few(&names, NAMES))));
        for (number, hop) in (1u32..).zip(&way.hops) {
            page.say(&printable(&format!("  {number}. {}", hop.words)));
        }
        for condition in &way.terms.conditions {
            page.say(&printable(&format!("  {condition}")));
        }
    }
    if let Some(more) = ways.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        page.say("");
        page.say(&format!("{more} more; `--format json` lists them."));
    }
}
