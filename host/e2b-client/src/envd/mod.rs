//! envd, the daemon in a sandbox: manages files and processes.

mod command;
mod download;
mod envelope;
mod event;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod health;
mod process;
mod rpc;
mod run;
mod source;
mod upload;

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::RequestBuilder;
use reqwest::header::{HeaderMap, HeaderValue};
use semver::Version;

pub use self::command::{Command, Signal};
pub use self::download::Download;
pub use self::event::Output;
pub use self::files::{Entry, Type};
pub use self::health::Health;
pub use self::process::Process;
pub use self::run::Finished;
pub use self::source::Source;
pub(super) use self::source::allowance;
use super::control::Sandbox;
use super::error::Result;
use super::http::{self, Http, Service};
use super::retry::DEFAULT_TIMEOUT;
use super::settings::{ENVD_PORT, Settings};

/// Interval of keepalive messages on a quiet stream.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Below this version, every request must name its user.
const DEFAULT_USER: Version = Version::new(0, 4, 0);

/// A client of one sandbox's daemon. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Envd {
    http: Http,
    version: Version,
    keepalive: Duration,
    timeout: Duration,
}

impl Envd {
    /// Creates the client without sending anything.
    ///
    /// # Errors
    /// Returns `Invalid` or `Protocol` if the sandbox's domain or token is malformed, `Local` if
    /// this machine has no certificates to verify a server with.
    pub fn new(settings: &Settings, sandbox: &Sandbox) -> Result<Self> {
        let what = "reach the sandbox";
        let id = sandbox.id.split('-').next().unwrap_or_default();
        let base = settings.envd(id, sandbox.domain.as_deref())?;
        let mut headers = HeaderMap::new();
        let mut secrets = vec![settings.key().clone()];
        if let Some(token) = sandbox.token() {
            http::sensitive(&mut headers, "x-access-token", token.reveal(), what)?;
            secrets.push(token.clone());
        }
        http::sensitive(&mut headers, "e2b-sandbox-id", id, what)?;
        headers.insert("e2b-sandbox-port", HeaderValue::from(ENVD_PORT));
        let http = Http::new(Service::Envd, base, headers, secrets)?;
        let version = sandbox.envd_version.clone();
        Ok(Self { http, version, keepalive: KEEPALIVE, timeout: DEFAULT_TIMEOUT })
    }

    /// Returns a client with this time limit per call, retries included. The default is 60 s. Open
    /// streams are limited only by silence, and uploads get a second more for every 32 KiB.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// Returns a client with this keepalive interval for quiet process streams, in whole seconds.
    /// The default is 20. A stream that is silent for two and a half times as long is lost.
    #[must_use]
    pub fn with_keepalive(&self, keepalive: Duration) -> Self {
        // Zero would crash envd.
        let keepalive = Duration::from_secs(keepalive.as_secs().clamp(1, 3600));
        Self { keepalive, ..self.clone() }
    }

    /// Returns the user to name: the default one if envd does not know it.
    fn user_of<'a>(&self, user: Option<&'a str>) -> Option<&'a str> {
        user.or_else(|| (self.version < DEFAULT_USER).then_some("user"))
    }

    /// Authenticates as a user; the password is ignored.
    fn as_user(&self, request: RequestBuilder, user: Option<&str>) -> RequestBuilder {
        match self.user_of(user) {
            Some(user) => request.basic_auth(user, Some("")),
            None => request,
        }
    }

    /// Returns the path and query of a file's content.
    fn file(&self, path: &str) -> String {
        let user = self.user_of(None).map(|user| format!("&username={user}")).unwrap_or_default();
        format!("files?path={}{user}", utf8_percent_encode(path, NON_ALPHANUMERIC))
    }
}
