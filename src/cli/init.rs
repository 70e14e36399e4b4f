//! `foureyes init`: what is needed before the first live audit.

use super::{Exit, output};
use clap::Args;

/// Print what is needed before the first live audit.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The read-only IAM policy that collection needs, made from the calls that it makes
    #[arg(long, required = true)]
    iam_policy: bool,
    /// For an audit of the whole organisation: also the right to assume the role of this name in every account
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = crate::collect::MEMBER_ROLE)]
    member_role: Option<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if arguments.iam_policy {
        let policy = match &arguments.member_role {
            Some(role) => crate::collect::organization_policy(role),
            None => crate::collect::policy(),
        };
        let mut text = serde_json::to_vec_pretty(&policy)?;
        text.push(b'\n');
        output::print(&text)?;
    }
    Ok(Exit::Clean)
}
