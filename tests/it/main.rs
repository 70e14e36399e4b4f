//! Integration tests.

#[cfg(test)]
mod snapshot;
