//! Integration tests.

#[cfg(test)]
mod fix;
#[cfg(test)]
mod report;
