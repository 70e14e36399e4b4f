//! Integration tests.

mod fix;
mod report;
