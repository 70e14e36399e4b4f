//! Where an account comes from: a file, the built-in demo, or AWS itself.

use super::live::LiveArguments;
use crate::snapshot::{self, Snapshot};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

/// Which account to look at.
#[derive(Debug, Args)]
pub struct SourceArguments {
    /// Read a snapshot, or the output of `aws iam get-account-authorization-details`; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demo", "profile", "region", "role_arn", "external_id", "organization"])]
    pub snapshot: Option<PathBuf>,
    /// Use the built-in account: the weekend production vanished
    #[arg(long, conflicts_with_all = ["profile", "region", "role_arn", "external_id", "organization"])]
    pub demo: bool,
    #[command(flatten)]
    pub live: LiveArguments,
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
            None => self.live(),
        }
    }

    fn live(&self) -> anyhow::Result<Source> {
        Ok(Source { name: "AWS".to_owned(), snapshot: self.live.collect()?, notes: Vec::new() })
    }

    /// Reads what was asked for: the file, the demo, or an account in AWS; `None` when nothing was.
    pub fn read(&self) -> anyhow::Result<Option<Source>> {
        if self.demo {
            let snapshot = serde_json::from_str(DEMO).context("the built-in account cannot be read")?;
            return Ok(Some(Source { name: "the built-in demo account".to_owned(), snapshot, notes: Vec::new() }));
        }
        let Some(path) = &self.snapshot else {
            return self.live.asked().then(|| self.live()).transpose();
        };
        let loaded = snapshot::read(path)?;
        if loaded.snapshot.accounts.is_empty() {
            anyhow::bail!(
                "`{}` holds no account, so there is nothing to look at; `foureyes collect --out FILE` writes one that does",
                path.display()
            );
        }
        let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
        Ok(Some(Source { name, snapshot: loaded.snapshot, notes: loaded.notes }))
    }
}
