//! Entry points for fuzzing: parses responses without a server.

use std::sync::LazyLock;

use reqwest::Response;

use super::super::error::{Error, Result};
use super::super::http::{Http, Service};
use super::super::response;
use super::super::settings::Settings;
use super::{Entry, KEEPALIVE, Output, Process, download};

/// A client that never sends a request.
static HTTP: LazyLock<Result<Http>> = LazyLock::new(|| {
    let settings = Settings::from(|name| {
        let value = match name {
            "E2B_API_KEY" => "e2b_0123456789abcdef",
            "E2B_API_URL" => "http://127.0.0.1:9",
            _ => return None,
        };
        Some(osiris_core::variable::Variable::exported(value.to_owned()))
    })?;
    let secrets = vec![settings.key().clone()];
    Http::new(Service::Envd, settings.api.clone(), Default::default(), secrets)
});

/// Reads all output in a process's stream.
///
/// # Errors
/// Returns the errors of [`Process::next`].
pub async fn watch(response: Response) -> Result<Vec<Output>> {
    let http = HTTP.clone()?;
    let mut process = Process::begin(response, http, KEEPALIVE, "watch".to_owned()).await?;
    let mut outputs = Vec::new();
    while let Some(output) = process.next().await? {
        outputs.push(output);
    }
    Ok(outputs)
}

/// Parses the entry in a response.
///
/// # Errors
/// Returns an error if the response has no entry.
pub async fn entry(response: Response) -> Result<Entry> {
    super::files::entry(response, "look").await
}

/// Checks that a response has a file's bytes from this offset.
///
/// # Errors
/// Returns an error if it does not.
pub fn download(response: &Response, from: u64) -> Result<()> {
    download::check(response, from, "read")
}

/// Returns the error for a response.
///
/// # Errors
/// Returns an error if the client cannot be created.
pub async fn refusal(response: Response) -> Result<Error> {
    Ok(response::error_response(response, "try", &HTTP.clone()?).await)
}
