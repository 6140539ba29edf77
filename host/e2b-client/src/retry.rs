//! Retries failed calls until a deadline.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use super::error::{Error, Kind, Result, Retryability};

/// Default time limit of a call, retries included.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum time limit; avoids overflow of the clock.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Failures after which a call can be retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryPolicy {
    /// The call is idempotent.
    Idempotent,
    /// Retry only if the request certainly never reached the server.
    UnsentOnly,
}

impl RetryPolicy {
    fn covers(self, error: &Error) -> bool {
        match self {
            Self::Idempotent => error.again != Retryability::No,
            Self::UnsentOnly => error.again == Retryability::Unsent,
        }
    }
}

/// Returns the deadline of a call that starts now.
pub(super) fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(MAX_TIMEOUT)
}

/// Returns the pauses between attempts.
pub(super) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(5))
        .with_factor(2.0)
        .with_jitter()
        .without_max_times()
        .build()
}

/// Calls until success, a failure that is not retried, or the deadline.
pub(super) async fn retry<T>(
    what: &str,
    deadline: Instant,
    repeat: RetryPolicy,
    call: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    retry_when(what, deadline, |error| repeat.covers(error), call).await
}

/// Like [`retry`], with a custom choice of failures.
pub(super) async fn retry_when<T>(
    what: &str,
    deadline: Instant,
    mut when: impl FnMut(&Error) -> bool,
    mut call: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let mut last = None;
    let mut pauses = pauses();
    loop {
        let error = match tokio::time::timeout_at(deadline, call()).await {
            Err(_) => return Err(late(what, last)),
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
        };
        let pause = pauses.next().unwrap_or_default().max(error.retry_after.unwrap_or_default());
        if !when(&error) || Instant::now() + pause >= deadline {
            return Err(error);
        }
        last = Some(error);
        tokio::time::sleep(pause).await;
    }
}

/// Returns the error for a passed deadline, with the last failure before it.
fn late(what: &str, last: Option<Error>) -> Error {
    let before =
        last.map(|error| format!("; the attempt before failed: {error}")).unwrap_or_default();
    Error::new(Kind::Timeout, format!("cannot {what}: timed out{before}")).again(Retryability::Lost)
}
