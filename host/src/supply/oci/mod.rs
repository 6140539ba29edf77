//! OCI registries: the few requests of the distribution specification that a
//! component needs. The libraries that there are read answers of any size and
//! follow redirects anywhere, so these are our own.

mod browse;
mod login;
mod manifest;
mod pull;
mod push;
mod reference;
mod token;

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};

use super::web::Web;
use crate::http::NamedBy;
use crate::problem::Result;

pub use browse::{Listed, newest};
pub use login::{LOGIN, Login, REGISTRY};
pub use push::Published;
pub use reference::Reference;

/// The most of a manifest or a list that is read, in bytes.
const MAX_JSON: u64 = 4 << 20;

/// A registry.
#[derive(Debug)]
pub struct Client {
    web: Web,
    base: Url,
    insecure: bool,
    login: Option<Login>,
    /// What opened each scope.
    keys: Mutex<BTreeMap<String, HeaderValue>>,
}

impl Client {
    /// Prepares to talk to a registry; in the clear only to this machine, or if
    /// `insecure`.
    ///
    /// # Errors
    /// It is no host, or this machine cannot do HTTPS.
    pub(in crate::supply) fn new(
        registry: &str,
        insecure: bool,
        login: Option<Login>,
        named_by: NamedBy,
    ) -> Result<Self> {
        let base = reference::address(registry, insecure)?;
        let web = Web::new(&base, insecure, named_by)?;
        Ok(Self { web, base, insecure, login, keys: Mutex::default() })
    }

    /// A request to a path below `/v2/`, with a query after a `?`.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        url.set_path(&format!("/v2/{path}"));
        url.set_query(query);
        self.web.client().request(method, url)
    }

    /// Sends a request, and once more with a key if the registry wants one for
    /// this scope. Any status but a refused login is an answer.
    async fn call(
        &self,
        scope: &str,
        what: &str,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<Response> {
        let with = |key: Option<HeaderValue>| match key {
            Some(key) => build().header(AUTHORIZATION, key),
            None => build(),
        };
        let known = self.keys.lock().ok().and_then(|keys| keys.get(scope).cloned());
        let response = self.web.send(with(known), what).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let Some(key) = self.key(&response, scope, what).await? else {
            return Err(self.web.refused(response, what).await);
        };
        let response = self.web.send(with(Some(key.clone())), what).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(self.web.refused(response, what).await);
        }
        if let Ok(mut keys) = self.keys.lock() {
            keys.insert(scope.to_owned(), key);
        }
        Ok(response)
    }
}

/// What a repository is to be opened for.
fn pulling(repository: &str) -> String {
    format!("repository:{repository}:pull")
}
