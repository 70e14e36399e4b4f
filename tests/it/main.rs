//! Integration tests.

#[cfg(test)]
#[cfg(feature = "aws")]
mod collect;
