//! Health check of a sandbox.

use std::time::Duration;

use reqwest::Method;

use super::super::error::{Error, Kind};
use super::Envd;

/// Time limit of the health check: a healthy sandbox answers immediately.
pub(super) const PROBE: Duration = Duration::from_secs(5);

/// Health of a sandbox.
#[derive(Debug, Clone)]
pub enum Health {
    /// The sandbox answers.
    Up,
    /// The sandbox was killed, or its lifetime is over.
    Gone,
    /// The sandbox does not answer now; it might be alive.
    Unreachable(Error),
}

impl Envd {
    /// Makes one health check of at most 5 s.
    pub async fn health(&self) -> Health {
        let request = self.http.request(Method::GET, "health").timeout(PROBE);
        match self.http.send(request, "reach the sandbox").await {
            Ok(_) => Health::Up,
            Err(error) if error.kind == Kind::SandboxGone => Health::Gone,
            Err(error) => Health::Unreachable(error),
        }
    }
}
