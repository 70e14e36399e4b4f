//! The ways in which somebody takes a resource away: by its own delete action, through the stack that made it, by becoming
//! somebody else first; and what stands in the way.

mod guard;
mod means;
mod terms;
mod way;

pub use means::{Alike, KINDS, MeansIndex};
pub use terms::Terms;
pub use way::{Actor, By, Call, Hop, Means, On, Step, Way};

use crate::engine::{Context, World};

/// A call that the principal makes itself.
pub fn direct() -> Context {
    Context::new(World::Open)
        .with("aws:ViaAWSService", &["false"])
        .with("aws:CalledVia", &[])
        .with("aws:CalledViaFirst", &[])
        .with("aws:CalledViaLast", &[])
}
