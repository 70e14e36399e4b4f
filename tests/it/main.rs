//! Integration tests.

mod judge;
