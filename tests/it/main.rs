//! Integration tests.

#[cfg(feature = "aws")]
mod collect;
