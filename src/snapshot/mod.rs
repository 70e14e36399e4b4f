//! The snapshot: the file format through which all knowledge of an account enters the program.
//!
//! `collect` writes it, people keep and send it, every answer is computed from it. The format is versioned
//! (`foureyes/snapshot/v1`) and described in `docs/snapshot.md`; resources use CloudFormation type and property names.

mod model;

pub use model::*;
