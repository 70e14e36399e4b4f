//! How to reach AWS, and reading accounts there.

use clap::{ArgGroup, Args};

/// How to reach accounts in AWS. Everything else comes from the standard AWS configuration.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("assumes").args(["role_arn", "organization"]).multiple(true)))]
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
    /// External id that the trust policies of the roles ask for
    #[arg(long, value_name = "ID", requires = "assumes", help_heading = "AWS")]
    pub external_id: Option<String>,
    /// Most requests a second, over all accounts, services and regions [default: what AWS bears]
    #[arg(long, value_name = "N", value_parser = rate, help_heading = "AWS")]
    pub max_rate: Option<f64>,
    /// Longest time for one call, with all its retries
    #[arg(long, value_name = "SECONDS", default_value_t = 90, help_heading = "AWS",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub call_timeout: u64,
    /// Read all active accounts of the organisation, each through a role in it
    #[arg(long, help_heading = "AWS organisation")]
    pub organization: bool,
    /// Name of the role to assume in each account [default: foureyes-auditor]
    #[arg(long, value_name = "NAME", requires = "organization", help_heading = "AWS organisation")]
    pub member_role: Option<String>,
    /// Only these accounts
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        requires = "organization",
        help_heading = "AWS organisation"
    )]
    pub accounts: Vec<String>,
    /// All but these accounts
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        requires = "organization",
        help_heading = "AWS organisation"
    )]
    pub exclude_accounts: Vec<String>,
    /// Only accounts in this organisational unit (id or name) or below it; repeatable
    #[arg(long, value_name = "UNIT", requires = "organization", help_heading = "AWS organisation")]
    pub unit: Vec<String>,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (0.01..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("give a number of requests a second, from 0.01".to_owned()),
    }
}

impl LiveArguments {
    /// Whether anything was said about AWS.
    pub fn asked(&self) -> bool {
        self.profile.is_some() || !self.region.is_empty() || self.role_arn.is_some() || self.organization
    }
}

/// The time, as snapshots have it.
#[cfg(feature = "aws")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default()
}

#[cfg(feature = "aws")]
mod aws {
    use super::super::output;
    use super::super::progress::Bar;
    use super::LiveArguments;
    use crate::collect::{self, CollectError, Done, MEMBER_ROLE, Members, Options, Regions, Stop};
    use crate::report::escape;
    use crate::snapshot::{SCHEMA, Snapshot, WriteError};
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;
    use std::time::Duration;

    impl LiveArguments {
        /// Reads the account, or the accounts of the organisation.
        pub fn collect(&self) -> anyhow::Result<Snapshot> {
            if !self.organization {
                let options = self.options()?;
                let bar = Bar::new();
                let snapshot = collect::collect(&options, &super::now().to_string(), &bar);
                bar.clear();
                tell_of_stop(&options.stop);
                return Ok(snapshot?);
            }
            let mut whole = Snapshot {
                schema: SCHEMA.to_owned(),
                collected_at: Some(super::now().to_string()),
                organization: None,
                accounts: Vec::new(),
            };
            self.collect_each(&|_, _| false, &mut |one| {
                whole.organization = one.organization;
                whole.accounts.extend(one.accounts);
                Ok(())
            })?;
            whole.sort();
            Ok(whole)
        }

        /// Reads the accounts of the organisation that are not fresh, and hands over each when it is complete.
        pub fn collect_each(
            &self,
            is_fresh: &collect::IsFresh<'_>,
            keep: &mut dyn FnMut(Snapshot) -> Result<(), WriteError>,
        ) -> anyhow::Result<Done> {
            let options = self.options()?;
            let members = Members {
                role: self.member_role.clone().unwrap_or_else(|| MEMBER_ROLE.to_owned()),
                accounts: self.accounts.clone(),
                except: self.exclude_accounts.clone(),
                units: self.unit.clone(),
                ..Members::default()
            };
            let now = super::now().to_string();
            let bar = Bar::new();
            let done = collect::collect_organization(&options, &members, &now, &bar, is_fresh, keep);
            bar.clear();
            tell_of_stop(&options.stop);
            let done: Result<Done, CollectError> = done;
            let done = done?;
            if !done.inactive.is_empty() {
                output::note(&format!("not active, left out: {}", escape::terminal(&done.inactive.join(", "))));
            }
            Ok(done)
        }

        fn options(&self) -> anyhow::Result<Options> {
            Ok(Options {
                profile: self.profile.clone(),
                regions: Regions::from_arguments(&self.region),
                role_arn: self.role_arn.clone(),
                external_id: self.external_id.clone(),
                max_rate: self.max_rate,
                call_timeout: Duration::from_secs(self.call_timeout),
                stop: stop()?,
                ..Options::default()
            })
        }
    }

    /// The first Ctrl-C ends the collection and keeps what was read; the second ends the program.
    fn stop() -> std::io::Result<Stop> {
        /// What shells say of a program that was interrupted.
        const INTERRUPTED: i32 = 130;
        let stop = Stop::new();
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, INTERRUPTED, stop.flag())?;
            flag::register(signal, stop.flag())?;
        }
        Ok(stop)
    }

    fn tell_of_stop(stop: &Stop) {
        if stop.is_set() {
            output::note("interrupted: what was read until then is kept, the rest counts as not visible");
        }
    }
}

#[cfg(not(feature = "aws"))]
impl LiveArguments {
    /// This program was built without the AWS SDK.
    pub fn collect(&self) -> anyhow::Result<crate::snapshot::Snapshot> {
        anyhow::bail!(
            "this program was built without the feature `aws` and reads files only: give --snapshot FILE or --demo"
        )
    }
}
