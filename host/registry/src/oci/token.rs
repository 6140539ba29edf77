//! Authentication to a registry: a password, or a token that another server issues for one.

use http_auth::parse_challenges;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use reqwest::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Response, Url};
use serde::Deserialize;

use super::super::http_client::BoundedClient;
use super::super::source::check_scheme;
use super::credentials::sensitive;
use super::{Client, MAX_JSON};

/// The variable that names one more server that may get a login. Only an exported value counts,
/// since a project's `.env` can come from another author.
const TOKEN_SERVER: &str = "OSIRIS_REGISTRY_TOKEN_SERVER";

/// Registries with a token server on another host, as they document it.
const TOKEN_SERVERS: [(&str, &str); 5] = [
    ("docker.io", "auth.docker.io"),
    ("index.docker.io", "auth.docker.io"),
    ("registry-1.docker.io", "auth.docker.io"),
    ("registry.gitlab.com", "gitlab.com"),
    ("registry.digitalocean.com", "api.digitalocean.com"),
];

fn own_server() -> Option<String> {
    std::env::var(TOKEN_SERVER).ok().filter(|name| !name.is_empty())
}

/// Returns whether a token server may get the login to a registry: the registry's own host, a
/// host known to belong to the registry, or one that the user named.
fn may_get_login(registry: &Url, realm: &Url, own: Option<&str>) -> bool {
    let (from, to) =
        (registry.host_str().unwrap_or_default(), realm.host_str().unwrap_or_default());
    // One owner controls all ports of a host; a token server often has its own port.
    let is_same = from == to;
    let is_known = realm.scheme() == "https"
        && realm.port_or_known_default() == Some(443)
        && TOKEN_SERVERS.contains(&(from, to));
    is_same || is_known || own == Some(authority(realm).as_str())
}

/// Returns a server's host, with the port if it is not the default.
fn authority(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

/// Response of a token server; the name of the token's field differs between servers.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Client {
    /// Returns the credentials for a scope that a refusal demands. Returns `None` if the user has
    /// none.
    pub(super) async fn key(
        &self,
        refusal: &Response,
        scope: &str,
        action: &str,
    ) -> Result<Option<HeaderValue>> {
        for header in refusal.headers().get_all(WWW_AUTHENTICATE) {
            let text = header.to_str().unwrap_or_default();
            for challenge in parse_challenges(text).unwrap_or_default() {
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    return Ok(self.login.as_ref().and_then(super::Login::basic));
                }
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    let field = |name: &str| {
                        let found =
                            challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                        found.map(|(_, value)| value.to_unescaped())
                    };
                    let realm = field("realm").unwrap_or_default();
                    let parameters = [
                        ("service", field("service")),
                        ("scope", field("scope").or_else(|| Some(scope.to_owned()))),
                    ];
                    return self.token(&realm, parameters, action).await.map(Some);
                }
            }
        }
        Ok(None)
    }

    /// Requests a token. The token server gets the user's password if [`may_get_login`] allows
    /// it, and never over an unencrypted connection.
    async fn token(
        &self,
        realm: &str,
        parameters: [(&str, Option<String>); 2],
        action: &str,
    ) -> Result<HeaderValue> {
        let wrong = |reason: &str| {
            let message = format!("{}: cannot {action}: {reason}", self.web.host());
            Error::environment(Diagnostic::new(Code::LoginFailed, message))
        };
        let mut realm =
            Url::parse(realm).map_err(|_| wrong("the token server has no valid address"))?;
        // Encryption is never dropped, even if `insecure`.
        let clear = realm.scheme() != "https";
        if clear && (self.base.scheme() == "https" || check_scheme(&realm, self.insecure).is_err())
        {
            return Err(wrong("the token server would receive the login unencrypted"));
        }
        for (name, value) in parameters {
            if let Some(value) = value {
                realm.query_pairs_mut().append_pair(name, &value);
            }
        }
        let login = self.login.as_ref().and_then(super::Login::basic);
        if login.is_some() && !may_get_login(&self.base, &realm, own_server().as_deref()) {
            let host = authority(&realm);
            let message = format!(
                "{}: cannot {action}: the registry requests the login for {host}, which is another server",
                self.web.host()
            );
            let help = format!(
                "if {host} is the token server of the registry, run `export {TOKEN_SERVER}={host}`"
            );
            return Err(Error::environment(Diagnostic::new(Code::LoginFailed, message).help(help)));
        }
        let web = BoundedClient::new(&realm, self.insecure, self.web.leads())?;
        let mut request = web.client().get(realm);
        if let Some(basic) = login {
            request = request.header(AUTHORIZATION, basic);
        }
        let response = web.send(request, action).await?;
        if !response.status().is_success() {
            return Err(self.web.error_response(response, action).await);
        }
        let body = web.body(response, MAX_JSON, action, &mut |_, _| {}).await?;
        // The parser's message would show the token.
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| wrong("the token server returned an invalid response"))?;
        let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
        token
            .and_then(|token| sensitive(&format!("Bearer {token}")))
            .ok_or_else(|| wrong("the token server returned no token"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_is_sent_only_to_the_registrys_token_server() {
        for (registry, realm, own, allowed) in [
            ("https://ghcr.io", "https://ghcr.io/token", None, true),
            ("https://reg.example:5000", "https://reg.example:5001/auth", None, true),
            ("https://registry-1.docker.io", "https://auth.docker.io/token", None, true),
            ("https://docker.io", "https://auth.docker.io/token", None, true),
            ("https://docker.io", "https://auth.docker.io:444/token", None, false),
            ("https://evil.example", "https://auth.docker.io/token", None, false),
            ("https://docker.io", "https://auth.docker.io.evil.example/token", None, false),
            ("https://reg.example", "https://tokens.example/t", None, false),
            ("https://reg.example", "https://tokens.example/t", Some("tokens.example"), true),
            ("https://reg.example", "https://tokens.example:8/t", Some("tokens.example"), false),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000/token", None, true),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5001/token", None, true),
            ("http://127.0.0.1:5000", "http://localhost:5000/token", None, false),
            ("http://127.0.0.1:5000", "https://elsewhere.example/token", None, false),
        ] {
            let url = |text| Url::parse(text).unwrap();
            assert_eq!(
                may_get_login(&url(registry), &url(realm), own),
                allowed,
                "{registry} {realm}"
            );
        }
    }
}
