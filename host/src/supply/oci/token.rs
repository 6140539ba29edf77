//! What a registry wants to see before it answers: a password, or a token that
//! another server gives for one.

use http_auth::parse_challenges;
use reqwest::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Response, Url};
use serde::Deserialize;

use super::super::source::check_scheme;
use super::super::web::Web;
use super::login::sensitive;
use super::{Client, MAX_JSON};
use crate::problem::{Error, Problem, Result};

/// What a token server answers; different ones name the token differently.
#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Client {
    /// The key for a scope that a refusal asks for; none if the user has none to give.
    pub(super) async fn key(
        &self,
        refusal: &Response,
        scope: &str,
        what: &str,
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
                    let asked = [
                        ("service", field("service")),
                        ("scope", field("scope").or_else(|| Some(scope.to_owned()))),
                    ];
                    return self.token(&realm, asked, what).await.map(Some);
                }
            }
        }
        Ok(None)
    }

    /// Asks the server of tokens. It gets the user's password, as it must, but
    /// never in the clear.
    async fn token(
        &self,
        realm: &str,
        asked: [(&str, Option<String>); 2],
        what: &str,
    ) -> Result<HeaderValue> {
        let wrong = |why: &str| {
            let message = format!("{}: cannot {what}: {why}", self.web.host());
            Error::environment(Problem::new("registry_login", message))
        };
        let mut realm =
            Url::parse(realm).map_err(|_| wrong("its server of tokens has no address"))?;
        // What began encrypted stays so, whatever is allowed.
        let clear = realm.scheme() != "https";
        if clear && (self.base.scheme() == "https" || check_scheme(&realm, self.insecure).is_err())
        {
            return Err(wrong("its server of tokens would get the login in the clear"));
        }
        for (name, value) in asked {
            if let Some(value) = value {
                realm.query_pairs_mut().append_pair(name, &value);
            }
        }
        let web = Web::new(&realm, self.insecure)?;
        let mut request = web.client().get(realm);
        if let Some(basic) = self.login.as_ref().and_then(super::Login::basic) {
            request = request.header(AUTHORIZATION, basic);
        }
        let response = web.send(request, what).await?;
        if !response.status().is_success() {
            return Err(self.web.refused(response, what).await);
        }
        let body = web.body(response, MAX_JSON, what, &mut |_, _| {}).await?;
        // What the parser says would show the token.
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| wrong("its server of tokens answers nonsense"))?;
        let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
        token
            .and_then(|token| sensitive(&format!("Bearer {token}")))
            .ok_or_else(|| wrong("its server of tokens gives none"))
    }
}
