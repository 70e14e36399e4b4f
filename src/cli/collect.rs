//! `foureyes collect`: writes a snapshot.

use super::source::LiveArguments;
use super::{Exit, output};
use crate::report::AccountCoverage;
use crate::snapshot;
use clap::Args;
use std::path::PathBuf;

/// Read an account and write what was read to a file, for audits later or elsewhere. Nothing is changed in AWS.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to write; compressed when the name ends in .zst
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    live: LiveArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let snapshot = arguments.live.collect()?;
    snapshot::write(&arguments.out, &snapshot)?;
    let mut missing: usize = 0;
    for account in &snapshot.accounts {
        for entry in &account.coverage {
            let of_account = AccountCoverage { account: account.id.clone(), entry: entry.clone() };
            if of_account.is_not_visible() {
                missing = missing.saturating_add(1);
                let detail = entry.detail.as_deref().unwrap_or("");
                output::note(&format!(
                    "not visible: {}:{} {} {}",
                    entry.service,
                    entry.operation,
                    entry.region.as_deref().unwrap_or(""),
                    crate::report::escape::terminal(detail)
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
    output::note(&format!("written to {}", arguments.out.display()));
    Ok(if missing > 0 { Exit::Incomplete } else { Exit::Clean })
}
