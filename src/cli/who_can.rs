//! The command.

use super::Exit;
use clap::Args;

/// Arguments.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: super::source::SourceArguments,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let _ = arguments.source.require()?.snapshot;
    Ok(Exit::Clean)
}
