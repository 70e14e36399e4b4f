//! What everything else is made of: ARNs and the `*`/`?` matcher. Knows nothing of IAM and reads no files.

pub mod arn;
pub mod glob;
pub mod text;

pub use arn::Arn;
pub use glob::Glob;
