//! A running process and its output stream.

use std::time::Duration;

use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::super::error::{Error, Kind, Result};
use super::super::http::{Http, transport_error};
use super::envelope::Decoder;
use super::event::{Message, Output, ProcessEvent};
use super::rpc;

/// A process's stream. Dropping the stream leaves the process running. An open stream must be
/// read: a reader that stops blocks all other readers and the process.
#[derive(Debug)]
pub struct Process {
    /// Process id in the sandbox.
    pub pid: u32,
    http: Http,
    what: String,
    response: Response,
    decoder: Decoder,
    silence: Duration,
    /// Start of the wait for the next event, kept across cancelled calls.
    waiting: Option<Instant>,
    over: bool,
}

impl Process {
    /// Reads up to the start event.
    pub(super) async fn begin(
        response: Response,
        http: Http,
        keepalive: Duration,
        what: String,
    ) -> Result<Self> {
        let mut process = Self {
            pid: 0,
            http,
            what,
            response,
            decoder: Decoder::default(),
            silence: keepalive * 5 / 2,
            waiting: None,
            over: false,
        };
        loop {
            match process.next_event().await? {
                Some(ProcessEvent::Started(pid)) => {
                    process.pid = pid;
                    return Ok(process);
                }
                Some(ProcessEvent::Unknown | ProcessEvent::Output(Output::KeepAlive)) => {}
                Some(ProcessEvent::Output(_)) => {
                    return Err(process.protocol_error("output before the start message"));
                }
                None => return Err(process.protocol_error("an end before the start message")),
            }
        }
    }

    /// Returns the next output, or `None` after the stream's proper end. Cancel safe: a dropped
    /// call loses no output.
    ///
    /// # Errors
    /// Returns `StreamLost` if the stream goes silent or breaks off: the process might still run.
    pub async fn next(&mut self) -> Result<Option<Output>> {
        loop {
            match self.next_event().await? {
                Some(ProcessEvent::Output(output)) => return Ok(Some(output)),
                // A second start would belong to another process.
                Some(ProcessEvent::Started(pid)) if pid != self.pid => {
                    return Err(self.protocol_error("two start messages"));
                }
                Some(ProcessEvent::Started(_) | ProcessEvent::Unknown) => {}
                None => return Ok(None),
            }
        }
    }

    async fn next_event(&mut self) -> Result<Option<ProcessEvent>> {
        let deadline = *self.waiting.get_or_insert_with(Instant::now) + self.silence;
        loop {
            match self.decoder.next() {
                Ok(Some(envelope)) => {
                    self.waiting = None;
                    if envelope.end {
                        self.over = true;
                        return rpc::end(&envelope.payload, &self.what, &self.http).map(|()| None);
                    }
                    let event = Message::parse(&envelope.payload);
                    return event.map(Some).map_err(|why| self.protocol_error(why));
                }
                Ok(None) if self.over => return Ok(None),
                Ok(None) => {}
                Err(malformed) => return Err(self.protocol_error(&malformed.to_string())),
            }
            match timeout_at(deadline, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => self.decoder.push(&chunk),
                Ok(Ok(None)) => return Err(rpc::lost(&self.what, "ended early")),
                Ok(Err(error)) => {
                    let error = transport_error(&self.what, &error);
                    return Err(Error { kind: Kind::StreamLost, ..error });
                }
                Err(_) => return Err(rpc::lost(&self.what, "stopped sending messages")),
            }
        }
    }

    fn protocol_error(&self, why: &str) -> Error {
        Error::protocol(&self.what, why)
    }
}
