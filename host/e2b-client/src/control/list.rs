//! Finds sandboxes by their tags.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Deserialize;

use super::super::error::{Error, Result};
use super::super::response;
use super::super::retry::{RetryPolicy, deadline, retry};
use super::Control;
use super::sandbox::State;

/// Limits: more sandboxes than any team can have at one time, more pages than they fill, and the
/// longest page token in bytes.
const MAX_LISTED: usize = 100_000;
const MAX_PAGES: usize = 10_000;
const MAX_TOKEN: usize = 4 << 10;

/// A listed sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxSummary {
    /// Id of the sandbox.
    #[serde(rename = "sandboxID")]
    pub id: String,
    /// Template of the sandbox.
    #[serde(rename = "templateID")]
    pub template: String,
    /// Start time, RFC 3339.
    pub started_at: String,
    /// End time unless the lifetime is changed, RFC 3339.
    pub end_at: String,
    /// State of the sandbox.
    pub state: State,
    /// Tags set at creation.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

impl Control {
    /// Returns all sandboxes, running and paused, that have all of these tags.
    ///
    /// # Errors
    /// Returns an error if a page of the list cannot be read.
    pub async fn list(&self, metadata: &BTreeMap<String, String>) -> Result<Vec<SandboxSummary>> {
        let what = "list the sandboxes";
        let deadline = deadline(self.timeout);
        let mut query = vec![("state", "running,paused".to_owned()), ("limit", "100".to_owned())];
        if !metadata.is_empty() {
            query.push(("metadata", tags(metadata)));
        }
        let (mut sandboxes, mut tokens, mut next) = (Vec::new(), BTreeSet::new(), None::<String>);
        loop {
            let mut path = "v2/sandboxes?".to_owned();
            path.push_str(&pairs(&query));
            if let Some(token) = &next {
                path.push('&');
                path.push_str(&pairs(&[("nextToken", token.clone())]));
            }
            let (page, token) = retry(what, deadline, RetryPolicy::Idempotent, async || {
                let response = self.http.send(self.quick(Method::GET, &path), what).await?;
                let token = response.headers().get("x-next-token").map(|value| value.to_str());
                let token = token.transpose().map_err(|error| Error::protocol(what, error))?;
                let token = token.filter(|token| !token.is_empty()).map(str::to_owned);
                Ok((response::json::<Vec<SandboxSummary>>(response, what).await?, token))
            })
            .await?;
            sandboxes.extend(page);
            let Some(token) = token else { return Ok(sandboxes) };
            let is_too_long =
                sandboxes.len() > MAX_LISTED || tokens.len() > MAX_PAGES || token.len() > MAX_TOKEN;
            if is_too_long || !tokens.insert(token.clone()) {
                return Err(Error::protocol(what, "the list has no end"));
            }
            next = Some(token);
        }
    }
}

/// Formats pairs as `a=1&b=2`, percent-encoded.
fn pairs(pairs: &[(&str, String)]) -> String {
    let pair = |(key, value): &(&str, String)| format!("{}={}", encode(key), encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Formats tags as a query string, which becomes one value of the whole query.
fn tags(metadata: &BTreeMap<String, String>) -> String {
    let tags: Vec<_> = metadata.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    pairs(&tags)
}

fn encode(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}
