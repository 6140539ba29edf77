//! HTTP client for one server: its base URL, headers and secrets.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use osiris_http::{Guard, NamedBy, builder, root_cause};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, Url, redirect};

use super::error::{Error, Kind, Result, Retryability};
use super::response;
use super::secret::Secret;

/// Shorter than the shortest idle timeout of the proxies on the way.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// An HTTP client for one server. Cheap to clone.
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
    /// Creates a client. `headers` are sent with every request; `secrets` are masked in every
    /// message.
    pub(super) fn new(
        service: Service,
        base: Url,
        headers: HeaderMap,
        secrets: Vec<Secret>,
    ) -> Result<Self> {
        let init_error =
            |why: String| Error::new(Kind::Local, format!("cannot initialize HTTPS: {why}"));
        let guard = Guard::new(&base, NamedBy::User).map_err(init_error)?;
        let client = builder(&guard, &base)
            .map_err(|error| init_error(error.to_string()))?
            // The edge pads downloads with empty HTTP/2 frames until h2 gives up.
            .http1_only()
            // A redirect would carry the key to another server.
            .redirect(redirect::Policy::none())
            .pool_idle_timeout(POOL_IDLE)
            .tcp_nodelay(true);
        let client = client.build().map_err(|error| init_error(root_cause(&error)))?;
        Ok(Self(Arc::new(Inner { service, client, base, headers, secrets })))
    }

    /// Creates a request to a path below the base URL, with an optional query after `?`. Both must
    /// already be encoded.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.0.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        url.set_path(&format!("{}{path}", url.path()));
        url.set_query(query);
        self.0.client.request(method, url).headers(self.0.headers.clone())
    }

    /// Creates a request to another server, without the headers of this one.
    pub(super) fn elsewhere(&self, method: Method, url: Url) -> RequestBuilder {
        self.0.client.request(method, url)
    }

    /// Sends a request. Any status other than success becomes an error.
    pub(super) async fn send(&self, request: RequestBuilder, what: &str) -> Result<Response> {
        let response = request.send().await.map_err(|error| transport_error(what, &error))?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(response::error_response(response, what, self).await),
        }
    }

    /// Returns the kind of server.
    pub(super) fn service(&self) -> Service {
        self.0.service
    }

    /// Returns the server's host name, for messages.
    pub(super) fn host(&self) -> &str {
        self.0.base.host_str().unwrap_or_default()
    }

    /// Returns a server's text as one line of at most `max` bytes, with secrets masked.
    pub(super) fn clean(&self, text: &str, max: usize) -> String {
        let text = text.trim().to_owned();
        let mut text = self.0.secrets.iter().fold(text, |text, secret| secret.mask(text));
        text = text
            .lines()
            .next()
            .unwrap_or_default()
            .replace(osiris_core::invisible::is_invisible, " ");
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

/// Adds a header whose value is hidden in `Debug` output.
///
/// # Errors
/// Returns an error if the text is not valid in a header.
pub(super) fn sensitive(
    headers: &mut HeaderMap,
    name: &'static str,
    value: &str,
    what: &str,
) -> Result<()> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::protocol(what, format!("the value of header {name} has an invalid character"))
    })?;
    value.set_sensitive(true);
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

/// Returns the error for a request without a response.
pub(super) fn transport_error(what: &str, error: &reqwest::Error) -> Error {
    let (kind, again, hint) = if error.is_connect() {
        let hint = "; check the network and the values of `E2B_API_URL`, `E2B_SANDBOX_URL` and `E2B_DOMAIN`";
        (Kind::Unreachable, Retryability::Unsent, hint)
    } else if error.is_builder() {
        (Kind::Invalid, Retryability::No, "")
    } else if error.is_timeout() {
        (Kind::Timeout, Retryability::Lost, "")
    } else {
        (Kind::Unreachable, Retryability::Lost, "")
    };
    Error::new(kind, format!("cannot {what}: {}{hint}", root_cause(error))).again(again)
}
