//! `foureyes collect`: writes a snapshot.

use super::live::LiveArguments;
use super::{Exit, output};
use crate::report::{AccountCoverage, escape};
use crate::snapshot::{self, Snapshot};
use clap::Args;
use std::path::PathBuf;

/// Read accounts and write what was read to a file, for audits later or elsewhere. Nothing is changed in AWS.
///
/// Into a directory, each account is written as soon as it has been read. When the run is interrupted, the same command
/// goes on where it stopped.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to write: a file, compressed when its name ends in .zst; or a directory, with a / at the end
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Do not read an account again whose file in the directory is younger than this and misses nothing that another try
    /// may bring
    #[arg(long, value_name = "TIME", default_value = "12h", requires = "organization")]
    fresh_for: jiff::SignedDuration,
    /// Do not ask AWS: make the snapshot from an answer of AWS Config (`aws configservice select-resource-config`) or Cloud
    /// Control (`aws cloudcontrol get-resource`); repeatable, also with the output of `aws iam
    /// get-account-authorization-details`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "region", "role_arn", "organization"])]
    from_config: Vec<PathBuf>,
    /// The account of entries that do not name theirs
    #[arg(long, value_name = "ID", requires = "from_config")]
    config_account: Option<String>,
    #[command(flatten)]
    live: LiveArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let out = &arguments.out;
    let is_directory = out.is_dir() || out.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]);
    if arguments.live.organization && is_directory {
        return each(arguments);
    }
    let snapshot = if arguments.from_config.is_empty() {
        arguments.live.collect()?
    } else {
        super::import::snapshot(&arguments.from_config, arguments.config_account.as_deref())?
    };
    if is_directory {
        snapshot::write_directory(out, &snapshot)?;
    } else {
        snapshot::write(out, &snapshot)?;
    }
    let missing = tell(&snapshot);
    output::note(&format!("written to {}", out.display()));
    Ok(exit(missing))
}

fn exit(missing: usize) -> Exit {
    if missing > 0 { Exit::Incomplete } else { Exit::Clean }
}

/// Tells what was read and what was not; gives the number of calls without an answer.
fn tell(snapshot: &Snapshot) -> usize {
    let mut missing: usize = 0;
    for account in &snapshot.accounts {
        for entry in &account.coverage {
            let of_account = AccountCoverage { account: account.id.clone(), entry: entry.clone() };
            if of_account.is_not_visible() {
                missing = missing.saturating_add(1);
                let detail = entry.detail.as_deref().unwrap_or("");
                output::note(&format!(
                    "not visible in {}: {}:{} {} {}",
                    account.id,
                    entry.service,
                    entry.operation,
                    entry.region.as_deref().unwrap_or(""),
                    escape::terminal(detail)
                ));
            }
        }
        output::note(&format!(
            "account {}: {} users, {} roles, {} other resources",
            account.id,
            account.authorization_details.user_detail_list.len(),
            account.authorization_details.role_detail_list.len(),
            account.resources.len()
        ));
    }
    missing
}

/// Reads the accounts of the organisation, each into its own file.
#[cfg(feature = "aws")]
fn each(arguments: &Arguments) -> anyhow::Result<Exit> {
    let out = &arguments.out;
    let regions = match crate::collect::Regions::from_arguments(&arguments.live.region) {
        crate::collect::Regions::These(regions) => regions,
        crate::collect::Regions::Default | crate::collect::Regions::All => Vec::new(),
    };
    let fresh = Fresh { directory: out, since: super::live::now().checked_sub(arguments.fresh_for)?, regions };
    let mut missing: usize = 0;
    let done = arguments.live.collect_each(&|id, organization| fresh.is_fresh(id, organization), &mut |one| {
        missing = missing.saturating_add(tell(&one));
        if fresh.keeps_older(&one) {
            output::note("interrupted before it was read: the file of an earlier run stays");
            return Ok(());
        }
        snapshot::write_directory(out, &one)
    })?;
    if !done.fresh.is_empty() {
        let hours = arguments.fresh_for;
        output::note(&format!("read less than {hours:#} ago, not read again: {}", done.fresh.join(", ")));
    }
    output::note(&format!("{} accounts written to {}", done.kept.len(), out.display()));
    Ok(exit(missing))
}

#[cfg(not(feature = "aws"))]
fn each(arguments: &Arguments) -> anyhow::Result<Exit> {
    Ok(exit(tell(&arguments.live.collect()?)))
}

/// What earlier runs left in the directory.
#[cfg(feature = "aws")]
struct Fresh<'a> {
    directory: &'a std::path::Path,
    since: jiff::Timestamp,
    /// The regions that must have been read; empty where they are not known beforehand.
    regions: Vec<String>,
}

#[cfg(feature = "aws")]
impl Fresh<'_> {
    fn read(&self, id: &str) -> Option<Snapshot> {
        snapshot::read(&self.directory.join(format!("{id}.json"))).ok().map(|loaded| loaded.snapshot)
    }

    /// Whether the file of an account is young enough, of the organisation as it is now, of the same regions, and without
    /// anything that another try may bring: what was refused will be refused again, but for the way in, which is one call.
    fn is_fresh(&self, id: &str, organization: Option<&snapshot::Organization>) -> bool {
        use crate::snapshot::Outcome;
        let Some(known) = self.read(id) else { return false };
        let [account] = known.accounts.as_slice() else { return false };
        let young = known
            .collected_at
            .as_deref()
            .and_then(|time| time.parse::<jiff::Timestamp>().ok())
            .is_some_and(|time| time >= self.since);
        let whole = account.coverage.iter().all(|entry| match entry.outcome {
            Outcome::Ok | Outcome::Unsupported => true,
            Outcome::Denied => entry.service != "sts",
            Outcome::Throttled | Outcome::Failed => false,
        });
        let regions = self
            .regions
            .iter()
            .all(|region| account.coverage.iter().any(|entry| entry.region.as_ref() == Some(region)));
        account.id == id && young && whole && regions && same(known.organization.as_ref(), organization)
    }

    /// Whether an account that was interrupted has an older file with more in it.
    fn keeps_older(&self, one: &Snapshot) -> bool {
        let interrupted = |account: &snapshot::Account| {
            account
                .coverage
                .iter()
                .any(|entry| entry.detail.as_deref().is_some_and(|text| text.contains(crate::collect::INTERRUPTED)))
        };
        one.accounts.iter().any(|account| {
            interrupted(account)
                && self.read(&account.id).is_some_and(|older| {
                    older.accounts.iter().any(|older| older.resources.len() >= account.resources.len())
                })
        })
    }
}

#[cfg(feature = "aws")]
fn same(known: Option<&snapshot::Organization>, now: Option<&snapshot::Organization>) -> bool {
    // Compared as they are written: sorted.
    let text = |organization: Option<&snapshot::Organization>| {
        let mut whole = Snapshot {
            schema: snapshot::SCHEMA.to_owned(),
            collected_at: None,
            organization: organization.cloned(),
            accounts: Vec::new(),
        };
        whole.sort();
        serde_json::to_string(&whole.organization).unwrap_or_default()
    };
    text(known) == text(now)
}
