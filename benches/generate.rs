//! Writes a generated account: `cargo bench --no-default-features --bench generate -- --principals 10000 --out FILE`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a bench computes with its own numbers, tells what it did, and stops when something is amiss"
)]

#[allow(dead_code, reason = "each bench uses its part")]
mod account;

use account::Shape;
use clap::Parser;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

#[derive(Parser)]
struct Arguments {
    /// Users and roles
    #[arg(long, default_value_t = 10_000)]
    principals: usize,
    /// Tables, functions, buckets, stacks and keys
    #[arg(long, default_value_t = 3_000)]
    resources: usize,
    /// One account that belongs to no organisation
    #[arg(long)]
    alone: bool,
    /// What `aws iam get-account-authorization-details` prints, of the first account
    #[arg(long)]
    details: bool,
    /// Another number, another company
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where to write to
    #[arg(long)]
    out: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let Some(path) = arguments.out else {
        eprintln!("generate: nothing written; say where to with `-- --out FILE`");
        return;
    };
    let shape = Shape {
        principals: arguments.principals,
        resources: arguments.resources,
        organization: !arguments.alone && !arguments.details,
        seed: arguments.seed,
    };
    let mut out = BufWriter::new(File::create(&path).expect("the file can be created"));
    let written = if arguments.details { shape.write_details(&mut out) } else { shape.write_snapshot(&mut out) };
    written.and_then(|()| out.flush()).expect("the file can be written");
    eprintln!("{}", path.display());
}
