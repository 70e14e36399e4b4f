//! What principals can take from resources while acting as themselves, or through a service: one file a kind of means.
//!
//! Everything is asked in bulk and told in bulk: one [`Means`] for all who have it and all that it reaches.

mod amplify;
mod cloud_control;
mod deleted_by;
mod dns;
mod event;
mod key;
mod members;
mod own;
mod pipeline;
mod plan;
mod policy;
mod scaling;
mod stack;
mod stack_policy;
mod table;
mod trust;
mod workload;

use super::way::{By, Means};
use crate::access::Access;
use crate::inventory::{Inventory, PrincipalId, ResourceId};
use rustc_hash::FxHashMap;

/// Every kind of means.
pub const KINDS: &[&str] = &[
    amplify::AMPLIFY,
    workload::BUILD,
    workload::CONTAINER,
    dns::DNS,
    event::EVENT,
    workload::FUNCTION,
    key::KEY,
    own::OWN,
    stack::PASSED_ROLE,
    own::PIECEMEAL,
    pipeline::PIPELINE,
    pipeline::SOURCE,
    own::SERVICE,
    stack::DELETION,
    stack::UPDATE,
];

/// Whether means of this kind call an action of the catalogue of destruction on the resource itself.
pub(super) fn is_own_call(kind: &str) -> bool {
    [own::OWN, own::PIECEMEAL, own::SERVICE].contains(&kind)
}

/// All means on some resources.
#[derive(Debug, Default)]
pub struct MeansIndex {
    all: Vec<Means>,
    /// For each principal, the positions of its means.
    of_actor: Vec<Vec<u32>>,
    classes: Vec<Alike>,
}

/// Principals that the same policies reach and who have the same means.
#[derive(Debug, Default)]
pub struct Alike {
    /// Who, ascending.
    pub members: Vec<PrincipalId>,
    /// The positions of their means, ascending.
    pub positions: Vec<u32>,
}

impl MeansIndex {
    /// Finds every means on the resources, in an order that depends on nothing but the snapshot.
    pub fn new(access: &Access<'_>, resources: &[ResourceId]) -> MeansIndex {
        let inventory = access.inventory();
        let mut plans = own::plans(inventory, resources);
        plans.extend(stack::plans(inventory, resources));
        plans.extend(cloud_control::plans(inventory, resources));
        plans.extend(amplify::plans(inventory, resources));
        plans.extend(key::plans(inventory, resources));
        plans.extend(dns::plans(inventory, resources));
        plans.extend(scaling::plans(inventory, resources));
        let mut all = policy::where_needed(plan::solve(access, &plans));
        all = stack::by_one_role(policy::unless_forbidden(access, all));
        // What runs with a role can take what the role can take.
        let further = workload::means(access, &all);
        all.extend(further);
        MeansIndex::of(inventory, all)
    }

    /// Indexes means by who has them.
    fn of(inventory: &Inventory, all: Vec<Means>) -> MeansIndex {
        let mut of_actor: Vec<Vec<u32>> = vec![Vec::new(); inventory.principals.len()];
        for (position, means) in (0u32..).zip(&all) {
            for actor in means.actors.iter() {
                if let Some(known) = of_actor.get_mut(actor.0 as usize) {
                    known.push(position);
                }
            }
        }
        let mut alike: FxHashMap<_, Vec<PrincipalId>> = FxHashMap::default();
        for ((id, principal), positions) in inventory.principal_ids().zip(&of_actor) {
            if !positions.is_empty() {
                let policies: Vec<_> =
                    principal.policies.iter().map(|policy| (policy.document, &policy.through)).collect();
                alike.entry((positions, policies)).or_default().push(id);
            }
        }
        let mut classes: Vec<Alike> = alike
            .into_iter()
            .map(|((positions, _), members)| Alike { members, positions: positions.clone() })
            .collect();
        classes.sort_by(|one, other| one.members.cmp(&other.members));
        MeansIndex { all, of_actor, classes }
    }

    /// The same with other ids of the roles that services act on; `None`: one that was not read.
    pub(super) fn with_roles(mut self, other: impl Fn(PrincipalId) -> Option<PrincipalId>) -> MeansIndex {
        for step in self.all.iter_mut().flat_map(|means| &mut means.steps) {
            if let By::Role(role) = step.by {
                step.by = other(role).map_or(By::Unread, By::Role);
            }
        }
        self
    }

    /// All of them.
    pub fn all(&self) -> &[Means] {
        &self.all
    }

    /// Principals that are alike, in the order of their first.
    pub fn classes(&self) -> &[Alike] {
        &self.classes
    }

    /// By position.
    pub fn get(&self, position: u32) -> Option<&Means> {
        self.all.get(position as usize)
    }

    /// The positions of those that a principal has.
    pub fn positions_of(&self, principal: PrincipalId) -> &[u32] {
        self.of_actor.get(principal.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Those that a principal has.
    pub fn of_principal(&self, principal: PrincipalId) -> impl Iterator<Item = &Means> {
        self.positions_of(principal).iter().filter_map(|position| self.get(*position))
    }
}
