//! The control plane: creates, finds, extends and kills sandboxes.

mod build;
mod create;
mod list;
mod sandbox;
mod template;

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::error::{Error, Kind, Result};
use super::http::{self, Http, Service};
use super::response;
use super::retry::{DEFAULT_TIMEOUT, RetryPolicy, deadline, retry, retry_when};
use super::settings::Settings;

pub use self::build::{Build, BuildState, BuildStatus, LogEntry, Step, Template};
pub use self::create::{Create, Network};
pub use self::list::SandboxSummary;
pub use self::sandbox::{Sample, Sandbox, SandboxInfo, State};

/// A client of E2B's control plane. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    http: Http,
    timeout: Duration,
}

impl Control {
    /// Creates the client without sending anything.
    ///
    /// # Errors
    /// Returns a `Local` error if this machine has no certificates to verify a server with.
    pub fn new(settings: &Settings) -> Result<Self> {
        let mut headers = HeaderMap::new();
        http::sensitive(&mut headers, "x-api-key", settings.key().reveal(), "use E2B_API_KEY")?;
        let http = Http::new(
            Service::Control,
            settings.api.clone(),
            headers,
            vec![settings.key().clone()],
        )?;
        Ok(Self { http, timeout: DEFAULT_TIMEOUT })
    }

    /// Returns a client with this time limit per call, retries included. The default is 60 s.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// Kills a sandbox, running or paused. A sandbox that is already gone counts as success; any
    /// failure that might be temporary is retried until the deadline.
    ///
    /// # Errors
    /// Returns an error if the sandbox might still be alive.
    pub async fn kill(&self, id: &str) -> Result<()> {
        let what = format!("kill sandbox {id}");
        let path = sandbox(id, "", &what)?;
        let is_retryable =
            |error: &Error| !matches!(error.kind, Kind::Auth | Kind::Forbidden | Kind::Invalid);
        let result = retry_when(&what, deadline(self.timeout), is_retryable, async || {
            let response = self.http.send(self.quick(Method::DELETE, &path), &what).await;
            match response {
                Err(error) if error.kind == Kind::NotFound => Ok(()),
                other => other.map(drop),
            }
        });
        result.await
    }

    /// Sets the end of a sandbox's lifetime to this long from now, later or earlier than before.
    /// Counts in whole seconds, at least one.
    ///
    /// # Errors
    /// Returns `NotFound` if the sandbox is gone, `Invalid` if the lifetime exceeds the plan's
    /// limit.
    pub async fn set_timeout(&self, id: &str, timeout: Duration) -> Result<()> {
        let what = format!("set the lifetime of sandbox {id}");
        let path = sandbox(id, "/timeout", &what)?;
        let body = json!({ "timeout": seconds(timeout) });
        retry(&what, deadline(self.timeout), RetryPolicy::Idempotent, async || {
            let request = with(self.quick(Method::POST, &path), &body);
            self.http.send(request, &what).await.map(drop)
        })
        .await
    }

    /// Returns information about a sandbox, or `None` if the sandbox is gone.
    ///
    /// # Errors
    /// Returns an error if the control plane does not answer.
    pub async fn info(&self, id: &str) -> Result<Option<SandboxInfo>> {
        let what = format!("look up sandbox {id}");
        let path = sandbox(id, "", &what)?;
        retry(&what, deadline(self.timeout), RetryPolicy::Idempotent, async || {
            match self.http.send(self.quick(Method::GET, &path), &what).await {
                Ok(response) => response::json(response, &what).await.map(Some),
                Err(error) if error.kind == Kind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Connects to an existing sandbox and resumes it if paused. Extends the lifetime to at least
    /// this long from now, never shortens it.
    ///
    /// # Errors
    /// Returns `NotFound` if the sandbox no longer exists.
    pub async fn connect(&self, id: &str, timeout: Duration) -> Result<Sandbox> {
        let what = format!("connect to sandbox {id}");
        let path = sandbox(id, "/connect", &what)?;
        let body = json!({ "timeout": seconds(timeout) });
        retry(&what, deadline(self.timeout), RetryPolicy::Idempotent, async || {
            // Newer control planes have the first route, older ones only the second.
            let request = with(self.quick(Method::POST, &format!("v2/{path}")), &body);
            let response = match self.http.send(request, &what).await {
                Err(error) if no_route(&error) => {
                    self.http.send(with(self.quick(Method::POST, &path), &body), &what).await
                }
                other => other,
            };
            response::json::<Sandbox>(response?, &what).await?.validate(&what)
        })
        .await
    }

    /// Returns measurements of a sandbox's load, oldest first; empty until the first one.
    ///
    /// # Errors
    /// Returns `NotFound` if the sandbox is gone.
    pub async fn metrics(&self, id: &str) -> Result<Vec<Sample>> {
        let what = format!("read the metrics of sandbox {id}");
        let path = sandbox(id, "/metrics", &what)?;
        retry(&what, deadline(self.timeout), RetryPolicy::Idempotent, async || {
            let response = self.http.send(self.quick(Method::GET, &path), &what).await?;
            response::json(response, &what).await
        })
        .await
    }

    /// Creates a request that a healthy control plane answers quickly.
    fn quick(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, path).timeout(QUICK)
    }
}

/// Time limit for one attempt of a quick request.
const QUICK: Duration = Duration::from_secs(30);

/// Adds a JSON body, with its length.
fn with(request: RequestBuilder, body: &serde_json::Value) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

/// Returns the path of a sandbox. Rejects anything but an id, which could lead to another path.
fn sandbox(id: &str, rest: &str, what: &str) -> Result<String> {
    match sandbox::is_id(id) {
        true => Ok(format!("sandboxes/{id}{rest}")),
        false => Err(Error::new(Kind::Invalid, format!("cannot {what}: invalid sandbox id"))),
    }
}

/// Returns whole seconds in the range that E2B accepts.
fn seconds(timeout: Duration) -> u64 {
    timeout.as_secs().clamp(1, i32::MAX as u64)
}

/// Returns whether the route does not exist, not the resource. If in doubt, the older route is
/// tried, whose answer settles the question.
fn no_route(error: &Error) -> bool {
    let resource_phrases = ["doesn't exist", "does not exist", "template '", "Sandbox not found"];
    match error.status {
        Some(405) => true,
        Some(404) => !resource_phrases.iter().any(|phrase| error.server_message.contains(phrase)),
        _ => false,
    }
}
