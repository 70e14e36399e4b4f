//! Ways to a right by becoming somebody else, as `who-can --paths` and `explain` tell them.

use super::question::Question;
use super::text::{Page, printable};
use crate::access::Access;
use crate::base::Certainty;
use crate::inventory::Inventory;
use crate::paths::{self, Actor, Holders, Terms, WayTo};
use serde::Serialize;

/// A way, for machines.
#[derive(Debug, Serialize)]
pub struct Way {
    /// Who begins: an ARN, or an outsider in words.
    who: String,
    /// Whom it becomes.
    becomes: String,
    certainty: Certainty,
    conditions: Vec<String>,
    steps: Vec<Step>,
}

/// A step of a way.
#[derive(Debug, Serialize)]
pub struct Step {
    /// The technique, or `trust`.
    by: String,
    requests: Vec<Request>,
    words: String,
}

/// A request of a step.
#[derive(Debug, Serialize)]
struct Request {
    action: String,
    on: String,
    verdict: String,
}

/// Everybody who can become somebody who may do what is asked.
pub fn find(access: &Access<'_>, question: &Question<'_>) -> Vec<WayTo> {
    paths::ways_to(access, paths::built_in(), &|access| holders(access, question))
}

/// Those who may do what is asked, each by its best answer.
pub fn holders(access: &Access<'_>, question: &Question<'_>) -> Holders {
    let mut all = Holders::new();
    for requests in &question.requests {
        for answer in access.who_can(requests.action, &requests.targets, &question.context) {
            let Some(best) = answer.best().filter(|block| !block.decision.verdict.is_denied()) else { continue };
            let terms = Terms::of(&best.decision);
            for principal in &answer.principals {
                let better = |known: &Terms| known.certainty > terms.certainty;
                if all.get(principal).is_none_or(better) {
                    all.insert(*principal, terms.clone());
                }
            }
        }
    }
    all
}

impl Way {
    /// A way, for machines.
    pub fn new(inventory: &Inventory, way: &WayTo) -> Way {
        let name = |actor: Actor, words: &str| {
            let principal = actor.principal().and_then(|id| inventory.principal(id));
            principal.map_or_else(|| words.to_owned(), |known| known.arn.to_string())
        };
        Way {
            who: name(way.from, &way.who),
            becomes: name(way.becomes.actor, &way.whom),
            certainty: way.becomes.terms.certainty,
            conditions: way.becomes.terms.conditions.iter().cloned().collect(),
            steps: way.becomes.hops.iter().map(Step::new).collect(),
        }
    }
}

impl Step {
    /// A step, for machines.
    pub fn new(hop: &paths::Hop) -> Step {
        let request = |call: &paths::Call| Request {
            action: call.action.to_string(),
            on: call.on.to_string(),
            verdict: call.verdict.to_string(),
        };
        Step { by: hop.by.to_string(), requests: hop.calls.iter().map(request).collect(), words: hop.words.clone() }
    }
}

/// Tells at most so many ways.
const SHOWN: usize = 40;

/// Tells ways to people.
pub fn tell(page: &mut Page, ways: &[WayTo]) {
    for way in ways.iter().take(SHOWN) {
        let sure = match way.becomes.terms.certainty {
            Certainty::Certain => "",
            Certainty::Conditional => ", under conditions",
            Certainty::Unknown => ", perhaps",
        };
        page.say("");
        page.say(&printable(&format!("{}, as {}{sure}:", way.who, way.whom)));
        for (number, hop) in (1u32..).zip(&way.becomes.hops) {
            page.say(&printable(&format!("  {number}. {}", hop.words)));
        }
        for condition in &way.becomes.terms.conditions {
            page.say(&printable(&format!("  {condition}")));
        }
    }
    if let Some(more) = ways.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        page.say("");
        page.say(&format!("{more} more; `--format json` lists them."));
    }
}
