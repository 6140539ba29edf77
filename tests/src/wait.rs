//! Waiting for what another process does.

use std::thread;
use std::time::{Duration, Instant};

/// How often to look again.
const PAUSE: Duration = Duration::from_millis(2);

/// Asks until there is an answer.
///
/// # Panics
/// There is none in time; says that `what` did not happen.
pub fn wait_for<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {} s", limit.as_secs());
        thread::sleep(PAUSE);
    }
}
