//! What somebody can take, and whether it comes back.

use crate::access::Access;
use crate::base::Certainty;
use crate::catalog::destruction::{self, Class};
use crate::inventory::{Inventory, PrincipalId, ResourceId, words};
use crate::paths::{Actor, Means, MeansIndex, Terms};
use crate::recovery::{Able, Store, WayBack, stores};
use crate::rules::Definitions;
use std::collections::BTreeMap;

/// A loss, by the surest and shortest way to it.
pub struct Loss {
    /// What is lost.
    pub resource: ResourceId,
    /// The kind of loss.
    pub class: Class,
    /// Those whom one has to become first; empty: nobody.
    pub become_first: Vec<String>,
    /// What is done then, with `{what}` for what is lost.
    pub steps: Vec<String>,
    /// Kind of means.
    pub means: &'static str,
    /// The action that is the loss.
    pub action: String,
    /// How sure, and under which conditions.
    pub terms: Terms,
    /// Whether it comes back.
    pub back: Back,
}

/// Whether what is lost comes back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Back {
    /// A store of data, and what its copies give back.
    Store {
        /// The best way back.
        way: WayBackKind,
        /// Whether the same principal can destroy every copy as well.
        copies_too: Option<Certainty>,
    },
    /// What the catalogue says of undoing the action.
    Undo(&'static str),
    /// Nothing is known that undoes it.
    Nothing,
}

/// [`WayBack`] with texts for moments, so that it can be sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WayBackKind {
    /// Any moment up to the latest.
    AnyMoment(Option<String>),
    /// One copy.
    Copy(String),
    /// A copy of unknown date.
    Undated,
    /// A deletion waits so many days.
    Waiting(u8),
    /// There is no copy.
    None,
    /// Not known.
    Unknown,
}

/// All losses that a principal can bring about in an environment: the most sensitive class first, then by ARN.
pub fn losses(access: &Access<'_>, definitions: &Definitions, principal: PrincipalId, environment: &str) -> Vec<Loss> {
    let inventory = access.inventory();
    let resources: Vec<ResourceId> = inventory
        .resource_ids()
        .filter(|(_, resource)| resource.environment.as_ref().is_some_and(|known| known.environment == environment))
        .map(|(id, _)| id)
        .collect();
    let index = MeansIndex::new(access, &resources);
    let mut best: BTreeMap<(Class, ResourceId), Candidate<'_>> = BTreeMap::new();
    for means in index.of_principal(principal) {
        for target in means.targets.iter() {
            let whole = definitions.losses.values().flatten().any(|action| **action == *means.action);
            let candidate = Candidate { means, actor: Actor::Principal(principal), whole };
            best.entry((means.class, *target))
                .and_modify(|known| {
                    if candidate.rank() < known.rank() {
                        *known = candidate;
                    }
                })
                .or_insert(candidate);
        }
    }
    let stores = stores(access, environment);
    let store_of: BTreeMap<ResourceId, &Store> = stores.iter().map(|store| (store.resource, store)).collect();
    let mut found: Vec<Loss> = best
        .into_iter()
        .map(|((class, resource), candidate)| candidate.loss(inventory, class, resource, principal, &store_of))
        .collect();
    found.sort_by_key(|loss| (order(loss.class), loss.resource));
    found
}

/// Means and who uses them.
#[derive(Clone, Copy)]
struct Candidate<'m> {
    means: &'m Means,
    actor: Actor,
    /// Whether the whole of the resource is lost, by what the rules call a loss.
    whole: bool,
}

impl Candidate<'_> {
    /// The surest, then what takes the whole, then what cannot be undone, then the shortest, then that of fewest
    /// conditions.
    fn rank(&self) -> (Certainty, bool, bool, usize, usize) {
        let terms = &self.means.terms;
        let undone = undo(&self.means.action).is_some();
        (terms.certainty, !self.whole, undone, self.means.steps.len(), terms.conditions.len())
    }

    fn loss(
        &self,
        inventory: &Inventory,
        class: Class,
        resource: ResourceId,
        principal: PrincipalId,
        stores: &BTreeMap<ResourceId, &Store>,
    ) -> Loss {
        let who = self.actor.principal().and_then(|id| inventory.principal(id)).map(words::principal);
        let who = who.unwrap_or_default();
        let means = self.means;
        Loss {
            resource,
            class,
            become_first: Vec::new(),
            steps: means.steps.iter().map(|step| step.words.replace("{who}", &who)).collect(),
            means: means.kind,
            action: means.action.to_string(),
            terms: means.terms.clone(),
            back: back(class, &means.action, principal, stores.get(&resource).copied()),
        }
    }
}

/// Whether it comes back. A store as a whole comes back from copies; of anything else the catalogue says how.
fn back(class: Class, action: &str, principal: PrincipalId, store: Option<&Store>) -> Back {
    if let Some(store) = store.filter(|_| class == Class::Data) {
        let way = match store.way_back {
            WayBack::AnyMoment { latest, .. } => WayBackKind::AnyMoment(latest.map(|moment| moment.to_string())),
            WayBack::Copy(moment) => WayBackKind::Copy(moment.to_string()),
            WayBack::UndatedCopy => WayBackKind::Undated,
            WayBack::Waiting { days, .. } => WayBackKind::Waiting(days),
            WayBack::None => WayBackKind::None,
            WayBack::Unknown => WayBackKind::Unknown,
        };
        let copies_too = if store.copies.is_empty() { None } else { level(&store.with_copies_by, principal) };
        return Back::Store { way, copies_too };
    }
    undo(action).map_or(Back::Nothing, Back::Undo)
}

/// How an action is undone, as the catalogue says it.
fn undo(action: &str) -> Option<&'static str> {
    destruction::find(action).and_then(|known| known.undo()).filter(|undo| !undo.starts_with("none"))
}

fn level(able: &Able, principal: PrincipalId) -> Option<Certainty> {
    let is_it = |id: PrincipalId| id == principal;
    if able.certain().any(is_it) {
        Some(Certainty::Certain)
    } else if able.conditional().any(is_it) {
        Some(Certainty::Conditional)
    } else if able.undecided().any(is_it) {
        Some(Certainty::Unknown)
    } else {
        None
    }
}

/// The most sensitive first.
pub fn order(class: Class) -> u8 {
    match class {
        Class::Data => 0,
        Class::Environment => 1,
        Class::Recovery => 2,
        Class::Guard => 3,
        Class::Audit => 4,
    }
}

impl Loss {
    /// Whether nothing that is known brings it back.
    pub fn is_for_good(&self) -> bool {
        match &self.back {
            Back::Store { way: WayBackKind::None, .. } | Back::Nothing => true,
            Back::Store { copies_too, .. } => matches!(copies_too, Some(Certainty::Certain | Certainty::Conditional)),
            Back::Undo(_) => false,
        }
    }
}
