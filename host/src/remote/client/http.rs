//! One server: its address, what every request to it carries, and its secrets.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, Url, redirect};

use super::answer;
use super::error::{Again, Error, Kind, Result};
use super::secret::Secret;
use crate::http::{Guard, NamedBy, builder, reason};

/// A host that does not answer a connection for so long is not there.
const CONNECT: Duration = Duration::from_secs(10);

/// Shorter than the shortest of the proxies' idle timeouts on the way.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// One server. Cheap to clone.
#[derive(Clone)]
pub(super) struct Http(Arc<Inner>);

/// The kinds of server, which differ in what they accept as proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// The control plane: a user's key.
    Control,
    /// The daemon of a sandbox: the token of the sandbox.
    Envd,
}

struct Inner {
    service: Service,
    client: Client,
    base: Url,
    headers: HeaderMap,
    secrets: Vec<Secret>,
}

impl Http {
    /// `headers` go with every request; `secrets` never into a message.
    pub(super) fn new(
        service: Service,
        base: Url,
        headers: HeaderMap,
        secrets: Vec<Secret>,
    ) -> Result<Self> {
        let wrong = |why: String| {
            Error::new(Kind::Local, format!("cannot prepare HTTPS on this machine: {why}"))
        };
        let guard = Guard::new(&base, NamedBy::User).map_err(wrong)?;
        let client = builder(&guard, &base)
            .map_err(|error| wrong(error.to_string()))?
            // The edge pads downloads with empty HTTP/2 frames until h2 gives up.
            .http1_only()
            // A redirect would carry the key elsewhere.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(POOL_IDLE)
            .tcp_nodelay(true);
        let client = client.build().map_err(|error| wrong(reason(&error)))?;
        Ok(Self(Arc::new(Inner { service, client, base, headers, secrets })))
    }

    /// A request to a path below the address, with a query after a `?`; both
    /// are encoded already.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.0.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        url.set_path(&format!("{}{path}", url.path()));
        url.set_query(query);
        self.0.client.request(method, url).headers(self.0.headers.clone())
    }

    /// A request to another server, without this one's headers.
    pub(super) fn elsewhere(&self, method: Method, url: Url) -> RequestBuilder {
        self.0.client.request(method, url)
    }

    /// Sends it; only a success is an answer.
    pub(super) async fn send(&self, request: RequestBuilder, what: &str) -> Result<Response> {
        let response = request.send().await.map_err(|error| failed(what, &error))?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(answer::refusal(response, what, self).await),
        }
    }

    /// The kind of server.
    pub(super) fn service(&self) -> Service {
        self.0.service
    }

    /// The server's host, for messages.
    pub(super) fn host(&self) -> &str {
        self.0.base.host_str().unwrap_or_default()
    }

    /// A server's text as one line of at most `max` bytes without secrets.
    pub(super) fn clean(&self, text: &str, max: usize) -> String {
        let text = text.trim().to_owned();
        let mut text = self.0.secrets.iter().fold(text, |text, secret| secret.masked(text));
        text = text.lines().next().unwrap_or_default().replace(crate::invisible::is_invisible, " ");
        if text.len() > max {
            text.truncate(text.floor_char_boundary(max));
            text.push_str(" ... (cut)");
        }
        text
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Http({})", self.host())
    }
}

/// A header whose value no `Debug` output shows.
///
/// # Errors
/// When the text cannot stand in a header.
pub(super) fn sensitive(
    headers: &mut HeaderMap,
    name: &'static str,
    value: &str,
    what: &str,
) -> Result<()> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| Error::protocol(what, format!("what goes into {name} has a bad character")))?;
    value.set_sensitive(true);
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

/// A request without an answer.
pub(super) fn failed(what: &str, error: &reqwest::Error) -> Error {
    let (kind, again, hint) = if error.is_connect() {
        let hint =
            "; check the network, and that E2B_API_URL, E2B_SANDBOX_URL and E2B_DOMAIN are right";
        (Kind::Unreachable, Again::Unsent, hint)
    } else if error.is_builder() {
        (Kind::Invalid, Again::No, "")
    } else if error.is_timeout() {
        (Kind::Timeout, Again::Lost, "")
    } else {
        (Kind::Unreachable, Again::Lost, "")
    };
    Error::new(kind, format!("cannot {what}: {}{hint}", reason(error))).again(again)
}
