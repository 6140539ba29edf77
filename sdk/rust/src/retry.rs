//! Retries of failed operations.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::{Context, Error, Kind, Result};

/// Maximum attempts, including the first.
const ATTEMPTS: u32 = 3;
/// Pause after the first attempt, doubled after each further attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Maximum pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Maximum random addition to a pause, in milliseconds, so that steps that failed together do not
/// retry together.
const JITTER_MS: u64 = 1000;

/// Runs an operation that can fail temporarily, up to three times, with pauses of about 1 and 2
/// seconds. Retries only [`retryable`](crate::Error::retryable) errors, and never those of kind
/// auth, permission or config.
///
/// ```
/// use osiris_sdk::{Error, retry, testing};
/// # use serde_json::json;
///
/// # struct Flaky;
/// # impl osiris_sdk::Driver for Flaky {
/// #     type Config = serde_json::Value;
/// #     fn run(
/// #         ctx: &osiris_sdk::Context,
/// #         _: osiris_sdk::Step<Self::Config>,
/// #         _: Vec<osiris_sdk::Input>,
/// #         output: Option<osiris_sdk::Output>,
/// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
/// # let mut output = output.unwrap();
/// # output.open(&osiris_sdk::Schema::default())?;
/// let mut answers = ["busy", "busy", "page 1"].into_iter();
/// let page = retry(ctx, || match answers.next() {
///     Some("busy") | None => Err(Error::network("the service is busy")),
///     Some(page) => Ok(page),
/// })?;
/// ctx.info(page);
/// # Ok(osiris_sdk::Summary::default())
/// #     }
/// # }
///
/// let report = testing::run::<Flaky>(json!({})).expect_ok();
/// report.assert_logged("page 1");
/// assert_eq!(report.pauses.len(), 2); // which take no time in a test
/// ```
///
/// # Errors
/// Returns an error if the last attempt does, or one of kind `cancelled` if the run was cancelled
/// meanwhile.
pub fn retry<T>(ctx: &Context, mut operation: impl FnMut() -> Result<T>) -> Result<T> {
    let mut pause = FIRST_PAUSE;
    for attempt in 1..ATTEMPTS {
        let error = match operation() {
            Err(error) if may_pass(&error) => error,
            result => return result,
        };
        let wait = (pause + jitter()).min(LONGEST_PAUSE);
        ctx.warn(format!(
            "attempt {attempt} of {ATTEMPTS} failed, the next one comes in {:.1} s: {error}",
            wait.as_secs_f64()
        ));
        ctx.check_cancelled()?;
        ctx.sleep(wait);
        ctx.check_cancelled()?;
        pause *= 2;
    }
    operation()
}

fn may_pass(error: &Error) -> bool {
    error.retryable && !matches!(error.kind, Kind::Auth | Kind::Permission | Kind::Config)
}

/// Uses the random seed of the standard library's hash maps: random enough to spread attempts,
/// without a dependency.
fn jitter() -> Duration {
    Duration::from_millis(RandomState::new().hash_one(0) % JITTER_MS)
}
