//! Lists sandboxes.

use std::sync::Arc;

use axum::extract::{RawQuery, State as Shared};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::body::answer;
use super::{Error, Server, detail};
use crate::sandbox::Sandbox;

/// The parameters of a list.
#[derive(Debug)]
struct Query {
    metadata: Vec<(String, String)>,
    running: bool,
    ascending: bool,
    started_after: Option<Timestamp>,
    template: Option<String>,
    limit: usize,
    /// The start and id of the last sandbox of the page before.
    after: Option<(Timestamp, String)>,
}

pub(super) async fn v1(
    Shared(state): Server,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let query = Query::parse(&query.unwrap_or_default())?;
    let sandboxes: Vec<_> = state.sandboxes().values().cloned().collect();
    let matching = sandboxes.iter().filter(|sandbox| query.matches(sandbox));
    Ok(answer(StatusCode::OK, &matching.map(|sandbox| detail::summary(sandbox)).collect()))
}

pub(super) async fn v2(
    Shared(state): Server,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let query = Query::parse(&query.unwrap_or_default())?;
    let mut matching: Vec<Arc<Sandbox>> = state.sandboxes().values().cloned().collect();
    matching.retain(|sandbox| query.running && query.matches(sandbox));
    let total = matching.len();
    matching.sort_by_cached_key(|sandbox| (sandbox.started, sandbox.id.clone()));
    if !query.ascending {
        matching.reverse();
    }
    if let Some((started, id)) = &query.after {
        let last = (*started, id.as_str());
        matching.retain(|sandbox| {
            let this = (sandbox.started, sandbox.id.as_str());
            if query.ascending { this > last } else { this < last }
        });
    }
    let more = matching.len() > query.limit;
    matching.truncate(query.limit);
    let items: Value = matching.iter().map(|sandbox| detail::summary(sandbox)).collect();
    let mut response = answer(StatusCode::OK, &items);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-total-running"), HeaderValue::from(total));
    if let Some(last) = matching.last().filter(|_| more)
        && let Ok(token) = HeaderValue::from_str(&token(last, query.ascending))
    {
        headers.insert(HeaderName::from_static("x-next-token"), token);
    }
    Ok(response)
}

impl Query {
    fn parse(text: &str) -> Result<Self, Error> {
        let mut query = Self {
            metadata: Vec::new(),
            running: true,
            ascending: false,
            started_after: None,
            template: None,
            limit: 100,
            after: None,
        };
        let mut token = None;
        let invalid =
            |name: &str| Error::bad(format!("validation error: invalid parameter {name}"));
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "metadata" => query.metadata = pairs(&value),
                "state" => query.running = value.split(',').any(|state| state == "running"),
                "order" => match &*value {
                    "asc" => query.ascending = true,
                    "desc" => {}
                    _ => return Err(invalid("order")),
                },
                "startedAfter" => {
                    query.started_after = Some(value.parse().map_err(|_| invalid("startedAfter"))?);
                }
                "template" => query.template = Some(value.into_owned()),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=100).contains(limit));
                    query.limit = limit.ok_or_else(|| invalid("limit"))?;
                }
                "nextToken" => token = Some(value.into_owned()),
                _ => {}
            }
        }
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            let after = read_token(&token, query.ascending);
            query.after = Some(after.ok_or_else(|| invalid("nextToken"))?);
        }
        Ok(query)
    }

    fn matches(&self, sandbox: &Sandbox) -> bool {
        self.metadata.iter().all(|(key, value)| sandbox.metadata.get(key) == Some(value))
            && self.started_after.is_none_or(|after| sandbox.started >= after)
            && self.template.as_ref().is_none_or(|template| {
                *template == sandbox.template || Some(template) == sandbox.alias.as_ref()
            })
    }
}

/// The pairs of a query inside a query, whose parts are encoded once more.
fn pairs(text: &str) -> Vec<(String, String)> {
    let owned = |(key, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        (key.into_owned(), value.into_owned())
    };
    form_urlencoded::parse(text.as_bytes()).map(owned).collect()
}

fn token(last: &Sandbox, ascending: bool) -> String {
    let order = if ascending { "asc" } else { "desc" };
    BASE64_URL_SAFE_NO_PAD.encode(format!("{order}|{}|{}", last.started, last.id))
}

fn read_token(token: &str, ascending: bool) -> Option<(Timestamp, String)> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.split('|');
    let order = if ascending { "asc" } else { "desc" };
    parts.next().filter(|prefix| *prefix == order)?;
    Some((parts.next()?.parse().ok()?, parts.next()?.to_owned()))
}
