//! Builds templates, such as the one with the osiris runtime.

use std::collections::BTreeMap;
use std::time::Duration;

use osiris_http::is_loopback;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::json;

use super::super::envd::{Source, allowance};
use super::super::error::{Error, Kind, Result};
use super::super::response;
use super::super::retry::{RetryPolicy, deadline, retry};
use super::build::{Build, BuildState, BuildStatus, Template};
use super::{Control, with};

/// Upload destination for the files of a COPY.
#[derive(Deserialize)]
struct Slot {
    present: bool,
    url: Option<String>,
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
}

impl Control {
    /// Registers a template, or a new build of an existing one.
    ///
    /// # Errors
    /// Returns an error if E2B rejects the template. A request whose answer was lost is not
    /// repeated, although that would only leave an unused build.
    pub async fn create_template(&self, template: &Template) -> Result<Build> {
        let what = format!("create template {}", template.name);
        let body = json!({
            "name": template.name,
            "cpuCount": template.cpu_count,
            "memoryMB": template.memory_mib,
        });
        retry(&what, deadline(self.timeout), RetryPolicy::UnsentOnly, async || {
            let request = with(self.quick(Method::POST, "v3/templates"), &body);
            response::json(self.http.send(request, &what).await?, &what).await
        })
        .await
    }

    /// Sends the files of a COPY as a gzipped tar, unless E2B already has files under this hash, a
    /// SHA-256 in hex that identifies their content. Returns whether the files were sent.
    ///
    /// # Errors
    /// Returns an error if the files cannot be read or sent.
    pub async fn send_files(&self, build: &Build, hash: &str, tar: &Source) -> Result<bool> {
        let what = "send the template's files";
        let path = format!("templates/{}/files/{}", part(&build.template), part(hash));
        let deadline = deadline(self.timeout + allowance(tar.size(what).await?));
        retry(what, deadline, RetryPolicy::Idempotent, async || {
            let response = self.http.send(self.quick(Method::GET, &path), what).await?;
            let slot: Slot = response::json(response, what).await?;
            let url = match (slot.present, slot.url) {
                (true, _) => return Ok(false),
                (false, Some(url)) => storage(&url, what)?,
                (false, None) => return Err(Error::protocol(what, "it has no upload URL")),
            };
            let body = tar.open(what).await?;
            let request = self
                .http
                .elsewhere(Method::PUT, url)
                .headers(extra(slot.headers.unwrap_or_default(), what)?);
            body.send(request, async |request| self.http.send(request, what).await, what).await?;
            Ok(true)
        })
        .await
    }

    /// Starts the build.
    ///
    /// # Errors
    /// Returns `Invalid` if a step is wrong, `Conflict` if the build was already started.
    pub async fn start_build(&self, build: &Build, template: &Template) -> Result<()> {
        let what = format!("build template {}", template.name);
        let path = format!("v2/templates/{}/builds/{}", part(&build.template), part(&build.id));
        let body =
            json!({ "fromTemplate": template.from, "force": false, "steps": template.steps });
        retry(&what, deadline(self.timeout), RetryPolicy::UnsentOnly, async || {
            let request = with(self.quick(Method::POST, &path), &body);
            self.http.send(request, &what).await.map(drop)
        })
        .await
    }

    /// Returns the state of a build, with the log from this entry on.
    ///
    /// # Errors
    /// Returns `NotFound` if the build does not exist.
    pub async fn build_status(&self, build: &Build, log_from: usize) -> Result<BuildStatus> {
        let what = "look up the template's build";
        let path = format!(
            "templates/{}/builds/{}/status?logsOffset={log_from}&limit=100",
            part(&build.template),
            part(&build.id)
        );
        retry(what, deadline(self.timeout), RetryPolicy::Idempotent, async || {
            let response = self.http.send(self.quick(Method::GET, &path), what).await?;
            response::json(response, what).await
        })
        .await
    }

    /// Waits for at most `timeout` until a build is ready; passes every log line to `log`.
    ///
    /// # Errors
    /// Returns an error with the reason if the build fails, `Timeout` if it takes too long.
    pub async fn wait_build(
        &self,
        build: &Build,
        timeout: Duration,
        mut log: impl FnMut(&str),
    ) -> Result<()> {
        let deadline = deadline(timeout);
        let mut offset = 0;
        loop {
            let status = self.build_status(build, offset).await?;
            offset += status.log_entries.len();
            status.log_entries.iter().for_each(|entry| log(&entry.message));
            match status.status {
                BuildState::Ready => return Ok(()),
                BuildState::Error => {
                    let reason = self.http.clean(status.reason(), 400);
                    let text = format!("cannot build the template: {reason}");
                    return Err(Error::new(Kind::Invalid, text));
                }
                BuildState::Going if tokio::time::Instant::now() > deadline => {
                    let text = "cannot build the template: timed out";
                    return Err(Error::new(Kind::Timeout, text));
                }
                BuildState::Going => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }
}

/// Encodes an id as one segment of a path.
fn part(id: &str) -> impl std::fmt::Display {
    utf8_percent_encode(id, NON_ALPHANUMERIC)
}

/// Parses the URL of a file store: any host, but never unencrypted.
fn storage(url: &str, what: &str) -> Result<Url> {
    let url = Url::parse(url).map_err(|_| Error::protocol(what, "the upload URL is invalid"))?;
    match url.scheme() == "https" || is_loopback(&url) {
        true => Ok(url),
        false => Err(Error::protocol(what, "the upload URL is not `https`")),
    }
}

fn extra(headers: BTreeMap<String, String>, what: &str) -> Result<HeaderMap> {
    let header = |(name, value): (String, String)| {
        let name = HeaderName::try_from(name).ok()?;
        Some((name, HeaderValue::try_from(value).ok()?))
    };
    let headers: Option<HeaderMap> = headers.into_iter().map(header).collect();
    headers.ok_or_else(|| Error::protocol(what, "an upload header is invalid"))
}
