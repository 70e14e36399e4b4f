//! Where an account comes from: a file, the built-in demo, or AWS itself.

use crate::snapshot::{self, Snapshot};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

/// Which account to look at.
#[derive(Debug, Args)]
pub struct SourceArguments {
    /// Read a snapshot, or the output of `aws iam get-account-authorization-details`; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demo", "profile", "region", "role_arn", "external_id"])]
    pub snapshot: Option<PathBuf>,
    /// Use the built-in account: the weekend production vanished
    #[arg(long, conflicts_with_all = ["profile", "region", "role_arn", "external_id"])]
    pub demo: bool,
    #[command(flatten)]
    pub live: LiveArguments,
}

/// How to reach an account in AWS. Everything else comes from the standard AWS configuration.
#[derive(Debug, Args)]
pub struct LiveArguments {
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub profile: Option<String>,
    /// Region to read; repeatable, or `all` for every enabled one [default: the configured region]
    #[arg(long, value_name = "REGION", help_heading = "AWS")]
    pub region: Vec<String>,
    /// Assume this role first
    #[arg(long, value_name = "ARN", help_heading = "AWS")]
    pub role_arn: Option<String>,
    /// External id that the role's trust policy asks for
    #[arg(long, value_name = "ID", requires = "role_arn", help_heading = "AWS")]
    pub external_id: Option<String>,
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
            let LiveArguments { profile, region, role_arn, external_id: _ } = &self.live;
            let asked = profile.is_some() || !region.is_empty() || role_arn.is_some();
            return asked.then(|| self.live()).transpose();
        };
        let loaded = snapshot::read(path)?;
        let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
        Ok(Some(Source { name, snapshot: loaded.snapshot, notes: loaded.notes }))
    }
}

impl LiveArguments {
    /// Reads the account.
    #[cfg(feature = "aws")]
    pub fn collect(&self) -> anyhow::Result<Snapshot> {
        use crate::collect::{Options, Regions, collect};
        let options = Options {
            profile: self.profile.clone(),
            regions: Regions::from_arguments(&self.region),
            role_arn: self.role_arn.clone(),
            external_id: self.external_id.clone(),
            ..Options::default()
        };
        let now = jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default();
        let bar = super::progress::Bar::new();
        let snapshot = collect(&options, &now.to_string(), &bar);
        bar.clear();
        Ok(snapshot?)
    }

    /// This program was built without the AWS SDK.
    #[cfg(not(feature = "aws"))]
    pub fn collect(&self) -> anyhow::Result<Snapshot> {
        anyhow::bail!(
            "this program was built without the feature `aws` and reads files only: give --snapshot FILE or --demo"
        )
    }
}
