//! Taking a resource by calling one of its own destructive actions, after its protection has been switched off where it
//! has one.

use super::super::direct;
use super::super::guard::{Guard, guard_of};
use super::super::terms::Terms;
use super::super::way::{By, Means, On, Step};
use crate::access::{Access, Answer, Block, Targets};
use crate::base::Certainty;
use crate::catalog::{self, destruction::Destructive};
use crate::engine::Verdict;
use crate::inventory::{Inventory, PrincipalId, ResourceId};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const KIND: &str = "own-action";

/// Every means by which somebody calls a destructive action of the catalogue on one of the resources.
pub(super) fn means(access: &Access<'_>, resources: &[ResourceId]) -> Vec<Means> {
    let inventory = access.inventory();
    let mut of_type: BTreeMap<&str, Vec<ResourceId>> = BTreeMap::new();
    for id in resources {
        if let Some(resource) = inventory.resource(*id) {
            of_type.entry(&resource.kind).or_default().push(*id);
        }
    }
    let clearing = Clearing::new(access, resources);
    let mut found = Vec::new();
    for entry in catalog::destruction::all() {
        let on: Vec<ResourceId> =
            entry.applies_to().iter().filter_map(|kind| of_type.get(kind)).flatten().copied().collect();
        if !on.is_empty() {
            ask(access, entry, &on, &clearing, &mut found);
        }
    }
    found
}

fn ask(access: &Access<'_>, entry: &Destructive, on: &[ResourceId], clearing: &Clearing, found: &mut Vec<Means>) {
    let inventory = access.inventory();
    let action = catalog::action(entry.action());
    let mut targets = Targets::default();
    // What each position stands for: an action without resources stands for all of them.
    let mut stands_for: Vec<Vec<ResourceId>> = Vec::new();
    for id in on {
        let Some(resource) = inventory.resource(*id) else { continue };
        for position in targets.aim(inventory, action, &resource.arn) {
            let position = position as usize;
            if stands_for.len() <= position {
                stands_for.resize(position.saturating_add(1), Vec::new());
            }
            if let Some(known) = stands_for.get_mut(position) {
                known.push(*id);
            }
        }
    }
    let mut seen: BTreeSet<(Vec<PrincipalId>, Vec<ResourceId>)> = BTreeSet::new();
    for answer in access.who_can(entry.action(), &targets, &direct()) {
        for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
            let mut hit: Vec<ResourceId> =
                block.targets.iter().filter_map(|at| stands_for.get(*at as usize)).flatten().copied().collect();
            hit.sort_unstable();
            hit.dedup();
            // One bucket stands behind its objects and itself: the first answer that takes it is told.
            if seen.insert((answer.principals.clone(), hit.clone())) {
                tell(inventory, entry, &answer, block, hit, clearing, found);
            }
        }
    }
}

fn tell(
    inventory: &Inventory,
    entry: &Destructive,
    answer: &Answer,
    block: &Block,
    hit: Vec<ResourceId>,
    clearing: &Clearing,
    found: &mut Vec<Means>,
) {
    let terms = Terms::of(&block.decision);
    let step = Step {
        by: By::Actor,
        action: entry.action().into(),
        on: On::Target,
        given: Vec::new(),
        verdict: block.decision.verdict,
        words: format!("{{who}} calls {}: {{what}} is lost", entry.action()).into(),
    };
    let mut add = |actors: &[PrincipalId], targets: &[ResourceId], terms: Terms, before: Option<Step>| {
        found.push(Means {
            kind: KIND,
            class: entry.class(),
            action: entry.action().into(),
            actors: actors.into(),
            targets: targets.into(),
            terms,
            steps: before.into_iter().chain([step.clone()]).collect(),
        });
    };
    let is_guarded =
        |id: &ResourceId| entry.blocked_by().is_some() && inventory.resource(*id).and_then(guard_of).is_some();
    let (guarded, open): (Vec<ResourceId>, Vec<ResourceId>) = hit.into_iter().partition(is_guarded);
    if !open.is_empty() {
        add(&answer.principals, &open, terms.clone(), None);
    }
    // Who can clear the guards of the same resources in the same way goes together.
    let mut same: BTreeMap<Vec<(ResourceId, Option<u32>)>, Vec<PrincipalId>> = BTreeMap::new();
    for principal in answer.principals.iter().filter(|_| !guarded.is_empty()) {
        let ways = guarded.iter().filter_map(|id| Some((*id, clearing.passes(*principal, *id)?)));
        same.entry(ways.collect()).or_default().push(*principal);
    }
    for (ways, principals) in same {
        let mut by_way: BTreeMap<(Option<u32>, Guard), Vec<ResourceId>> = BTreeMap::new();
        for (id, way) in ways {
            if let Some(guard) = inventory.resource(id).and_then(guard_of) {
                by_way.entry((way, guard)).or_default().push(id);
            }
        }
        for ((way, guard), ids) in by_way {
            match way.and_then(|way| clearing.decided.get(way as usize)) {
                Some((verdict, cleared)) => {
                    let reservation = if guard.read { "" } else { ", if it is on" };
                    let before = Step {
                        by: By::Actor,
                        action: guard.cleared_by.into(),
                        on: On::Target,
                        given: Vec::new(),
                        verdict: *verdict,
                        words: format!(
                            "{{who}} calls {} and switches {} of {{what}} off{reservation}",
                            guard.cleared_by, guard.property
                        )
                        .into(),
                    };
                    add(&principals, &ids, terms.clone().and(cleared.clone()), Some(before));
                }
                None => {
                    let reservation = Terms {
                        certainty: Certainty::Conditional,
                        conditions: BTreeSet::from([format!("unless {} is on, which was not read", guard.property)]),
                    };
                    add(&principals, &ids, terms.clone().and(reservation), None);
                }
            }
        }
    }
}

/// Who can switch off the protection of which resource.
struct Clearing {
    /// Verdict and terms, by number.
    decided: Vec<(Verdict, Terms)>,
    /// The number of the answer for a principal and a resource.
    found: FxHashMap<PrincipalId, Arc<FxHashMap<ResourceId, u32>>>,
    /// Resources of which nobody knows whether they are protected.
    unread: BTreeSet<ResourceId>,
}

impl Clearing {
    fn new(access: &Access<'_>, resources: &[ResourceId]) -> Clearing {
        let inventory = access.inventory();
        let mut by_action: BTreeMap<&str, Vec<ResourceId>> = BTreeMap::new();
        let mut unread = BTreeSet::new();
        for id in resources {
            if let Some(guard) = inventory.resource(*id).and_then(guard_of) {
                by_action.entry(guard.cleared_by).or_default().push(*id);
                if !guard.read {
                    unread.insert(*id);
                }
            }
        }
        let mut decided = Vec::new();
        let mut all: FxHashMap<PrincipalId, Vec<Arc<FxHashMap<ResourceId, u32>>>> = FxHashMap::default();
        for (action, ids) in by_action {
            let targets = Targets::of(inventory, ids.iter().copied());
            for answer in access.who_can(action, &targets, &direct()) {
                let mut one = FxHashMap::default();
                for block in answer.blocks.iter().filter(|block| !block.decision.verdict.is_denied()) {
                    let number = u32::try_from(decided.len()).unwrap_or(u32::MAX);
                    decided.push((block.decision.verdict, Terms::of(&block.decision)));
                    one.extend(block.targets.iter().filter_map(|at| ids.get(*at as usize)).map(|id| (*id, number)));
                }
                let one = Arc::new(one);
                for principal in &answer.principals {
                    all.entry(*principal).or_default().push(Arc::clone(&one));
                }
            }
        }
        let join = |maps: Vec<Arc<FxHashMap<ResourceId, u32>>>| match maps.as_slice() {
            [one] => Arc::clone(one),
            several => Arc::new(several.iter().flat_map(|map| map.iter().map(|(id, number)| (*id, *number))).collect()),
        };
        let found = all.into_iter().map(|(principal, maps)| (principal, join(maps))).collect();
        Clearing { decided, found, unread }
    }

    /// How a principal gets past the protection of a resource: by an answer, or because perhaps there is none; `None`: not
    /// at all.
    fn passes(&self, principal: PrincipalId, resource: ResourceId) -> Option<Option<u32>> {
        match self.found.get(&principal).and_then(|known| known.get(&resource)) {
            Some(number) => Some(Some(*number)),
            None => self.unread.contains(&resource).then_some(None),
        }
    }
}
