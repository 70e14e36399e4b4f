//! `foureyes` asks three questions of an AWS account: who can destroy production, does every rollout need a second
//! pair of eyes, and could we recover.
//!
//! The snapshot is the only door: `collect` turns AWS into a [`snapshot::Snapshot`], and every answer is a pure
//! function of a snapshot, the rules of `policies/` and the configuration. The modules below stand in layers; a module
//! imports only from layers below its own, and `tests/it/layers.rs` holds them to it. `docs/architecture.md` tells the
//! whole story.

// Layer 0
pub mod base;
// Layer 1
pub mod catalog;
pub mod finding;
pub mod iam;
pub mod snapshot;
// Layer 2
pub mod engine;
pub mod inventory;
// Layer 3
pub mod access;
// Layer 4
pub mod paths;
pub mod recovery;
pub mod rollout;
// Layer 5
pub mod rules;
// Layer 6
#[cfg(feature = "aws")]
pub mod collect;
pub mod fix;
pub mod report;
// Layer 7
pub mod cli;
