//! All integration tests, in one binary: linking the AWS SDK once is enough.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

#[cfg(test)]
mod access;
#[cfg(test)]
mod becoming;
#[cfg(test)]
mod blast_radius;
#[cfg(test)]
#[cfg(feature = "aws")]
mod collect;
#[cfg(test)]
#[cfg(feature = "aws")]
mod collect_data;
#[cfg(test)]
#[cfg(feature = "aws")]
mod collect_delivery;
#[cfg(test)]
#[cfg(feature = "aws")]
mod collect_faults;
#[cfg(test)]
#[cfg(all(feature = "aws", target_os = "linux"))]
mod collect_memory;
#[cfg(test)]
#[cfg(feature = "aws")]
mod collect_organization;
#[cfg(test)]
#[cfg(feature = "aws")]
mod collect_program;
#[cfg(test)]
#[cfg(feature = "aws")]
mod collect_watching;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod determinism;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod engine_cases;
#[cfg(test)]
#[cfg(feature = "aws")]
mod fake_aws;
#[cfg(test)]
mod fix;
#[cfg(test)]
mod fuzz_entry_points;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod import;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod layers;
#[cfg(test)]
#[cfg(feature = "aws")]
mod marked;
#[cfg(test)]
mod metamorphic;
#[cfg(test)]
mod open_world;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod reachability;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod report;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod source;
#[cfg(test)]
mod suppress;
#[cfg(test)]
mod techniques;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod ways;
