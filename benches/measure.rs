//! What the benches that hold the program against `serde_json` share: times, memory, targets.

use super::account::Shape;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Does something and says how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = work();
    (result, started.elapsed())
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The time that the process has spent computing, all threads together: on a busy machine it says more than the clock.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the process, in parentheses, may hold spaces; after it user and system time are the 12th and 13th.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// What one process took for one thing: the parts of it, and what it counted.
pub struct Taken {
    pub total: Duration,
    /// What its threads computed together.
    pub computing: Duration,
    pub peak: u64,
    pub parts: Vec<Duration>,
    pub counts: Vec<u64>,
}

impl Taken {
    /// Of this process, so far.
    pub fn now(parts: Vec<Duration>, counts: Vec<u64>) -> Taken {
        Taken { total: parts.iter().sum(), computing: processor_time(), peak: peak_memory(), parts, counts }
    }

    /// Prints it for [`Taken::of`].
    pub fn print(&self) {
        let nanoseconds = |time: &Duration| time.as_nanos().to_string();
        let numbers = |all: Vec<String>| all.join(" ");
        println!("{} {} {}", nanoseconds(&self.total), nanoseconds(&self.computing), self.peak);
        println!("{}", numbers(self.parts.iter().map(nanoseconds).collect()));
        println!("{}", numbers(self.counts.iter().map(ToString::to_string).collect()));
    }

    /// What this bench takes, started anew, for a file: `--parse` or `--measure`.
    pub fn of(what: &str, path: &Path) -> Taken {
        let program = std::env::current_exe().expect("the bench knows its own path");
        let output = Command::new(program).arg(what).arg(path).output().expect("the bench can start itself");
        let text = String::from_utf8(output.stdout).expect("it prints numbers");
        let mut lines = text.lines().map(|line| {
            line.split_whitespace().map(|word| word.parse::<u64>().expect("it prints numbers")).collect::<Vec<_>>()
        });
        let mut next = || lines.next().expect("it prints three lines");
        let (first, parts, counts) = (next(), next(), next());
        Taken {
            total: Duration::from_nanos(first[0]),
            computing: Duration::from_nanos(first[1]),
            peak: first[2],
            parts: parts.into_iter().map(Duration::from_nanos).collect(),
            counts,
        }
    }
}

/// What `serde_json` takes to parse a file into a `Value`: in a process that has parsed it before, whose memory is at hand.
pub fn parse(path: &Path) -> Taken {
    let bytes = fs::read(path).expect("the file can be read");
    let parse = || serde_json::from_slice::<Value>(&bytes).expect("the file is JSON");
    drop(parse());
    let before = processor_time();
    let (value, time) = timed(parse);
    let mut taken = Taken::now(vec![time], Vec::new());
    taken.computing -= before;
    drop(value);
    taken
}

/// What `serde_json` and the program take for a file, each in processes of their own: by turns, so that a busy machine
/// slows both.
pub struct Against {
    parsed: Vec<Taken>,
    run: Vec<Taken>,
}

impl Against {
    pub fn new(path: &Path, rounds: usize) -> Against {
        let turns = (0..rounds).map(|_| (Taken::of("--parse", path), Taken::of("--measure", path)));
        let (parsed, run) = turns.unzip();
        Against { parsed, run }
    }

    /// What `serde_json` takes when it is fastest.
    pub fn value(&self) -> Duration {
        self.parsed.iter().map(|taken| taken.total).min().unwrap_or_default()
    }

    /// The median of something that the program takes.
    pub fn of(&self, part: impl Fn(&Taken) -> Duration) -> Duration {
        median(self.run.iter().map(part).collect())
    }

    /// What the program counted.
    pub fn counts(&self) -> &[u64] {
        &self.run[0].counts
    }

    /// Prints how much more the program computes, all threads together.
    pub fn tell_computing(&self) {
        let all = |taken: &[Taken]| taken.iter().map(|one| one.computing.as_secs_f64()).sum::<f64>();
        println!("  {:<44} {:>12} {:>6.2}", "the same in processor time", "", all(&self.run) / all(&self.parsed));
    }
}

/// The most memory the process ever held, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) * 1024
}

pub fn generate(shape: &Shape, path: &Path) -> u64 {
    let mut out = BufWriter::new(File::create(path).expect("the file can be created"));
    shape.write_snapshot(&mut out).and_then(|()| out.flush()).expect("the file can be written");
    fs::metadata(path).expect("the file is there").len()
}

/// A target and whether it was met.
pub struct Check {
    pub name: String,
    pub value: f64,
    pub most: f64,
}

impl Check {
    fn met(&self) -> bool {
        self.value <= self.most
    }
}

/// How often each size is tried; the median counts.
const GROWTH_ROUNDS: usize = 3;

/// Time and memory at several sizes, each in a process of its own.
pub fn growth(sizes: &[usize], folder: &Path, checks: &mut Vec<Check>) {
    println!("growth, processes of their own, median of {GROWTH_ROUNDS}");
    println!(
        "  {:>10} {:>12} {:>12} {:>12} {:>14} {:>10}",
        "principals", "bytes", "ms", "ns/byte", "peak bytes", "peak/file"
    );
    let mut smallest: Option<f64> = None;
    for principals in sizes {
        let path = folder.join(format!("{principals}.json"));
        let size = generate(&Shape::of(*principals), &path) as f64;
        let mut taken: Vec<Taken> = (0..GROWTH_ROUNDS).map(|_| Taken::of("--measure", &path)).collect();
        taken.sort_by_key(|taken| taken.total);
        let taken = &taken[GROWTH_ROUNDS / 2];
        let (time, peak) = (milliseconds(taken.total), taken.peak as f64);
        let per_byte = time * 1e6 / size;
        println!("  {principals:>10} {size:>12.0} {time:>12.1} {per_byte:>12.2} {peak:>14.0} {:>10.2}", peak / size);
        if *principals >= 10_000 {
            checks.push(Check { name: format!("{principals} principals: peak/file"), value: peak / size, most: 5.0 });
            // Linear: ten times the account costs about ten times as much. What is needed whatever the size makes the
            // smallest account dear, so that growth is measured from 10,000 on.
            match smallest {
                None => smallest = Some(per_byte),
                Some(base) => checks.push(Check {
                    name: format!("{principals} principals: time per byte, multiple of 10000"),
                    value: per_byte / base,
                    most: 1.3,
                }),
            }
        }
        fs::remove_file(&path).expect("the file can be removed");
    }
    println!();
}

/// A line of a table of times: what, how long, and as a multiple of what `serde_json` takes.
pub fn row(what: &str, time: Duration, value: Duration) {
    println!("  {what:<44} {:>9.1} ms {:>6.2}", milliseconds(time), time.as_secs_f64() / value.as_secs_f64());
}

/// Prints the targets and whether they are met. `check`: ends the process with 1 where one is missed.
pub fn tell(checks: &[Check], check: bool) {
    for check in checks {
        let verdict = if check.met() { "met" } else { "missed" };
        println!("target\t{}\t{:.2}\t<= {}\t{verdict}", check.name, check.value, check.most);
    }
    if check && !checks.iter().all(Check::met) {
        std::process::exit(1);
    }
}
