//! Long work off the threads that serve the steps. A driver's call that makes the host work
//! yields meanwhile, so that a cancellation takes effect immediately.

use std::panic::resume_unwind;

use tokio::task::spawn_blocking;

/// Runs `work` on a blocking thread if it `is_long`. Abandoned work is not cancelled, so `work`
/// must terminate.
pub(crate) async fn offload<T: Send + 'static>(
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
            // The runtime is shutting down and drops this future.
            Err(_) => std::future::pending().await,
        },
    }
}
