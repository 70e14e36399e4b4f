//! All integration tests, in one binary: linking the AWS SDK once is enough.

mod engine_cases;
mod judge;
mod snapshot;
