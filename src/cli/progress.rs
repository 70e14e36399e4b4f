//! A progress bar for collection, on terminals only.

use crate::collect::{Call, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Shows how many accounts, services and calls are done, how fast, and what is being read.
pub struct Bar {
    bar: ProgressBar,
    calls: AtomicU64,
    accounts: Count,
    services: Count,
}

/// So many of so many.
#[derive(Default)]
struct Count {
    done: AtomicUsize,
    of: AtomicUsize,
}

impl std::fmt::Display for Count {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.done.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed))
    }
}

impl Bar {
    /// A bar on standard error; silent when that is no terminal.
    pub fn new() -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {elapsed_precise}  {prefix}{pos} calls ({per_sec})  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(120));
        Bar { bar, calls: AtomicU64::new(0), accounts: Count::default(), services: Count::default() }
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
        tracing::info!("{} calls", self.calls.load(Ordering::Relaxed));
    }

    fn counted(&self) {
        let accounts = match self.accounts.of.load(Ordering::Relaxed) {
            0 | 1 => String::new(),
            _ => format!("{} accounts  ", self.accounts),
        };
        self.bar.set_prefix(format!("{accounts}{} services  ", self.services));
    }
}

impl Progress for Bar {
    fn started(&self, service: &str, region: Option<&str>) {
        self.services.of.fetch_add(1, Ordering::Relaxed);
        self.counted();
        self.bar.set_message(format!("{service} {}", region.unwrap_or("")));
    }

    fn call(&self, call: &Call, region: Option<&str>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.bar.inc(1);
        self.bar.set_message(format!("{} {}", call.permission(), region.unwrap_or("")));
    }

    fn finished(&self, _: &str, _: Option<&str>) {
        self.services.done.fetch_add(1, Ordering::Relaxed);
        self.counted();
    }

    fn accounts(&self, number: usize) {
        self.accounts.of.fetch_add(number, Ordering::Relaxed);
        self.counted();
    }

    fn account(&self, id: &str, finished: bool) {
        tracing::info!("account {id}: {}", if finished { "read" } else { "reading" });
        if finished {
            self.accounts.done.fetch_add(1, Ordering::Relaxed);
            self.counted();
        }
    }
}
