//! What fuzzing reaches of the client: answers without a server.

use std::sync::LazyLock;

use reqwest::Response;

use super::super::answer;
use super::super::error::{Error, Result};
use super::super::http::Http;
use super::super::settings::Settings;
use super::{Entry, KEEPALIVE, Output, Process, download};

/// No request ever leads there.
static HTTP: LazyLock<Result<Http>> = LazyLock::new(|| {
    let settings = Settings::from(|name| {
        let value = match name {
            "E2B_API_KEY" => "e2b_0123456789abcdef",
            "E2B_API_URL" => "http://127.0.0.1:9",
            _ => return None,
        };
        Some(crate::connection::Variable::exported(value.to_owned()))
    })?;
    Http::new(settings.api.clone(), Default::default(), vec![settings.key().clone()])
});

/// All that a process's stream says.
///
/// # Errors
/// As [`Process::next`].
pub async fn watch(response: Response) -> Result<Vec<Output>> {
    let http = HTTP.clone()?;
    let mut process = Process::begin(response, http, KEEPALIVE, "watch".to_owned()).await?;
    let mut outputs = Vec::new();
    while let Some(output) = process.next().await? {
        outputs.push(output);
    }
    Ok(outputs)
}

/// What an answer says is at a path.
///
/// # Errors
/// It is no such answer.
pub async fn entry(response: Response) -> Result<Entry> {
    super::files::entry(response, "look").await
}

/// Whether an answer is the file's bytes from this one on.
///
/// # Errors
/// It is not.
pub fn download(response: &Response, from: u64) -> Result<()> {
    download::check(response, from, "read")
}

/// The error that an answer stands for.
///
/// # Errors
/// The client cannot be made.
pub async fn refusal(response: Response) -> Result<Error> {
    Ok(answer::refusal(response, "try", &HTTP.clone()?).await)
}
