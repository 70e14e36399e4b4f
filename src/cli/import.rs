//! `foureyes collect --from-config`: a snapshot of what AWS Config and Cloud Control have told.

use super::output;
use crate::base::arn::is_account_id;
use crate::report::escape;
use crate::snapshot::{self, Snapshot};
use anyhow::bail;
use std::path::PathBuf;

/// Reads the files, and tells what was left out.
pub fn snapshot(files: &[PathBuf], account: Option<&str>) -> anyhow::Result<Snapshot> {
    if let Some(account) = account.filter(|account| !is_account_id(account)) {
        bail!("`{}` is not an account id; give its twelve digits", escape::terminal(account));
    }
    let loaded = snapshot::import(files, account)?;
    for note in &loaded.notes {
        output::note(&escape::terminal(note));
    }
    Ok(loaded.snapshot)
}
