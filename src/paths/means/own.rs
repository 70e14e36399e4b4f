//! Taking a resource by calling one of the destructive actions of the catalogue on it, after what stands in the way has
//! been cleared.

use super::super::guard::{obstacles, something_to_take};
use super::super::terms::Terms;
use super::super::way::On;
use super::plan::{Part, Plan};
use super::policy;
use crate::base::Certainty;
use crate::catalog::destruction::{self, Class, Destructive};
use crate::catalog::told_as;
use crate::inventory::{Inventory, Resource, ResourceId};
use std::collections::BTreeMap;

/// One call, or a few, and the resource is gone or changed as a whole.
pub(super) const OWN: &str = "own-action";
/// Item by item, file by file, user by user.
pub(super) const PIECEMEAL: &str = "piecemeal";
/// A setting is changed, and a service does the rest with rights of its own.
pub(super) const SERVICE: &str = "service";

/// Plans for every destructive action on the resources.
pub(super) fn plans(inventory: &Inventory, resources: &[ResourceId]) -> Vec<Plan> {
    let mut of_type: BTreeMap<&str, Vec<ResourceId>> = BTreeMap::new();
    for id in resources {
        if let Some(resource) = inventory.resource(*id) {
            of_type.entry(told_as(&resource.kind)).or_default().push(*id);
        }
    }
    let mut plans = Vec::new();
    for entry in destruction::all() {
        for kind in entry.applies_to() {
            if let Some(on) = of_type.get(kind) {
                plan(inventory, entry, on, &mut plans);
            }
        }
    }
    plans
}

fn plan(inventory: &Inventory, entry: &'static Destructive, on: &[ResourceId], plans: &mut Vec<Plan>) {
    // Resources before which the same things stand go together, if it is as sure that there is something to take.
    let mut by_obstacles: BTreeMap<_, Vec<ResourceId>> = BTreeMap::new();
    for id in on {
        let Some(resource) = inventory.resource(*id) else { continue };
        let Some(terms) = something_to_take(inventory, resource, entry.action()) else { continue };
        if let Some(obstacles) = obstacles(inventory, resource, entry.action()) {
            by_obstacles.entry((obstacles, terms)).or_default().push(*id);
        }
    }
    let kind = match entry.carried_out_by() {
        Some(_) => SERVICE,
        None if entry.is_piecemeal() => PIECEMEAL,
        None => OWN,
    };
    for ((obstacles, terms), targets) in by_obstacles {
        let kept = obstacles.iter().any(|obstacle| obstacle.guard.lessens());
        let mut parts: Vec<Part> = Vec::new();
        for obstacle in &obstacles {
            let on = obstacle.on.map_or(On::Target, On::Resource);
            let whose = match obstacle.on.and_then(|id| inventory.resource(id)) {
                Some(carrier) => crate::inventory::words::resource(carrier),
                None => "{what}".to_owned(),
            };
            parts.extend(clear(obstacle.guard, &on, &whose, obstacle.read));
        }
        let action = entry.action();
        let happens = sentence(entry.consequence());
        let words = match entry.carried_out_by() {
            Some(service) => format!("{{who}} calls {action} on {{what}}, and {service} does the rest: {happens}"),
            None => format!("{{who}} calls {action} on {{what}}: {happens}"),
        };
        parts.push(Part::call(entry.action(), On::Target, words));
        let plan = Plan {
            kind,
            class: if kept { Class::Environment } else { entry.class() },
            action: entry.action().into(),
            targets,
            parts,
            terms,
            except: None,
        };
        plans.extend(policy::taken_off_first(inventory, &plan));
        plans.push(plan);
    }
}

/// A sentence as it goes on after a colon.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if !text.starts_with("AWS") => first.to_lowercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

/// The calls that clear a guard away. Where nobody knows whether it is on, who cannot call them may not need to.
pub(super) fn clear(guard: &'static crate::catalog::guard::Guard, on: &On, whose: &str, read: bool) -> Vec<Part> {
    let reservation = Terms {
        certainty: Certainty::Conditional,
        conditions: [format!("unless {} is on, which was not read", guard.name())].into(),
    };
    let part = |action: &&'static str| {
        let maybe = if read { "" } else { ", if it is on" };
        let words = format!("{{who}} {} ({action} on {whose}){maybe}", guard.how());
        let part = Part::call(action, on.clone(), words).clearing();
        if read { part } else { part.or(reservation.clone()) }
    };
    if guard.cleared_by().is_empty() {
        return Vec::new();
    }
    guard.cleared_by().iter().map(part).collect()
}

/// What stands before a resource of a stack when CloudFormation deletes it.
pub(super) fn clears(inventory: &Inventory, resource: &Resource, action: &str) -> Option<Vec<Part>> {
    let obstacles = obstacles(inventory, resource, action)?;
    // What CloudFormation made it clears away itself.
    let left = obstacles.iter().filter(|obstacle| !obstacle.guard.is_cleared_by_stacks());
    let parts = left.flat_map(|obstacle| {
        let on = obstacle.on.map_or(On::Target, On::Resource);
        clear(obstacle.guard, &on, "{what}", obstacle.read)
    });
    Some(parts.collect())
}
