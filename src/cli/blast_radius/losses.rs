//! What somebody can take, and whether it comes back.

use crate::access::Access;
use crate::base::Certainty;
use crate::catalog::destruction::{self, Class};
use crate::inventory::{Inventory, PrincipalId, ResourceId};
use crate::paths::{Actor, Lead, Means, MeansIndex, Technique, Terms, Ways};
use crate::recovery::{Able, Answer, Store, WayBack, stores};
use crate::rules::Definitions;
use std::collections::BTreeMap;
use std::sync::Arc;

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
pub fn losses(
    access: &Access<'_>,
    definitions: &Definitions,
    techniques: &[Technique],
    principal: PrincipalId,
    environment: &str,
) -> Vec<Loss> {
    let inventory = access.inventory();
    let resources = inventory.resources_of(environment);
    let ways = Ways::new(access, techniques, resources.clone(), Arc::new(MeansIndex::new(access, &resources)));
    let mut found = Best { inventory, definitions, best: BTreeMap::new() };
    let own = Actor::Principal(principal);
    let name = ways.graph().in_words(own);
    for means in ways.means_of(own) {
        for target in means.targets.iter() {
            found.offer(*target, Candidate { means, holder: own, who: &name, lead: None, whole: false });
        }
    }
    // What nobody but somebody else can take, whom one can become.
    let leads = ways.leads_from(own);
    let names: Vec<String> = leads.iter().map(|lead| ways.graph().in_words(lead.holder)).collect();
    for (lead, who) in leads.iter().zip(&names) {
        for means in ways.means_of(lead.holder) {
            for target in lead.adds_of(means.class).iter().filter(|target| means.targets.binary_search(target).is_ok())
            {
                found.offer(*target, Candidate { means, holder: lead.holder, who, lead: Some(lead), whole: false });
            }
        }
    }
    let stores = stores(access, environment);
    let store_of: BTreeMap<ResourceId, &Store> = stores.iter().map(|store| (store.resource, store)).collect();
    let mut losses: Vec<Loss> = found
        .best
        .into_iter()
        .map(|((class, resource), candidate)| candidate.loss(class, resource, principal, &store_of))
        .collect();
    losses.sort_by_key(|loss| (order(loss.class), loss.resource));
    losses
}

/// The best way to each loss.
struct Best<'m> {
    inventory: &'m Inventory,
    definitions: &'m Definitions,
    best: BTreeMap<(Class, ResourceId), Candidate<'m>>,
}

impl<'m> Best<'m> {
    fn offer(&mut self, target: ResourceId, candidate: Candidate<'m>) {
        if self.inventory.resource(target).is_none() {
            return;
        }
        let action = &*candidate.means.action;
        let whole = self.definitions.losses.values().flatten().any(|known| *known == *action);
        let candidate = Candidate { whole, ..candidate };
        self.best
            .entry((candidate.means.class, target))
            .and_modify(|known| {
                if candidate.rank() < known.rank() {
                    *known = candidate;
                }
            })
            .or_insert(candidate);
    }
}

/// Means, who uses them, and how one becomes that.
#[derive(Clone, Copy)]
struct Candidate<'m> {
    means: &'m Means,
    holder: Actor,
    who: &'m str,
    lead: Option<&'m Lead>,
    /// Whether the whole of the resource is lost, by what the rules call a loss.
    whole: bool,
}

impl Candidate<'_> {
    fn terms(&self) -> Terms {
        let own = self.means.terms.clone();
        self.lead.map_or_else(|| own.clone(), |lead| lead.terms.clone().and(own.clone()))
    }

    /// The surest, then what takes the whole, then what cannot be undone, then the shortest, then that of fewest
    /// conditions.
    fn rank(&self) -> (Certainty, bool, bool, usize, usize) {
        let terms = self.terms();
        let hops = self.lead.map_or(0, |lead| lead.hops.len()).saturating_add(self.means.steps.len());
        (terms.certainty, !self.whole, undo(&self.means.action).is_some(), hops, terms.conditions.len())
    }

    fn loss(
        &self,
        class: Class,
        resource: ResourceId,
        principal: PrincipalId,
        stores: &BTreeMap<ResourceId, &Store>,
    ) -> Loss {
        let means = self.means;
        Loss {
            resource,
            class,
            become_first: self.lead.iter().flat_map(|lead| &lead.hops).map(|hop| hop.words.clone()).collect(),
            steps: means.steps.iter().map(|step| step.words.replace("{who}", self.who)).collect(),
            means: means.kind,
            action: means.action.to_string(),
            terms: self.terms(),
            back: self.back(class, principal, stores.get(&resource).copied()),
        }
    }

    /// Whether it comes back. A store as a whole comes back from copies; of anything else the catalogue says how.
    fn back(&self, class: Class, principal: PrincipalId, store: Option<&Store>) -> Back {
        let Some(store) = store.filter(|_| class == Class::Data) else {
            return undo(&self.means.action).map_or(Back::Nothing, Back::Undo);
        };
        let way = match store.way_back {
            WayBack::AnyMoment { latest, .. } => WayBackKind::AnyMoment(latest.map(|moment| moment.to_string())),
            WayBack::Copy(moment) => WayBackKind::Copy(moment.to_string()),
            WayBack::UndatedCopy => WayBackKind::Undated,
            WayBack::Waiting { days, .. } => WayBackKind::Waiting(days),
            WayBack::None => WayBackKind::None,
            WayBack::Unknown => WayBackKind::Unknown,
        };
        let copies_too = if store.copies.is_empty() { None } else { self.copies_too(store, principal) };
        Back::Store { way, copies_too }
    }

    /// Whether every copy can be destroyed as well: by the principal, or by whom it becomes.
    fn copies_too(&self, store: &Store, principal: PrincipalId) -> Option<Certainty> {
        let by = |id| level(&store.with_copies_by, id);
        let holder = match self.holder {
            Actor::Principal(id) => by(id),
            // Who has given itself every right destroys what nothing but rights protects.
            _ => match store.independent {
                Answer::Yes => None,
                Answer::No => Some(Certainty::Certain),
                Answer::Unknown => Some(Certainty::Unknown),
            },
        };
        [by(principal), holder].into_iter().flatten().min()
    }
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
