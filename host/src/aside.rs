//! Long work beside the threads that serve the steps: a call of a driver that
//! makes the host work yields meanwhile, so that a stop takes hold at once.

use std::panic::resume_unwind;

use tokio::task::spawn_blocking;

/// Does the work on another thread if it `is_long`. Work that nobody waits for any
/// more goes on to its end, so it must have one.
pub(crate) async fn aside<T: Send + 'static>(
    is_long: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if !is_long {
        return work();
    }
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime ends, and with it whoever waits.
            Err(_) => std::future::pending().await,
        },
    }
}
