//! What the benches that hold the program against `serde_json` share: times, memory, targets.

use super::account::Shape;
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
pub fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the process, in parentheses, may hold spaces; after it user and system time are the 12th and 13th.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// How much more computing one thing takes than another, counted over all rounds.
#[derive(Default)]
pub struct Computing {
    parsing: Duration,
    answering: Duration,
}

impl Computing {
    /// What `serde_json` does in a round.
    pub fn parse<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = processor_time();
        let result = work();
        self.parsing += processor_time() - before;
        result
    }

    /// What the program does in a round.
    pub fn answer<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = processor_time();
        let result = work();
        self.answering += processor_time() - before;
        result
    }

    /// Prints the ratio.
    pub fn tell(&self) {
        let ratio = self.answering.as_secs_f64() / self.parsing.as_secs_f64();
        println!("  {:<44} {:>12} {ratio:>6.2}", "the same in processor time", "");
    }
}

/// The most memory the process ever held, in bytes.
pub fn peak_memory() -> u64 {
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

/// Time and memory at several sizes, each in a process of its own.
pub fn growth(sizes: &[usize], folder: &Path, checks: &mut Vec<Check>) {
    let program = std::env::current_exe().expect("the bench knows its own path");
    println!("growth, one process a size");
    println!(
        "  {:>10} {:>12} {:>12} {:>12} {:>14} {:>10}",
        "principals", "bytes", "ms", "ns/byte", "peak bytes", "peak/file"
    );
    let mut smallest: Option<f64> = None;
    for principals in sizes {
        let path = folder.join(format!("{principals}.json"));
        let size = generate(&Shape::of(*principals), &path) as f64;
        let output = Command::new(&program).arg("--measure").arg(&path).output().expect("the bench can start itself");
        let text = String::from_utf8_lossy(&output.stdout);
        let mut numbers = text.split_whitespace().map(|word| word.parse::<f64>().unwrap_or(f64::NAN));
        let (time, peak) = (numbers.next().unwrap_or(f64::NAN), numbers.next().unwrap_or(f64::NAN));
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
