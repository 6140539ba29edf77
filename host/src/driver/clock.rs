//! How long a driver has run, not counting the time in which it waited for
//! other steps: a slow step must not use up its neighbours' time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The least time between two looks at the clock.
const LOOK: Duration = Duration::from_millis(10);

/// The clock of one call.
#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    waits: Mutex<Waits>,
}

#[derive(Debug, Default)]
struct Waits {
    over: Duration,
    since: Option<Instant>,
}

/// A wait for another step, until it is dropped.
pub(super) struct Waiting<'a>(&'a Clock);

impl Clock {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), waits: Mutex::default() }
    }

    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).since = Some(Instant::now());
        Waiting(self)
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
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let now = waits.since.map(|since| since.elapsed()).unwrap_or_default();
        self.started.elapsed().saturating_sub(waits.over + now)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waits = self.0.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = waits.since.take() {
            waits.over += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_does_not_count() {
        let clock = Clock::start();
        let limit = Duration::from_millis(50);
        let waiting = clock.wait();
        let expired = tokio::time::timeout(limit * 3, clock.expire(limit));
        assert!(expired.await.is_err(), "it has only waited");
        drop(waiting);
        tokio::time::timeout(limit * 100, clock.expire(limit)).await.unwrap();
    }
}
