//! The ways in which somebody acts on a resource without calling its own delete action: here, through the stack that
//! made it; and what stands in the way of a deletion.

mod guard;
mod stack;

pub use guard::{Guard, Passage, Protection};
pub use stack::{StackDeletion, Taken, deleted_by, stack_deletions};

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
