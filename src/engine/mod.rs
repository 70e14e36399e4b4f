//! Decides one request against a stack of policies, exactly as AWS would, and says why.
//!
//! Knows nothing of accounts, findings, files or the clock. A closed-world request is allowed, denied or (where AWS's
//! documentation is silent, or a document unreadable) unknown. An open-world request may also be allowed under conditions,
//! which `solve` reduces to what a person understands.

mod caller;
pub mod case;
mod compile;
mod condition;
mod decide;
mod expand;
mod explain;
mod facts;
mod formula;
mod principal;
mod solve;
mod special;
mod template;
mod values;
mod words;

pub use caller::{Caller, CallerKind, NotACaller};
pub use compile::{Policy, ResourcePattern, Statement};
pub use decide::*;
pub use explain::{Explanation, LayerReport, PolicyReport, Reach, StatementReport, explain};
pub use facts::{Context, Facts, Known, Membership, PROPERTIES, Tags, Target, World, access_point};
pub use formula::{Atom, Formula, Key, Unseen};
pub use principal::Naming;
pub use solve::{Alternatives, Literal, Solution, is_satisfiable, solve};
pub use special::{asks_no_resource, assumes_role, is_trust, is_trusted, rcps_apply, scps_apply};
pub use values::{Members, ValueSet, date};
pub use words::{condition_in_words, conditions_in_words};
