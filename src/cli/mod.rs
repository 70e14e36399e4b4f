//! The command line: arguments, one file a command, configuration, exit codes. The clock, the environment, printing and
//! exiting happen here and nowhere else.

mod audit;
mod becoming;
mod blast_radius;
mod collect;
mod config;
mod explain;
mod explain_finding;
mod import;
#[cfg(feature = "aws")]
mod init;
mod live;
mod outcome;
mod output;
mod outside;
#[cfg(feature = "aws")]
mod progress;
mod question;
mod recovery;
mod recovery_table;
mod rules;
mod simulate;
mod source;
mod suggest;
mod text;
mod through;
mod who_can;

use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// What a run comes to. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to complain of.
    Clean = 0,
    /// Violations at or above `--fail-on`.
    Violations = 1,
    /// Wrong usage, or the tool failed.
    Error = 2,
    /// Something could not be read, and nothing worse was found.
    Incomplete = 3,
}

/// Who can destroy production, does every rollout need a second pair of eyes, could we recover.
///
/// Audits the permissions of AWS accounts. Read-only: it never changes anything.
#[derive(Debug, Parser)]
#[command(name = "foureyes", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 clean, 1 violations, 2 usage or tool error, 3 something could not be read.\n\
                        Start with: foureyes audit --demo")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Tell more on standard error; twice for every call
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge an account against the rules and print violations with what to do about them
    Audit(audit::Arguments),
    /// Read an account and write a snapshot
    Collect(collect::Arguments),
    /// List who can do an action to a resource, under which conditions
    WhoCan(who_can::Arguments),
    /// List what of production is gone if somebody's credentials leak, or the owner makes a mistake
    BlastRadius(blast_radius::Arguments),
    /// Tell why a principal may or may not do an action to a resource, or all about a finding
    Explain(explain::Arguments),
    /// Tell whether and to what moment production data could be restored
    Recovery(recovery::Arguments),
    /// Decide requests written down as JSON Lines
    Simulate(simulate::Arguments),
    /// Print the read-only IAM policy that a live audit needs
    #[cfg(feature = "aws")]
    Init(init::Arguments),
    /// List the rules, show one, or test your own
    Rules(rules::Arguments),
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the program on the arguments of this process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Error } else { Exit::Clean };
            // Nothing is left to do when the terminal is gone.
            let _ = error.print();
            return ExitCode::from(code as u8);
        }
    };
    log_to_stderr(arguments.verbose);
    let done = match arguments.command {
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Collect(arguments) => collect::run(&arguments),
        Command::WhoCan(arguments) => who_can::run(&arguments),
        Command::BlastRadius(arguments) => blast_radius::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Recovery(arguments) => recovery::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        #[cfg(feature = "aws")]
        Command::Init(arguments) => init::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Completions { shell } => completions(shell),
    };
    match done {
        Ok(exit) => ExitCode::from(exit as u8),
        // The reader of a pipe went away (`| head`): that is its right.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(Exit::Error as u8)
        }
    }
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "foureyes", &mut text);
    output::print(&text)?;
    Ok(Exit::Clean)
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "foureyes=info,warn",
        _ => "foureyes=debug,info",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("FOUREYES_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .init();
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
