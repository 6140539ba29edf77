//! envd, the daemon in a sandbox: its files and its processes.

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
use super::retry::PATIENCE;
use super::settings::{ENVD_PORT, Settings};

/// How often a quiet stream shows that it lives.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Below this version every request must name its user.
const DEFAULT_USER: Version = Version::new(0, 4, 0);

/// The daemon of one sandbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Envd {
    http: Http,
    version: Version,
    keepalive: Duration,
    patience: Duration,
}

impl Envd {
    /// Prepares the client; sends nothing yet.
    ///
    /// # Errors
    /// `Invalid` or `Protocol` when the sandbox's domain or token is none,
    /// `Local` when this machine has no certificates to check a server with.
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
        Ok(Self { http, version, keepalive: KEEPALIVE, patience: PATIENCE })
    }

    /// The same, with this long for each call, its retries included; 60 s
    /// unless said. An open stream is only limited by its silence, and what is
    /// sent may take longer by its size, a second for every 32 KiB.
    #[must_use]
    pub fn within(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The same, where a quiet process's stream shows this often that it
    /// lives: whole seconds, 20 unless said. One that is silent for two and a
    /// half times as long is lost.
    #[must_use]
    pub fn with_keepalive(&self, keepalive: Duration) -> Self {
        // Zero would crash envd.
        let keepalive = Duration::from_secs(keepalive.as_secs().clamp(1, 3600));
        Self { keepalive, ..self.clone() }
    }

    /// Names the user, or the default one where envd does not know it.
    fn user_of<'a>(&self, user: Option<&'a str>) -> Option<&'a str> {
        user.or_else(|| (self.version < DEFAULT_USER).then_some("user"))
    }

    /// Acts as a user; the password does not matter.
    fn as_user(&self, request: RequestBuilder, user: Option<&str>) -> RequestBuilder {
        match self.user_of(user) {
            Some(user) => request.basic_auth(user, Some("")),
            None => request,
        }
    }

    /// The path and query of a file's content.
    fn file(&self, path: &str) -> String {
        let user = self.user_of(None).map(|user| format!("&username={user}")).unwrap_or_default();
        format!("files?path={}{user}", utf8_percent_encode(path, NON_ALPHANUMERIC))
    }
}
