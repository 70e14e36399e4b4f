//! What requests name besides the resources that are lost: the objects of a bucket, the stack.

use crate::access::named_by;
use crate::catalog;
use crate::inventory::{Inventory, ResourceId};
use crate::paths::{On, Step};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What requests name. Thousands of principals ask the same of the same: it is worked out once.
pub(super) struct Requests<'q> {
    inventory: &'q Inventory,
    /// By action and resource.
    known: FxHashMap<Arc<str>, FxHashMap<ResourceId, Vec<Arc<str>>>>,
}

impl<'q> Requests<'q> {
    pub fn new(inventory: &'q Inventory) -> Requests<'q> {
        Requests { inventory, known: FxHashMap::default() }
    }

    /// Adds what a step names besides the resources that it takes.
    pub fn add(&mut self, step: &Step, targets: &[ResourceId], into: &mut BTreeSet<Arc<str>>) {
        match &step.on {
            On::Resource(id) => into.extend(self.inventory.resource(*id).map(|known| Arc::clone(&known.arn))),
            On::Arn(_) => {}
            On::Target => {
                let inventory = self.inventory;
                let of_action = self.known.entry(Arc::clone(&step.action)).or_default();
                for target in targets {
                    let named = of_action.entry(*target).or_insert_with(|| besides(inventory, &step.action, *target));
                    into.extend(named.iter().cloned());
                }
            }
        }
    }
}

fn besides(inventory: &Inventory, action: &str, target: ResourceId) -> Vec<Arc<str>> {
    let Some((action, known)) = catalog::action(action).zip(inventory.resource(target)) else { return Vec::new() };
    let named = named_by(action, &known.arn).into_iter();
    named.filter(|name| name != "*" && **name != *known.arn).map(Arc::from).collect()
}
