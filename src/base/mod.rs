//! What everything else is made of: ARNs, the `*`/`?` matcher, how sure an answer is. Knows nothing of IAM
//! and reads no files.

pub mod arn;
mod certainty;
pub mod glob;
pub mod text;

pub use arn::Arn;
pub use certainty::Certainty;
pub use glob::Glob;
