//! Creates exactly one sandbox, even if responses are lost.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::super::error::{Error, Kind, Result, Retryability};
use super::super::response::{self, OUTCOME_UNKNOWN};
use super::super::retry::{deadline, pauses};
use super::{Control, Sandbox, no_route, seconds, with};

/// Tag that distinguishes this create from all others, regardless of the caller's tags.
const TAG: &str = "osiris_create";

/// Time limit for one attempt; E2B itself gives up after 80 s at most.
const ATTEMPT: Duration = Duration::from_secs(90);

/// Time limit for reaching a server that accepts no connection.
const UNCONNECTED: Duration = Duration::from_secs(20);

/// Attempts to find a sandbox whose response was lost, and the pause between them.
const LOOKS: u32 = 4;
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Parameters of a new sandbox.
#[derive(Debug, Clone, Default)]
pub struct Create {
    /// Id or name of a template, with an optional `:tag`.
    pub template: String,
    /// Lifetime of the sandbox unless changed later; whole seconds, at least one.
    pub timeout: Duration,
    /// Tags to find the sandbox by. `osiris_create` is added.
    pub metadata: BTreeMap<String, String>,
    /// Environment variables of every process in the sandbox. E2B stores them: no secrets.
    pub env: BTreeMap<String, String>,
    /// Network access of the sandbox.
    pub network: Network,
}

/// Network access of a sandbox. Empty means everything public. Allow rules take precedence over
/// deny rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Allowed addresses, ranges, or domains such as `*.example.org`. Domains need `0.0.0.0/0` in
    /// `deny_out`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_out: Vec<String>,
    /// Denied addresses or ranges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny_out: Vec<String>,
    /// DNS servers that the sandbox may use in addition to those that E2B opens for domains; `None`
    /// leaves the choice to E2B.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_servers: Option<Vec<String>>,
    /// Whether anybody may reach the sandbox's ports; `None` leaves the choice to E2B.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_public_traffic: Option<bool>,
}

impl Control {
    /// Creates a sandbox whose envd is up.
    ///
    /// If a response is lost, the sandbox might exist: it is looked up by its tags before another
    /// attempt, and surplus sandboxes are killed.
    ///
    /// # Errors
    /// Returns `NotFound` for an unknown template, `RateLimited` if the plan's sandboxes are used
    /// up, `Capacity` if E2B has none left, `Invalid` for invalid parameters. Sandboxes of a failed
    /// call are killed as far as they can be found; one that appears later, or after the call was
    /// dropped, ends with its lifetime.
    pub async fn create(&self, create: &Create) -> Result<Sandbox> {
        self.create_observed(create, |_| {}).await
    }

    /// Like [`create`](Self::create), and calls `on_retry` for each failure before another attempt.
    /// A server that accepts no connection is given up sooner than a slow one.
    ///
    /// # Errors
    /// Returns the errors of [`create`](Self::create).
    pub async fn create_observed(
        &self,
        create: &Create,
        on_retry: impl Fn(&Error),
    ) -> Result<Sandbox> {
        let connect_deadline = Instant::now() + UNCONNECTED;
        let what = format!("create a sandbox of template {}", create.template);
        let deadline = deadline(self.timeout);
        let key = Uuid::new_v4().to_string();
        let body = body(create, &key);
        let mut idempotency = key.clone();
        let mut lost = false;
        for pause in pauses() {
            let attempt = timeout_at(deadline, self.attempt(&body, &idempotency, &what)).await;
            let error = match attempt.unwrap_or_else(|_| Err(late(&what))) {
                Ok(sandbox) => {
                    if lost {
                        self.kill_extras(&key, Some(&sandbox.id)).await;
                    }
                    return Ok(sandbox);
                }
                Err(error) => error,
            };
            let unclear = error.kind == Kind::Protocol && error.status.is_none();
            if unclear || error.again == Retryability::Lost {
                lost = true;
                if let Some(sandbox) = self.find(&key, create.timeout, deadline).await {
                    return Ok(sandbox);
                }
            }
            if error.code.as_deref() == Some(OUTCOME_UNKNOWN) {
                idempotency = Uuid::new_v4().to_string();
            }
            let pause = pause.max(error.retry_after.unwrap_or_default());
            let end = if error.was_sent() { deadline } else { deadline.min(connect_deadline) };
            if error.again == Retryability::No || Instant::now() + pause >= end {
                // A sandbox rejected by this client, such as one without a token, exists.
                if lost || (error.again == Retryability::No && error.status.is_none()) {
                    self.kill_extras(&key, None).await;
                }
                return Err(error);
            }
            on_retry(&error);
            sleep(pause).await;
        }
        Err(late(&what))
    }

    async fn attempt(&self, body: &Value, key: &str, what: &str) -> Result<Sandbox> {
        let response = match self.post("v2/sandboxes", body, Some(key), what).await {
            Err(error) if no_route(&error) => {
                let mut body = body.clone();
                // The older route returns a token only on request.
                body["secure"] = true.into();
                self.post("sandboxes", &body, None, what).await
            }
            other => other,
        };
        response::json::<Sandbox>(response?, what).await?.validate(what)
    }

    async fn post(
        &self,
        path: &str,
        body: &Value,
        key: Option<&str>,
        what: &str,
    ) -> Result<Response> {
        let mut request = with(self.http.request(Method::POST, path).timeout(ATTEMPT), body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.http.send(request, what).await
    }

    /// Returns the sandbox that this create made, if one appears, and kills any others.
    async fn find(&self, key: &str, timeout: Duration, deadline: Instant) -> Option<Sandbox> {
        for _ in 0..LOOKS {
            let remaining = deadline.saturating_duration_since(Instant::now());
            let control = self.with_timeout(remaining);
            if let Ok(sandboxes) = control.list(&tag(key)).await {
                for one in sandboxes {
                    if let Ok(sandbox) = control.connect(&one.id, timeout).await {
                        self.kill_extras(key, Some(&sandbox.id)).await;
                        return Some(sandbox);
                    }
                }
            }
            if Instant::now() + LOOK_PAUSE >= deadline {
                return None;
            }
            sleep(LOOK_PAUSE).await;
        }
        None
    }

    /// Kills the sandboxes that this create made, except `keep`, as far as possible: a sandbox
    /// that survives ends with its lifetime.
    async fn kill_extras(&self, key: &str, keep: Option<&str>) {
        let control = self.with_timeout(Duration::from_secs(10));
        for one in control.list(&tag(key)).await.unwrap_or_default() {
            if Some(one.id.as_str()) != keep {
                let _ = control.kill(&one.id).await;
            }
        }
    }
}

fn tag(key: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(TAG.to_owned(), key.to_owned())])
}

fn body(create: &Create, key: &str) -> Value {
    let mut metadata = create.metadata.clone();
    metadata.extend(tag(key));
    let mut body = json!({
        "templateID": create.template,
        "timeout": seconds(create.timeout),
        "metadata": metadata,
        "envVars": create.env,
    });
    if create.network != Network::default() {
        body["network"] = json!(create.network);
    }
    body
}

fn late(what: &str) -> Error {
    let text = format!("cannot {what}: timed out; try again later");
    Error::new(Kind::Timeout, text).again(Retryability::Lost)
}
