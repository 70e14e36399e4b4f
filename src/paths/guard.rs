//! What stands between a destructive action and a resource: protections, and what must be emptied first. And whether there
//! is anything that the action could take.

use super::terms::Terms;
use crate::access::policy_was_read;
use crate::base::{Arn, Certainty};
use crate::catalog::guard::{self, Guard, State};
use crate::catalog::subject::{self, Presence};
use crate::inventory::{Inventory, Resource, ResourceId};

/// Something that must be cleared away before an action goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Obstacle {
    /// What it is.
    pub guard: &'static Guard,
    /// The resource that carries it; `None`: the target of the action itself.
    pub on: Option<ResourceId>,
    /// Whether it was read that it is there; otherwise nobody knows.
    pub read: bool,
}

/// What stands between an action and a resource; `None`: something that nobody clears away.
pub(super) fn obstacles(inventory: &Inventory, resource: &Resource, action: &str) -> Option<Vec<Obstacle>> {
    let now = inventory.collected_at.as_deref().and_then(|text| text.parse().ok());
    let mut all = Vec::new();
    for guard in guard::against(&resource.kind, action) {
        if let Some((kind, property)) = guard.each() {
            let carriers = parts(inventory, resource, kind, property);
            all.extend(carriers.map(|on| Obstacle { guard, on: Some(on), read: true }));
            continue;
        }
        let carrier = guard.at().map(|property| {
            let arn = resource.text(property)?;
            inventory.find_resource(arn).and_then(|id| Some((id, inventory.resource(id)?)))
        });
        let (on, state) = match carrier {
            None => (None, guard.state(&resource.properties, now)),
            Some(Some((id, carrier))) => (Some(id), guard.state(&carrier.properties, now)),
            Some(None) => (None, State::Unread),
        };
        match state {
            State::Off => {}
            State::On if guard.cleared_by().is_empty() && !guard.lessens() => return None,
            State::On => all.push(Obstacle { guard, on, read: true }),
            State::Unread => all.push(Obstacle { guard, on, read: false }),
        }
    }
    Some(all)
}

/// What must hold so that an action has something to take from a resource; `None`: it was read that there is nothing.
pub(super) fn something_to_take(inventory: &Inventory, resource: &Resource, action: &str) -> Option<Terms> {
    let Some(subject) = subject::of(&resource.kind, action) else { return Some(Terms::default()) };
    let presence = if subject.is_policy() {
        match (&resource.policy, policy_was_read(inventory, resource)) {
            (Some(_), _) => Presence::There,
            (None, true) => Presence::Missing,
            (None, false) => Presence::Unread,
        }
    } else {
        let read = subject.read_by().is_some_and(|(service, call)| inventory.was_read_of(resource, service, call));
        subject.presence(&resource.properties, read)
    };
    match presence {
        Presence::There => Some(Terms::default()),
        Presence::Missing => None,
        Presence::Unread => Some(Terms {
            certainty: Certainty::Conditional,
            conditions: [format!("if it has {}, which was not read", subject.what())].into(),
        }),
    }
}

/// Resources of a type that say in a property that they belong to this one.
fn parts<'i>(
    inventory: &'i Inventory,
    whole: &'i Resource,
    kind: &'i str,
    property: &'i str,
) -> impl Iterator<Item = ResourceId> + 'i {
    let name = Arn::parse(&whole.arn).map_or("", |arn| arn.name());
    let belongs = move |known: &Resource| {
        known.kind == kind
            && known.account == whole.account
            && known.text(property).is_some_and(|named| named == name || *named == *whole.arn)
    };
    inventory.resource_ids().filter(move |(_, known)| belongs(known)).map(|(id, _)| id)
}
