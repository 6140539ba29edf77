//! HTTP to untrusted servers, with limits on redirects, time and response size.

use std::sync::Arc;
use std::time::Duration;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::sanitize::escape_control;
use osiris_core::text::format_bytes;
use osiris_http::{Guard, NamedBy, builder, is_loopback, root_cause};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};

use super::fetch::Progress;
use super::source::check_scheme;

/// Maximum time without any data from a server.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum time for one response.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// Maximum number of redirects.
const REDIRECTS: usize = 5;
/// Maximum bytes read of an error's body, and maximum bytes shown.
const MAX_ERROR: u64 = 16 << 10;
const MAX_MESSAGE: usize = 300;

/// Help for a file of the project that names a local address.
pub(super) const ALLOW_LOCAL: &str = "if you trust this source, add `--allow-local`";

/// A client of one server and of the servers that it redirects to.
#[derive(Debug)]
pub(super) struct BoundedClient {
    client: Client,
    guard: Arc<Guard>,
    host: String,
}

impl BoundedClient {
    /// Creates a client for the server of `base`, chosen by `named_by`; `insecure` allows
    /// unencrypted connections.
    pub(super) fn new(base: &Url, insecure: bool, named_by: NamedBy) -> Result<Self> {
        check_scheme(base, insecure)?;
        let wrong = |reason: String| {
            let message = format!("cannot initialize HTTPS: {reason}");
            Error::environment(Diagnostic::new(Code::TlsUnavailable, message))
        };
        let guard = Guard::new(base, named_by).map_err(|reason| {
            let message = format!("connection denied: {reason}");
            let problem = Diagnostic::new(Code::SourceLocal, message);
            Error::environment(match named_by {
                NamedBy::Stranger => problem.help(ALLOW_LOCAL),
                _ => problem,
            })
        })?;
        let (from, watch) = (base.clone(), guard.clone());
        let policy = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > REDIRECTS {
                return attempt.error(format!("more than {REDIRECTS} redirects"));
            }
            let origin = attempt.url().origin().ascii_serialization();
            if !allows_redirect(&from, attempt.url(), insecure) {
                let reason = format!("redirect to {origin} denied");
                return attempt.error(reason);
            }
            match watch.check(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(reason) => attempt.error(format!("redirect to {origin} denied: {reason}")),
            }
        });
        let client = builder(&guard, base)
            .map_err(|error| wrong(error.to_string()))?
            .redirect(policy)
            .read_timeout(READ_TIMEOUT)
            .timeout(TOTAL_TIMEOUT);
        let client = client.build().map_err(|error| wrong(root_cause(&error)))?;
        let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { client, guard, host: format!("{}{port}", base.host_str().unwrap_or_default()) })
    }

    /// Returns the underlying client, to build requests.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the origin of servers that this server leads to: they must be on the internet or
    /// in the zone of this server.
    pub(super) fn leads(&self) -> NamedBy {
        NamedBy::Server(self.guard.zone())
    }

    /// Returns the server's host for messages.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Sends a request. Any status counts as success.
    pub(super) async fn send(&self, request: RequestBuilder, action: &str) -> Result<Response> {
        request.send().await.map_err(|error| self.transport_error(action, &error))
    }

    fn transport_error(&self, action: &str, error: &reqwest::Error) -> Error {
        let reason = escape_control(&root_cause(error)).into_owned();
        // The reason usually names the host, but a redirect is caused by this server.
        let message = match error.is_redirect() || error.url().is_none() {
            true => format!("{}: cannot {action}: {reason}", self.host),
            false => format!("cannot {action}: {reason}"),
        };
        let problem = Diagnostic::new(Code::ServerUnreachable, message);
        Error::environment(match error.is_connect() {
            true if self.guard.is_of_stranger() => problem.help(ALLOW_LOCAL),
            true => problem.help("check the address and the network"),
            false => problem,
        })
    }

    /// Returns the error for a refusal by the server.
    pub(super) async fn error_response(&self, response: Response, action: &str) -> Error {
        let status = response.status();
        let text = self.body(response, MAX_ERROR, action, &mut |_, _| {}).await.unwrap_or_default();
        let text = error_text(&text);
        let message = format!("{}: cannot {action}: the server returned {status}{text}", self.host);
        Error::environment(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Diagnostic::new(Code::LoginFailed, message).help(format!(
                    "log in with `docker login {host}`, or set OSIRIS_REGISTRY={host}, OSIRIS_REGISTRY_USER and OSIRIS_REGISTRY_PASSWORD",
                    host = self.host
                ))
            }
            StatusCode::NOT_FOUND => {
                Diagnostic::new(Code::SourceMissing, message).help("check the name and the tag")
            }
            _ => Diagnostic::new(Code::RequestRefused, message),
        })
    }

    /// Reads a complete response of at most `limit` bytes.
    pub(super) async fn body(
        &self,
        mut response: Response,
        limit: u64,
        action: &str,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<u8>> {
        let too_large = || {
            let message = format!(
                "{}: cannot {action}: the response is larger than the limit of {}",
                self.host,
                format_bytes(limit)
            );
            Error::environment(Diagnostic::new(Code::ResponseTooLarge, message))
        };
        let announced = response.content_length();
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.transport_error(action, &error))?
        {
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
            progress(body.len() as u64, announced);
        }
        Ok(body)
    }
}

/// Returns whether a redirect is allowed. It must not drop encryption, and only this machine may
/// redirect to this machine.
fn allows_redirect(from: &Url, to: &Url, insecure: bool) -> bool {
    match to.scheme() {
        "https" => is_loopback(from) || !is_loopback(to),
        "http" if from.scheme() == "http" => {
            if is_loopback(to) {
                is_loopback(from)
            } else {
                insecure
            }
        }
        _ => false,
    }
}

/// Returns a server's description of a failure, as the end of a line: the messages of a registry,
/// otherwise the first line of the text.
fn error_text(body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = match json["errors"].as_array() {
        Some(errors) => {
            let messages = errors.iter().filter_map(|error| error["message"].as_str());
            messages.take(3).collect::<Vec<_>>().join("; ")
        }
        None => {
            let text = String::from_utf8_lossy(body);
            let first = text.lines().next().unwrap_or_default().trim();
            if first.starts_with('<') { String::new() } else { first.to_owned() }
        }
    };
    if text.is_empty() {
        return String::new();
    }
    let end = text.floor_char_boundary(MAX_MESSAGE);
    format!(": {}", escape_control(&text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_to_less_safe_addresses_are_refused() {
        for (from, to, insecure, allowed) in [
            ("https://a/x", "https://cdn.b/y", false, true),
            ("https://a/x", "http://a/y", true, false),
            ("https://a/x", "https://127.0.0.1/y", true, false),
            ("http://127.0.0.1/x", "http://127.0.0.1:2/y", false, true),
            ("http://127.0.0.1/x", "http://169.254.169.254/y", false, false),
            ("http://127.0.0.1/x", "https://cdn.b/y", false, true),
            ("http://a/x", "http://b/y", true, true),
            ("http://a/x", "http://localhost/y", true, false),
            ("http://127.0.0.1/x", "file:///etc/passwd", true, false),
        ] {
            let url = |text| Url::parse(text).unwrap();
            assert_eq!(allows_redirect(&url(from), &url(to), insecure), allowed, "{from} {to}");
        }
    }

    #[test]
    fn server_error_text_is_short_and_escaped() {
        for (body, text) in [
            (r#"{"errors":[{"code":"X","message":"no \u001b[2J"}]}"#, r": no \u{1b}[2J"),
            ("plain\nmore", ": plain"),
            ("<html>", ""),
            ("", ""),
        ] {
            assert_eq!(error_text(body.as_bytes()), text);
        }
        assert!(error_text("x".repeat(10_000).as_bytes()).len() < 400);
    }
}
