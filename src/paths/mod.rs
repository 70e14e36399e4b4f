//! The ways in which somebody takes a resource away: by its own delete action, through the stack that made it, by becoming
//! somebody else first; and what stands in the way.

mod guard;
mod means;
mod stack;
mod terms;
mod way;

pub use guard::{Guard, Passage, Protection};
pub use means::MeansIndex;
pub use stack::{StackDeletion, Taken, deleted_by, stack_deletions};
pub use terms::{Terms, past_in_words};
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

/// A call that CloudFormation makes with the principal's credentials.
fn through_cloudformation() -> Context {
    let service: &[&str] = &["cloudformation.amazonaws.com"];
    Context::new(World::Open)
        .with("aws:ViaAWSService", &["true"])
        .with("aws:CalledVia", service)
        .with("aws:CalledViaFirst", service)
        .with("aws:CalledViaLast", service)
}
