//! Errors that end a run in a sandbox early.

use std::time::Duration;

use osiris_core::contract::ErrorKind;
use osiris_core::diagnostic::ExitStatus;
use osiris_runtime::session::{RunError, RunStatus};

/// The error, in the form of `status.json`.
#[derive(Debug)]
pub(super) struct RemoteError {
    pub(super) failure: RunError,
    pub(super) state: RunStatus,
    pub(super) exit: ExitStatus,
}

impl RemoteError {
    /// An error around the run, such as a sandbox that cannot be created or reached.
    pub(super) fn environment(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, message, ExitStatus::Environment)
    }

    /// An error in a run that had started; the run can be repeated unchanged.
    pub(super) fn failed(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, message, ExitStatus::Failed)
    }

    /// The run exceeded its time limit.
    pub(super) fn timed_out(limit: Duration) -> Self {
        let limit = limit.as_secs();
        Self::failed(
            ErrorKind::Timeout,
            format!(
                "the run exceeded its time limit of {limit} s; raise the limit with `--e2b-timeout`"
            ),
        )
    }

    /// Marks the error as one before the start of the run.
    pub(super) fn before_run(self) -> Self {
        Self { exit: ExitStatus::Environment, ..self }
    }

    pub(super) fn cancelled() -> Self {
        let message = "interrupted by the user before the run started";
        let failure = RunError::new(ErrorKind::Cancelled, message);
        Self { failure, state: RunStatus::Cancelled, exit: ExitStatus::Failed }
    }

    /// The run has ended, but no output was kept.
    pub(super) fn cancelled_fetching() -> Self {
        let message =
            "interrupted by the user before all outputs were downloaded; no output was kept";
        let failure = RunError::new(ErrorKind::Cancelled, message);
        Self { failure, state: RunStatus::Cancelled, exit: ExitStatus::Failed }
    }

    fn new(kind: ErrorKind, message: impl Into<String>, exit: ExitStatus) -> Self {
        Self { failure: RunError::new(kind, message), state: RunStatus::Failed, exit }
    }
}

/// Converts an E2B error before the start of the run.
impl From<e2b_client::Error> for RemoteError {
    fn from(error: e2b_client::Error) -> Self {
        use e2b_client::Kind;
        let help = match error.kind {
            Kind::Auth => {
                "; set `E2B_API_KEY` to a key from https://e2b.dev/dashboard, or check it with `osiris e2b doctor`"
            }
            // Without an error code of envd, the template is missing.
            Kind::NotFound if error.code.is_none() => {
                "; select an existing template with `--e2b-template`, or create one with `osiris e2b template`"
            }
            Kind::RateLimited | Kind::Capacity => {
                "; wait for other sandboxes to end, or remove leftover sandboxes with `osiris e2b prune`"
            }
            Kind::Unreachable | Kind::Timeout if error.was_sent() => {
                "; check the network with `osiris e2b doctor`"
            }
            _ => "",
        };
        Self::environment(ErrorKind::Sandbox, format!("{}{help}", error.message))
    }
}
