//! Where an account comes from: a file, the built-in demo, or AWS itself.

use crate::snapshot::{self, Snapshot};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

/// Which account to look at.
#[derive(Debug, Args)]
pub struct SourceArguments {
    /// Read a snapshot, or the output of `aws iam get-account-authorization-details`; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "demo")]
    pub snapshot: Option<PathBuf>,
    /// Use the built-in account: the weekend production vanished
    #[arg(long)]
    pub demo: bool,
}

/// An account and where it came from.
pub struct Source {
    /// For people: the file's name, or what else it is.
    pub name: String,
    /// What is known.
    pub snapshot: Snapshot,
    /// What is worth telling about the reading.
    pub notes: Vec<String>,
}

const DEMO: &str = include_str!("demo/account.json");

impl SourceArguments {
    /// Reads the file or the demo, else the account of the standard AWS configuration.
    pub fn require(&self) -> anyhow::Result<Source> {
        match self.read()? {
            Some(source) => Ok(source),
            None => anyhow::bail!("give --snapshot FILE or --demo"),
        }
    }

    /// Reads the file or the demo; `None` when neither was asked for.
    pub fn read(&self) -> anyhow::Result<Option<Source>> {
        if self.demo {
            let snapshot = serde_json::from_str(DEMO).context("the built-in account cannot be read")?;
            return Ok(Some(Source { name: "the built-in demo account".to_owned(), snapshot, notes: Vec::new() }));
        }
        let Some(path) = &self.snapshot else { return Ok(None) };
        let loaded = snapshot::read(path)?;
        let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
        Ok(Some(Source { name, snapshot: loaded.snapshot, notes: loaded.notes }))
    }
}
