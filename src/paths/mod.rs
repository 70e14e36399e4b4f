//! The ways in which somebody takes a resource away: by its own delete action, through the stack that made it, by becoming
//! somebody else first; and what stands in the way.

mod at_large;
mod conditions;
mod dominion;
mod freed;
mod further;
mod goal;
mod graph;
mod guard;
mod guises;
mod kept;
mod means;
mod open_resources;
mod outsiders;
mod search;
mod surer;
mod technique;
mod terms;
mod way;
mod ways;

pub use at_large::{AtLarge, Guests, at_large, guests};
pub use conditions::Conditions;
pub use goal::{Holders, WayTo, ways_to};
pub use graph::Graph;
pub use means::{Alike, KINDS, MeansIndex};
pub use open_resources::{OpenResource, open_resources};
pub use outsiders::{OpenRole, Outsider, OutsiderKind, Strangers, lets_outsiders_in, letting_in, open_roles};
pub use search::Becoming;
pub use technique::{
    Changing, Gain, Named, Need, Precondition, Technique, TechniqueError, Through, Unread, built_in,
    read as read_technique, techniques,
};
pub use terms::Terms;
pub use way::{Actor, By, Call, Hop, Means, On, Step, Way};
pub use ways::{Lead, Leads, Ways};

use crate::engine::{Context, World};

/// A call that the principal makes itself.
pub fn direct() -> Context {
    Context::new(World::Open)
        .with("aws:ViaAWSService", &["false"])
        .with("aws:CalledVia", &[])
        .with("aws:CalledViaFirst", &[])
        .with("aws:CalledViaLast", &[])
}

/// Whether an action starts a session of a role.
fn chains(action: &str) -> bool {
    action.eq_ignore_ascii_case("sts:AssumeRole")
}

/// Keys that tell of a second factor.
const NO_SECOND_FACTOR: [&str; 2] = ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"];

/// A call by a session of a role: no second factor goes with it.
fn chained(context: Context) -> Context {
    NO_SECOND_FACTOR.iter().fold(context, |context, key| context.with(key, &[]))
}
