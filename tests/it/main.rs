//! All integration tests, in one binary: linking the AWS SDK once is enough.

#[cfg(test)]
mod access;
#[cfg(test)]
mod engine_cases;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod snapshot;
