//! Why a run in a sandbox did not get to its end.

use std::time::Duration;

use crate::problem::Exit;
use crate::remote::client;
use crate::session::{Failure, State};

/// What stopped it, fit for `status.json`.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) failure: Failure,
    pub(super) state: State,
    pub(super) exit: Exit,
}

impl Trouble {
    /// Around the run: no sandbox, no way to it.
    pub(super) fn environment(kind: &str, message: impl Into<String>) -> Self {
        Self::new(kind, message, Exit::Environment)
    }

    /// In the run: it had begun, and can be tried again as it is.
    pub(super) fn failed(kind: &str, message: impl Into<String>) -> Self {
        Self::new(kind, message, Exit::Failed)
    }

    /// The run took longer than it was allowed to.
    pub(super) fn late(limit: Duration) -> Self {
        let limit = limit.as_secs();
        Self::failed(
            "timeout",
            format!("the run was not over after {limit} s; allow it more with --e2b-timeout"),
        )
    }

    /// The same before the run had begun.
    pub(super) fn before(self) -> Self {
        Self { exit: Exit::Environment, ..self }
    }

    pub(super) fn cancelled() -> Self {
        let message = "stopped by the user before the run had begun".to_owned();
        let failure = Failure { step: None, kind: "cancelled".to_owned(), message };
        Self { failure, state: State::Cancelled, exit: Exit::Failed }
    }

    /// The run is over, and nothing of it has arrived.
    pub(super) fn cancelled_fetching() -> Self {
        let message = "stopped by the user before the outputs were here; none was kept".to_owned();
        let failure = Failure { step: None, kind: "cancelled".to_owned(), message };
        Self { failure, state: State::Cancelled, exit: Exit::Failed }
    }

    fn new(kind: &str, message: impl Into<String>, exit: Exit) -> Self {
        let failure = Failure { step: None, kind: kind.to_owned(), message: message.into() };
        Self { failure, state: State::Failed, exit }
    }
}

/// What E2B said before the run had begun.
impl From<client::Error> for Trouble {
    fn from(error: client::Error) -> Self {
        use client::Kind;
        let help = match error.kind {
            Kind::Auth => {
                "; set E2B_API_KEY to a key of https://e2b.dev/dashboard, or check it with `osiris e2b doctor`"
            }
            // Without a word of envd's it is the template.
            Kind::NotFound if error.code.is_none() => {
                "; name a template that you have with --e2b-template, or make one with `osiris e2b template`"
            }
            Kind::RateLimited | Kind::Capacity => {
                "; wait for other sandboxes to end, or end what is left over with `osiris e2b sweep`"
            }
            Kind::Unreachable | Kind::Timeout if error.was_sent() => {
                "; check the network with `osiris e2b doctor`"
            }
            _ => "",
        };
        Self::environment("sandbox", format!("{}{help}", error.message))
    }
}
