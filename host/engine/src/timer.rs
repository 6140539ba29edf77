//! Running time of a driver, without the time in which it waits for other steps: a slow step must
//! not use up the time limit of its neighbours.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use osiris_core::driver::limits::Limit;
use osiris_core::sync::lock;

use crate::offload::offload;

/// Minimum interval between checks of the time limit.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Time for a driver to notice a cancellation.
const NOTICE_TIMEOUT: Duration = Duration::from_millis(100);
/// Time for a driver that has noticed a cancellation to undo its work.
const GRACE: Duration = Duration::from_secs(2);

/// Timer of one call.
#[derive(Debug)]
pub(super) struct StepTimer {
    started: Instant,
    waits: Mutex<WaitTime>,
    /// Whether the driver knows of the cancellation.
    notified: AtomicBool,
    /// Nanoseconds of work that other threads did for the call and that were not taken yet.
    offloaded: AtomicU64,
    /// Nanoseconds that the driver had run when it last made progress.
    progressed: AtomicU64,
    /// The highest number of units that the driver reported as done.
    done: AtomicU64,
}

#[derive(Debug, Default)]
struct WaitTime {
    total: Duration,
    since: Option<Instant>,
}

impl StepTimer {
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            waits: Mutex::default(),
            notified: AtomicBool::new(false),
            offloaded: AtomicU64::new(0),
            progressed: AtomicU64::new(0),
            done: AtomicU64::new(0),
        }
    }

    /// Runs work for the driver, on another thread if it `is_long`.
    pub(super) async fn offload<T: Send + 'static>(
        &self,
        is_long: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let started = is_long.then(Instant::now);
        let done = offload(is_long, work).await;
        if let Some(started) = started {
            self.offloaded.fetch_add(nanos(started.elapsed()), Relaxed);
        }
        done
    }

    /// Returns the time that other threads worked for the call since the last request.
    pub(super) fn take_offloaded(&self) -> Duration {
        Duration::from_nanos(self.offloaded.swap(0, Relaxed))
    }

    /// Returns the whole seconds since the call began.
    pub(super) fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// Records that the driver knows of the cancellation.
    pub(super) fn mark_notified(&self) {
        self.notified.store(true, Relaxed);
    }

    /// Waits until a cancelled driver has had its time to stop. That time is short for a driver
    /// that has not noticed the cancellation, because it computes or waits for another service.
    pub(super) async fn grace_period(&self) {
        tokio::time::sleep(NOTICE_TIMEOUT).await;
        if self.notified.load(Relaxed) {
            tokio::time::sleep(GRACE).await;
        }
    }

    /// Waits for another step. Counts only the time between polls as a wait.
    pub(super) async fn wait<T>(&self, step: impl Future<Output = T>) -> T {
        let mut step = pin!(step);
        let _resume = Resume(self);
        poll_fn(|context| {
            self.resume();
            let poll = step.as_mut().poll(context);
            if poll.is_pending() {
                self.waits().since = Some(Instant::now());
            }
            poll
        })
        .await
    }

    /// Records that a batch came or went.
    pub(super) fn mark_progress(&self) {
        self.progressed.store(nanos(self.used()), Relaxed);
    }

    /// Records the driver's report of its work, which is progress if the number has grown.
    pub(super) fn mark_done(&self, done: u64) {
        if self.done.fetch_max(done, Relaxed) < done {
            self.mark_progress();
        }
    }

    /// Waits until the driver has run for longer than `total`, or for longer than `idle` since its
    /// last progress, and returns the limit that it exceeded.
    pub(super) async fn deadline(&self, total: Duration, idle: Duration) -> Limit {
        loop {
            let used = self.used();
            let progressed = Duration::from_nanos(self.progressed.load(Relaxed));
            let left = total.saturating_sub(used);
            let idle_left = idle.saturating_sub(used.saturating_sub(progressed));
            match (left, idle_left) {
                (Duration::ZERO, _) => return Limit::Seconds,
                (_, Duration::ZERO) => return Limit::Idle,
                _ => tokio::time::sleep(left.min(idle_left).max(POLL_INTERVAL)).await,
            }
        }
    }

    fn used(&self) -> Duration {
        let waits = self.waits();
        let now = waits.since.map(|since| since.elapsed()).unwrap_or_default();
        self.started.elapsed().saturating_sub(waits.total + now)
    }

    fn resume(&self) {
        let mut waits = self.waits();
        if let Some(since) = waits.since.take() {
            waits.total += since.elapsed();
        }
    }

    fn waits(&self) -> MutexGuard<'_, WaitTime> {
        lock(&self.waits)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Ends the wait when its future is dropped.
struct Resume<'a>(&'a StepTimer);

impl Drop for Resume<'_> {
    fn drop(&mut self) {
        self.0.resume();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_time_does_not_count() {
        let clock = StepTimer::start();
        let limit = Duration::from_millis(50);
        let expired = tokio::select! {
            () = clock.wait(tokio::time::sleep(limit * 3)) => false,
            _ = clock.deadline(limit, limit) => true,
        };
        assert!(!expired, "it has only waited");
        assert_eq!(clock.deadline(limit, limit * 2).await, Limit::Seconds);
    }

    #[tokio::test]
    async fn progress_restarts_the_idle_limit() {
        let clock = StepTimer::start();
        let (total, idle) = (Duration::from_secs(60), Duration::from_millis(80));
        for step in 0..6 {
            tokio::select! {
                limit = clock.deadline(total, idle) => panic!("{limit:?} after step {step}"),
                () = tokio::time::sleep(idle / 2) => clock.mark_done(step + 1),
            }
        }
        // The same number again is no progress.
        let started = Instant::now();
        let repeat = async {
            loop {
                clock.mark_done(6);
                tokio::time::sleep(idle / 4).await;
            }
        };
        tokio::select! {
            limit = clock.deadline(total, idle) => assert_eq!(limit, Limit::Idle),
            () = repeat => {}
        }
        assert!(started.elapsed() < total);
    }
}
