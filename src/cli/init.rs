//! `foureyes init`: what is needed before the first live audit.

use super::{Exit, output};
use clap::Args;

/// Print what is needed before the first live audit.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The read-only IAM policy that collection needs, made from the calls that it makes
    #[arg(long, required = true)]
    iam_policy: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if arguments.iam_policy {
        let mut text = serde_json::to_vec_pretty(&crate::collect::policy())?;
        text.push(b'\n');
        output::print(&text)?;
    }
    Ok(Exit::Clean)
}
