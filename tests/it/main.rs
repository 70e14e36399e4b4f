//! All integration tests, in one binary: linking the AWS SDK once is enough.

#[cfg(test)]
mod engine_cases;
#[cfg(test)]
mod fix;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod report;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod snapshot;
