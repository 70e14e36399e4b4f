//! How long `who-can` takes and how much memory: twelve questions about generated accounts, loading included, held
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
use foureyes::access::{Access, Targets};
use foureyes::engine::{Context, Target, Verdict, World};
use foureyes::inventory::{EnvironmentRules, Inventory, Resource};
use foureyes::snapshot;
use measure::{Against, Check, Taken, generate, growth, parse, row, tell, timed};
use std::hint::black_box;
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
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Answer the questions about this file once and print what it took
    #[arg(long, hide = true)]
    measure: Option<PathBuf>,
    /// Let `serde_json` parse this file once and print what it took
    #[arg(long, hide = true)]
    parse: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// A question: an action, and what it is asked of.
struct Question {
    action: &'static str,
    of: Of,
}

enum Of {
    /// All resources of a type, or only those of production.
    All(&'static str),
    Production(&'static str),
    /// The first resource of a type.
    First(&'static str),
    /// What the inventory does not hold.
    Arn(&'static str),
}

const QUESTIONS: [Question; 12] = [
    Question { action: "dynamodb:DeleteTable", of: Of::Production("AWS::DynamoDB::Table") },
    Question { action: "dynamodb:UpdateTable", of: Of::All("AWS::DynamoDB::Table") },
    Question { action: "dynamodb:DeleteItem", of: Of::First("AWS::DynamoDB::Table") },
    Question { action: "s3:DeleteBucket", of: Of::Production("AWS::S3::Bucket") },
    Question { action: "s3:PutBucketPolicy", of: Of::All("AWS::S3::Bucket") },
    Question { action: "s3:DeleteObject", of: Of::Arn("arn:aws:s3:::orders-prod-0002-100000000000/invoice.pdf") },
    Question { action: "kms:ScheduleKeyDeletion", of: Of::All("AWS::KMS::Key") },
    Question { action: "cloudformation:DeleteStack", of: Of::All("AWS::CloudFormation::Stack") },
    Question { action: "lambda:UpdateFunctionCode", of: Of::Production("AWS::Lambda::Function") },
    Question { action: "iam:PassRole", of: Of::Arn("arn:aws:iam::100000000000:role/orders-deploy-00001") },
    Question { action: "sts:AssumeRole", of: Of::Arn("arn:aws:iam::100000000000:role/deploy-orders") },
    Question { action: "cloudtrail:StopLogging", of: Of::Arn("arn:aws:cloudtrail:eu-west-1:100000000000:trail/main") },
];

impl Of {
    fn targets<'t>(&self, inventory: &'t Inventory) -> Targets<'t> {
        let select = |wanted: &dyn Fn(&Resource) -> bool, most: usize| {
            let fits = inventory.resource_ids().filter(|(_, resource)| wanted(resource));
            Targets::of(inventory, fits.take(most).map(|(id, _)| id))
        };
        match self {
            Of::All(kind) => select(&|resource| resource.kind == *kind, usize::MAX),
            Of::Production(kind) => select(&|resource| resource.kind == *kind && resource.is_production(), usize::MAX),
            Of::First(kind) => select(&|resource| resource.kind == *kind, 1),
            Of::Arn(arn) => {
                let mut targets = Targets::default();
                targets.push(Target::new(arn));
                targets
            }
        }
    }
}

/// Reading, the inventory, its indices.
const PHASES: [&str; 3] = ["snapshot::read", "Inventory::new", "Access::new"];

/// What one run over a file took. Its parts are the phases, then the questions; its counts are pairs of principal and
/// resource, over all questions, and those of them that are allowed or may be.
fn run(path: &Path) -> Taken {
    let (loaded, read) = timed(|| snapshot::read(path).expect("the generated snapshot can be read"));
    let (inventory, inventory_time) = timed(|| Inventory::new(&loaded.snapshot, &EnvironmentRules::default()));
    drop(loaded);
    let (access, access_time) = timed(|| Access::new(&inventory));
    let context = Context::new(World::Open);
    let mut parts = vec![read, inventory_time, access_time];
    let (mut pairs, mut allowed) = (0, 0);
    for question in &QUESTIONS {
        let ((answers, targets), time) = timed(|| {
            let targets = question.of.targets(&inventory);
            (access.who_can(question.action, &targets, &context), targets)
        });
        parts.push(time);
        pairs += targets.len() * inventory.principals.len();
        for answer in &answers {
            let open = answer.blocks.iter().filter(|block| block.decision.verdict >= Verdict::AllowedIf);
            allowed += open.map(|block| block.targets.len()).sum::<usize>() * answer.principals.len();
        }
    }
    Taken::now(parts, vec![pairs as u64, allowed as u64])
}

/// Nanoseconds of one decision that shares nothing with another, with the list of statements that bear on it.
fn single_decision(path: &Path) -> f64 {
    let loaded = snapshot::read(path).expect("the generated snapshot can be read");
    let inventory = Inventory::new(&loaded.snapshot, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let context = Context::new(World::Open);
    let Some((table, resource)) =
        inventory.resource_ids().find(|(_, resource)| resource.kind == "AWS::DynamoDB::Table")
    else {
        return 0.0;
    };
    let target = foureyes::access::target_of(&inventory, resource);
    let mut count = 0_u32;
    let ask = |count: &mut u32| {
        for (principal, _) in inventory.principal_ids().step_by(7) {
            black_box(access.decide(principal, "dynamodb:DeleteTable", &target, Some(table), &context));
            *count += 1;
        }
    };
    // Documents are compiled when first needed: that is not what is measured here.
    ask(&mut 0);
    let ((), time) = timed(|| ask(&mut count));
    time.as_nanos() as f64 / f64::from(count)
}

/// Time against `serde_json`, phase by phase.
fn against_parsing(name: &str, shape: &Shape, rounds: usize, folder: &Path, checks: &mut Vec<Check>) {
    let path = folder.join("account.json");
    let size = generate(shape, &path);
    let against = Against::new(&path, rounds);
    let value = against.value();
    let answer = |taken: &Taken| taken.parts[PHASES.len()..].iter().sum::<Duration>();
    let total = against.of(|taken| taken.total);
    let row = |what: &str, time: Duration| row(what, time, value);
    println!("{name}: {} principals, {} resources, {size} bytes, {rounds} rounds", shape.principals, shape.resources);
    println!("  {:<44} {:>12} {:>6}", "", "median", "ratio");
    row("serde_json::from_slice::<Value>", value);
    let questions = QUESTIONS.iter().map(|question| question.action);
    for (place, part) in PHASES.into_iter().chain(questions).enumerate() {
        row(part, against.of(|taken| taken.parts[place]));
    }
    row("all questions", against.of(answer));
    row("who-can, all of it", total);
    against.tell_computing();
    let [pairs, open] = against.counts() else { return };
    println!("  open pairs: {open} of {pairs}");
    let nanoseconds = against.of(answer).as_nanos() as f64 / *pairs as f64;
    checks.push(Check {
        name: format!("{name}: time, multiple of serde_json"),
        value: total.as_secs_f64() / value.as_secs_f64(),
        most: 3.0,
    });
    checks.push(Check { name: format!("{name}: bulk decision, ns"), value: nanoseconds, most: 2_000.0 });
    println!("  {:<44} {:>9.1} ns", "one decision by itself, with its statements", single_decision(&path));
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
    let shape = Shape::of(10_000);
    against_parsing("organisation", &shape, arguments.rounds, folder.path(), &mut checks);
    let alone = Shape { organization: false, ..shape };
    against_parsing("one account", &alone, arguments.rounds, folder.path(), &mut checks);
    let sizes: &[usize] = if arguments.full { &[1_000, 10_000, 100_000] } else { &[1_000, 10_000] };
    growth(sizes, folder.path(), &mut checks);
    // The folder goes before the process does.
    drop(folder);
    tell(&checks, arguments.check);
}
