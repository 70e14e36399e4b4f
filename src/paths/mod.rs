//! The ways in which somebody acts on a resource without calling its own delete action: here, through the stack that
//! made it; and what stands in the way of a deletion.

mod guard;
mod stack;

pub use guard::{Guard, guard_of};
pub use stack::{StackDeletion, deleted_by, stack_deletions};
