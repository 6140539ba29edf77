//! CPU throttling: a call that used more than its share of a processor pauses before it continues.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

/// Limits `work` to `percent` (1 to 100) of one processor. A driver yields at every tick of the
/// engine's clock, so both its bursts and its pauses are short. `offloaded` returns the time that
/// other threads worked for the driver since its last call.
pub(super) async fn throttled<T>(
    work: impl Future<Output = T>,
    percent: u64,
    offloaded: impl Fn() -> Duration,
) -> T {
    if percent >= 100 {
        return work.await;
    }
    let mut work = pin!(work);
    let mut rest: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|context| {
        if let Some(rest) = &mut rest {
            ready!(rest.as_mut().poll(context));
        }
        let started = Instant::now();
        let poll = work.as_mut().poll(context);
        if poll.is_pending() {
            let used = started.elapsed() + offloaded();
            let share = percent.max(1) as f64 / 100.0;
            let idle = used.mul_f64(1.0 / share - 1.0);
            let mut pause = Box::pin(sleep(idle));
            // Polled once, so that the end of the pause wakes the task even if the work waits for
            // something else.
            rest = match pause.as_mut().poll(context) {
                Poll::Pending => Some(pause),
                Poll::Ready(()) => None,
            };
        }
        poll
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn quarter_of_the_cpu_takes_four_times_as_long() {
        let work = async {
            for _ in 0..10 {
                let started = Instant::now();
                while started.elapsed() < Duration::from_millis(2) {}
                tokio::task::yield_now().await;
            }
        };
        let started = Instant::now();
        throttled(work, 25, || Duration::ZERO).await;
        assert!(started.elapsed() >= Duration::from_millis(70), "{:?}", started.elapsed());
    }
}
