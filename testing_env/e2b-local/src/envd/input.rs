//! Standard input of processes.

use std::sync::Arc;

use axum::body::BodyDataStream;
use axum::extract::{Request, State as Shared};
use axum::response::Response;
use bytes::BytesMut;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::This;
use super::error::{RpcError, crashed_response};
use super::process::{Named, Selector};
use super::rpc::{self, Answer, Base64, Call};
use super::stream::{answer, error_response};
use crate::sandbox::Process;
use crate::state::State;

#[derive(Debug, Deserialize)]
pub(super) struct Send {
    process: Option<Selector>,
    input: Option<Input>,
}

#[derive(Debug, Default, Deserialize)]
struct Input {
    stdin: Option<Base64>,
    pty: Option<Base64>,
}

/// A message of streamed input.
#[derive(Debug, Deserialize)]
struct Message {
    start: Option<Named>,
    data: Option<Data>,
}

#[derive(Debug, Deserialize)]
struct Data {
    input: Option<Input>,
}

pub(super) async fn send(Shared(state): Shared<Arc<State>>, call: Call<Send>) -> Answer {
    let process = Selector::running(call.message.process, &call.sandbox)?;
    let bytes = input(call.message.input)?;
    state.record.log(format!("input {}", String::from_utf8_lossy(&bytes)));
    write(&process, &bytes).await?;
    Ok(rpc::answer(&json!({})))
}

pub(super) async fn close(call: Call<Named>) -> Answer {
    if !call.sandbox.envd_is([0, 5, 2]) {
        return Err(RpcError::new("unimplemented", "this envd has no CloseStdin"));
    }
    let process = Selector::running(call.message.process, &call.sandbox)?;
    *process.input.lock().await = None;
    Ok(rpc::answer(&json!({})))
}

pub(super) async fn stream(this: This, request: Request) -> Response {
    if let Err(response) = rpc::kind(request.headers(), "application/connect+json") {
        return *response;
    }
    let mut messages =
        Messages { body: request.into_body().into_data_stream(), buffer: BytesMut::new() };
    let first = match messages.next().await {
        Ok(Some(Message { start: Some(start), .. })) => start,
        // Envd's handler panics.
        Ok(Some(_)) => return crashed_response(),
        Ok(None) => return error_response(&RpcError::invalid("missing start message")),
        Err(error) => return error_response(&error),
    };
    let work = async {
        let process = Selector::running(first.process, &this)?;
        while let Some(message) = messages.next().await? {
            if let Some(data) = message.data {
                write(&process, &input(data.input)?).await?;
            }
        }
        Ok(())
    };
    match work.await {
        Ok(()) => {
            let envelopes = [rpc::envelope(&json!({})), rpc::end(None)];
            answer(futures_util::stream::iter(envelopes.map(Ok)))
        }
        Err(error) => error_response(&error),
    }
}

/// The messages of a streamed request.
#[derive(Debug)]
struct Messages {
    body: BodyDataStream,
    buffer: BytesMut,
}

impl Messages {
    async fn next(&mut self) -> Result<Option<Message>, RpcError> {
        loop {
            if let Some((_, message)) = rpc::open(&mut self.buffer) {
                return rpc::parse(&message).map(Some);
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                Some(Err(error)) => return Err(RpcError::invalid(error.to_string())),
                None => return Ok(None),
            }
        }
    }
}

fn input(input: Option<Input>) -> Result<Vec<u8>, RpcError> {
    match input.unwrap_or_default() {
        Input { stdin: Some(bytes), .. } => Ok(bytes.0),
        Input { pty: Some(_), .. } => {
            Err(RpcError::new("internal", "error writing to tty: tty is not enabled"))
        }
        _ => Err(RpcError::new("unimplemented", "invalid input type <nil>")),
    }
}

/// Writes, however long it takes until the process has read enough.
async fn write(process: &Process, bytes: &[u8]) -> Result<(), RpcError> {
    let mut input = process.input.lock().await;
    let write_error =
        |reason: String| RpcError::new("internal", format!("error writing to stdin: {reason}"));
    let Some(pipe) = input.as_mut() else {
        return Err(write_error("stdin not enabled or closed".to_owned()));
    };
    pipe.write_all(bytes).await.map_err(|error| write_error(error.to_string()))
}
