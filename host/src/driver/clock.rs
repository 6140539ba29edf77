//! How long a driver has run, not counting the time in which it waited for
//! other steps: a slow step must not use up its neighbours' time.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::aside::aside;

/// The least time between two looks at the clock.
const LOOK: Duration = Duration::from_millis(10);

/// How long a driver that is to stop may take to hear of it.
const DEAF: Duration = Duration::from_millis(100);
/// How long one that has heard of it may take to undo what it did.
const GRACE: Duration = Duration::from_secs(2);

/// The clock of one call.
#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    waits: Mutex<Waits>,
    /// Whether the driver knows that it is to stop.
    told: AtomicBool,
    /// Nanoseconds for which other threads have worked for it, and nobody has asked.
    aside: AtomicU64,
}

#[derive(Debug, Default)]
struct Waits {
    over: Duration,
    since: Option<Instant>,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            waits: Mutex::default(),
            told: AtomicBool::new(false),
            aside: AtomicU64::new(0),
        }
    }

    /// Does work for the driver, on another thread if it `is_long`.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        is_long: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let started = is_long.then(Instant::now);
        let done = aside(is_long, work).await;
        if let Some(started) = started {
            let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.aside.fetch_add(nanos, Relaxed);
        }
        done
    }

    /// Time that other threads have worked for the call since the last request.
    pub(super) fn take_aside(&self) -> Duration {
        Duration::from_nanos(self.aside.swap(0, Relaxed))
    }

    /// Whole seconds since the call began.
    pub(super) fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// The driver has been told to stop.
    pub(super) fn tell(&self) {
        self.told.store(true, Relaxed);
    }

    /// Returns once the driver has had its time to stop: little if it does not even
    /// know, because it computes or waits for somebody else.
    pub(super) async fn stop(&self) {
        tokio::time::sleep(DEAF).await;
        if self.told.load(Relaxed) {
            tokio::time::sleep(GRACE).await;
        }
    }

    /// Waits for another step. Only the time in which nothing can be done counts as a wait.
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

    /// Returns once the driver has run for longer than `limit`.
    pub(super) async fn expire(&self, limit: Duration) {
        loop {
            match limit.checked_sub(self.used()) {
                None | Some(Duration::ZERO) => return,
                Some(left) => tokio::time::sleep(left.max(LOOK)).await,
            }
        }
    }

    fn used(&self) -> Duration {
        let waits = self.waits();
        let now = waits.since.map(|since| since.elapsed()).unwrap_or_default();
        self.started.elapsed().saturating_sub(waits.over + now)
    }

    fn resume(&self) {
        let mut waits = self.waits();
        if let Some(since) = waits.since.take() {
            waits.over += since.elapsed();
        }
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a wait that is given up.
struct Resume<'a>(&'a Clock);

impl Drop for Resume<'_> {
    fn drop(&mut self) {
        self.0.resume();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_does_not_count() {
        let clock = Clock::start();
        let limit = Duration::from_millis(50);
        let expired = tokio::select! {
            () = clock.wait(tokio::time::sleep(limit * 3)) => false,
            () = clock.expire(limit) => true,
        };
        assert!(!expired, "it has only waited");
        clock.expire(limit).await;
    }
}
