//! What keeps a collection from doing harm: how many calls run at once, how many a second, and when to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::{Interval, MissedTickBehavior};

/// How often the wish to stop is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// The slowest rate, in requests a second.
const SLOWEST: f64 = 0.01;

/// A wish to stop, which may be made from any thread or from a signal handler. What was read until then is kept.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A wish not yet made.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// The flag, for signal handlers: it becomes true when the collection is to stop.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Asks the collection to stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The limits of one run, over all its accounts, services and regions.
pub(super) struct Limits {
    permits: Semaphore,
    concurrency: usize,
    pace: Option<Pace>,
    stop: Stop,
    halt: watch::Sender<bool>,
}

impl Limits {
    /// Must be called within a runtime. `max_rate`: requests a second.
    pub fn new(concurrency: usize, max_rate: Option<f64>, stop: Stop) -> Limits {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Limits {
            permits: Semaphore::new(concurrency),
            concurrency,
            pace: max_rate.map(Pace::new),
            stop,
            halt: watch::Sender::new(false),
        }
    }

    /// How many calls may run at once.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Whether the run is to end.
    pub fn is_halted(&self) -> bool {
        *self.halt.borrow()
    }

    /// Makes a request when its turn has come; `None` when the run is to end, be it before, be it in the middle.
    pub async fn run<T>(&self, request: impl Future<Output = T>) -> Option<T> {
        if self.is_halted() {
            return None;
        }
        let mut halt = self.halt.subscribe();
        let in_turn = async {
            // Never closed: an error here could only mean that there is nothing to wait for.
            let _permit = self.permits.acquire().await.ok();
            match &self.pace {
                Some(pace) => {
                    pace.turn().await;
                    RETRIES.scope(Arc::clone(&pace.owed), request).await
                }
                None => request.await,
            }
        };
        tokio::select! {
            biased;
            _ = halt.wait_for(|halted| *halted) => None,
            answer = in_turn => Some(answer),
        }
    }

    /// Looks for the wish to stop beside the work, which must end by itself once no more calls are made.
    pub async fn guard<T>(&self, work: impl Future<Output = T>) -> T {
        let watch = async {
            while !self.stop.is_set() {
                tokio::time::sleep(LOOK).await;
            }
            self.halt.send_replace(true);
            std::future::pending::<T>().await
        };
        tokio::select! {
            biased;
            done = work => done,
            never = watch => never,
        }
    }
}

/// A ceiling of requests a second. Retries happen inside a request, where nothing can wait: they are owed, and the next
/// requests wait for them.
struct Pace {
    ticks: Mutex<Interval>,
    owed: Arc<AtomicUsize>,
}

tokio::task_local! {
    /// Where the request that is being made counts its retries.
    static RETRIES: Arc<AtomicUsize>;
}

impl Pace {
    fn new(max_rate: f64) -> Pace {
        let rate = if max_rate.is_finite() { max_rate.max(SLOWEST) } else { f64::from(u16::MAX) };
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(rate.recip()).max(Duration::from_micros(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Pace { ticks: Mutex::new(ticks), owed: Arc::default() }
    }

    async fn turn(&self) {
        let mut ticks = self.ticks.lock().await;
        let owed = self.owed.swap(0, Ordering::Relaxed);
        for _ in 0..owed {
            ticks.tick().await;
        }
        ticks.tick().await;
    }
}

/// Counts a retry of the request that is being made, where there is a ceiling.
pub(super) fn count_retry() {
    // Outside of a request with a ceiling there is nothing to count.
    let _ = RETRIES.try_with(|owed| owed.fetch_add(1, Ordering::Relaxed));
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::{join_all, join3};

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn the_ceiling_holds_retries_included() {
        run(async {
            let limits = Limits::new(8, Some(200.0), Stop::new());
            let started = tokio::time::Instant::now();
            // Ten requests, each tried three times: thirty at two hundred a second.
            join_all((0..10).map(|_| {
                limits.run(async {
                    count_retry();
                    count_retry();
                })
            }))
            .await;
            limits.run(async {}).await;
            let took = started.elapsed();
            assert!(took >= Duration::from_millis(140), "{took:?}");
        });
    }

    #[test]
    fn a_stop_ends_what_runs_and_what_waits() {
        run(async {
            let stop = Stop::new();
            let limits = Limits::new(1, None, stop.clone());
            let work = join3(
                limits.run(async { 1 }),
                limits.run(async {
                    stop.stop();
                    std::future::pending::<i32>().await
                }),
                limits.run(async { 3 }),
            );
            assert_eq!(limits.guard(work).await, (Some(1), None, None));
            assert_eq!(limits.run(async { 4 }).await, None);
        });
    }
}
