//! A client of OCI registries for the few requests of the distribution specification that a
//! component needs. Written here because existing libraries read responses of any size and follow
//! any redirect.

mod catalog;
mod credentials;
mod manifest;
mod pull;
mod push;
mod reference;
mod token;

use std::collections::BTreeMap;
use std::sync::Mutex;

use osiris_core::diagnostic::Result;
use osiris_http::NamedBy;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};

use super::http_client::BoundedClient;

pub(super) use manifest::Artifact;

pub use catalog::{CatalogEntry, newest};
pub use credentials::{LOGIN, Login, REGISTRY};
pub use push::Published;
pub use reference::Reference;

/// Maximum bytes of a manifest or a list.
const MAX_JSON: u64 = 4 << 20;

/// A client of one registry.
#[derive(Debug)]
pub struct Client {
    web: BoundedClient,
    base: Url,
    insecure: bool,
    login: Option<Login>,
    /// The `Authorization` value for each scope.
    keys: Mutex<BTreeMap<String, HeaderValue>>,
}

impl Client {
    /// Creates a client; unencrypted only to this machine, or if `insecure`.
    ///
    /// # Errors
    /// Returns an error if `registry` is not a valid host or TLS cannot be initialized.
    pub(crate) fn new(
        registry: &str,
        insecure: bool,
        login: Option<Login>,
        named_by: NamedBy,
    ) -> Result<Self> {
        let base = reference::address(registry, insecure)?;
        let web = BoundedClient::new(&base, insecure, named_by)?;
        Ok(Self { web, base, insecure, login, keys: Mutex::default() })
    }

    /// Builds a request to a path under `/v2/`, with an optional query after `?`.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        url.set_path(&format!("/v2/{path}"));
        url.set_query(query);
        self.web.client().request(method, url)
    }

    /// Sends a request, and repeats it with credentials if the registry requires them for this
    /// scope. Any status except a refused login counts as success.
    async fn call(
        &self,
        scope: &str,
        action: &str,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<Response> {
        let with = |key: Option<HeaderValue>| match key {
            Some(key) => build().header(AUTHORIZATION, key),
            None => build(),
        };
        let key = self.keys.lock().ok().and_then(|keys| keys.get(scope).cloned());
        let response = self.web.send(with(key), action).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let Some(key) = self.key(&response, scope, action).await? else {
            return Err(self.web.error_response(response, action).await);
        };
        let response = self.web.send(with(Some(key.clone())), action).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(self.web.error_response(response, action).await);
        }
        if let Ok(mut keys) = self.keys.lock() {
            keys.insert(scope.to_owned(), key);
        }
        Ok(response)
    }
}

/// Returns the scope for pulling from a repository.
fn pull_scope(repository: &str) -> String {
    format!("repository:{repository}:pull")
}
