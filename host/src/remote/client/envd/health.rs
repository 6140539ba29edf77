//! Whether a sandbox is there.

use std::time::Duration;

use reqwest::Method;

use super::super::error::{Error, Kind};
use super::Envd;

/// A healthy one answers at once.
pub(super) const PROBE: Duration = Duration::from_secs(5);

/// Whether a sandbox is there.
#[derive(Debug, Clone)]
pub enum Health {
    /// It answers.
    Up,
    /// It was killed, or its lifetime is over.
    Gone,
    /// It does not answer now; it may live.
    Unreachable(Error),
}

impl Envd {
    /// Asks once, for at most 5 s.
    pub async fn health(&self) -> Health {
        let request = self.http.request(Method::GET, "health").timeout(PROBE);
        match self.http.send(request, "reach the sandbox").await {
            Ok(_) => Health::Up,
            Err(error) if error.kind == Kind::SandboxGone => Health::Gone,
            Err(error) => Health::Unreachable(error),
        }
    }
}
