//! How long an audit takes and how much memory: all built-in rules over generated accounts, loading included, held
//! against the time that `serde_json` takes to parse the same bytes. `docs/performance.md` tells how to run it.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::exit,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench computes with its own numbers, prints what it found, and stops when something is amiss"
)]

#[allow(dead_code, reason = "each bench uses its part")]
mod account;
mod measure;

use account::Shape;
use clap::Parser;
use foureyes::access::Access;
use foureyes::inventory::{EnvironmentRules, Inventory};
use foureyes::rules::{self, Settings};
use foureyes::snapshot;
use measure::{Against, Check, Taken, generate, growth, parse, row, tell, timed};
use std::path::{Path, PathBuf};
use std::time::Duration;

// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Arguments {
    /// 100,000 principals as well
    #[arg(long)]
    full: bool,
    /// Exit with 1 when a target is missed
    #[arg(long)]
    check: bool,
    /// How often each time is taken; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Principals of the account that is held against `serde_json`
    #[arg(long, default_value_t = 10_000)]
    principals: usize,
    /// Audit this file once and print what it took
    #[arg(long, hide = true)]
    measure: Option<PathBuf>,
    /// Let `serde_json` parse this file once and print what it took
    #[arg(long, hide = true)]
    parse: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one run over a file took: its parts are the phases, its count the findings.
fn run(path: &Path) -> Taken {
    let (loaded, read) = timed(|| snapshot::read(path).expect("the generated snapshot can be read"));
    let (inventory, inventory_time) = timed(|| Inventory::new(&loaded.snapshot, &EnvironmentRules::default()));
    drop(loaded);
    let (access, access_time) = timed(|| Access::new(&inventory));
    let (findings, rules_time) = timed(|| {
        let definitions = rules::definitions().expect("the definitions can be read");
        let rules = rules::built_in().expect("the rules can be read");
        rules::run(&rules, &definitions, &access, &Settings::default()).findings.len()
    });
    Taken::now(vec![read, inventory_time, access_time, rules_time], vec![findings as u64])
}

/// What each rule takes by itself, the dearest first; what they share is counted with each.
fn each_rule(path: &Path, value: Duration) {
    let loaded = snapshot::read(path).expect("the generated snapshot can be read");
    let inventory = Inventory::new(&loaded.snapshot, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let definitions = rules::definitions().expect("the definitions can be read");
    let none = timed(|| rules::run(&[], &definitions, &access, &Settings::default())).1;
    let mut times: Vec<(String, Duration)> = rules::built_in()
        .expect("the rules can be read")
        .into_iter()
        .map(|rule| {
            let id = rule.id.clone();
            (id, timed(|| rules::run(&[rule], &definitions, &access, &Settings::default())).1)
        })
        .collect();
    times.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    row("no rule", none, value);
    for (id, time) in times.iter().take(12) {
        row(id, *time, value);
    }
}

fn against_parsing(name: &str, shape: &Shape, rounds: usize, folder: &Path, checks: &mut Vec<Check>) {
    let path = folder.join("account.json");
    let size = generate(shape, &path);
    let against = Against::new(&path, rounds);
    let value = against.value();
    let row = |what: &str, time: Duration| row(what, time, value);
    println!("{name}: {} principals, {} resources, {size} bytes, {rounds} rounds", shape.principals, shape.resources);
    println!("  {:<44} {:>12} {:>6}", "", "median", "ratio");
    row("serde_json::from_slice::<Value>, fastest", value);
    for (place, phase) in ["snapshot::read", "Inventory::new", "Access::new", "rules::run"].into_iter().enumerate() {
        row(phase, against.of(|taken| taken.parts[place]));
    }
    let total = against.of(|taken| taken.total);
    row("audit, all of it", total);
    against.tell_computing();
    println!("  findings: {}", against.counts()[0]);
    checks.push(Check {
        name: format!("{name}: audit, multiple of serde_json"),
        value: total.as_secs_f64() / value.as_secs_f64(),
        most: 6.0,
    });
    println!("  one rule at a time:");
    each_rule(&path, value);
    println!();
}

fn main() {
    let arguments = Arguments::parse();
    if let Some(path) = arguments.measure {
        run(&path).print();
        return;
    }
    if let Some(path) = arguments.parse {
        parse(&path).print();
        return;
    }
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let mut checks = Vec::new();
    let shape = Shape::of(arguments.principals);
    against_parsing("organisation", &shape, arguments.rounds, folder.path(), &mut checks);
    let alone = Shape { organization: false, ..shape };
    against_parsing("one account", &alone, arguments.rounds, folder.path(), &mut checks);
    let sizes: &[usize] = if arguments.full { &[1_000, 10_000, 100_000] } else { &[1_000, 10_000] };
    growth(sizes, folder.path(), &mut checks);
    // The folder goes before the process does.
    drop(folder);
    tell(&checks, arguments.check);
}
