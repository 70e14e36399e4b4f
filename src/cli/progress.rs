//! A progress bar for collection, on terminals only.

use crate::collect::{Call, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Shows how many calls were made and what is being read.
pub struct Bar {
    bar: ProgressBar,
    calls: AtomicU64,
}

impl Bar {
    /// A bar on standard error; silent when that is no terminal.
    pub fn new() -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {elapsed_precise}  {pos} calls ({per_sec})  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(120));
        Bar { bar, calls: AtomicU64::new(0) }
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
        tracing::info!("{} calls", self.calls.load(Ordering::Relaxed));
    }
}

impl Progress for Bar {
    fn started(&self, service: &str, region: Option<&str>) {
        self.bar.set_message(format!("{service} {}", region.unwrap_or("")));
    }

    fn call(&self, _: &Call, _: Option<&str>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.bar.inc(1);
    }

    fn finished(&self, _: &str, _: Option<&str>) {}
}
