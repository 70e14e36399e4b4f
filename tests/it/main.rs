//! Integration tests.

mod fix;
