//! The stream of a process's events.

mod lines;

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::lines::Lines;
use super::error::RpcError;
use super::rpc;
use crate::fault::{Broken, Effect, Effects, breaking};
use crate::sandbox::{Ended, Event, Process};

/// The settings of a stream.
#[derive(Debug)]
pub(super) struct Plan {
    /// A keepalive follows after so much quiet.
    pub(super) keepalive: Duration,
    /// The stream ends so much later.
    pub(super) timeout: Option<Duration>,
    /// Whether the process ends with the stream's time, too.
    pub(super) owner: bool,
    pub(super) effects: Effects,
}

/// The answer that has a process's events.
pub(super) fn events(process: Arc<Process>, events: mpsc::Receiver<Event>, plan: Plan) -> Response {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut out = Out::new(sender, &plan.effects);
        if let Err(Stop::Cut) = pass(&process, events, &mut out, &plan).await {
            // Who does not listen need not know.
            let _ = out.sender.send(Err(Broken)).await;
        }
    });
    answer(futures_util::stream::poll_fn(move |context| receiver.poll_recv(context)))
}

/// The answer that is an error.
pub(super) fn error_response(error: &RpcError) -> Response {
    let end = rpc::end(Some(error));
    answer(futures_util::stream::once(async { Ok(end) }))
}

/// The answer with these envelopes.
pub(super) fn answer<S>(envelopes: S) -> Response
where
    S: futures_util::Stream<Item = Result<Bytes, Broken>> + Send + 'static,
{
    let headers = [
        (CONTENT_TYPE, "application/connect+json"),
        (HeaderName::from_static("connect-accept-encoding"), "gzip"),
    ];
    (headers, breaking(envelopes)).into_response()
}

async fn pass(
    process: &Process,
    mut events: mpsc::Receiver<Event>,
    out: &mut Out,
    plan: &Plan,
) -> Result<(), Stop> {
    let no_limit = Duration::from_secs(60 * 60 * 24 * 365);
    let deadline = Instant::now() + plan.timeout.unwrap_or(no_limit);
    let mut keepalive = tokio::time::interval_at(Instant::now() + plan.keepalive, plan.keepalive);
    if out.has(|effect| matches!(effect, Effect::NoStart)) {
        return Err(Stop::Cut);
    }
    out.event(json!({"start": {"pid": process.pid}})).await?;
    let mut over = false;
    loop {
        tokio::select! {
            biased;
            () = out.closed() => return Err(Stop::Gone),
            () = tokio::time::sleep_until(deadline) => {
                if plan.owner {
                    process.signal(Signal::KILL);
                }
                return out.end(Some(&RpcError::deadline())).await;
            }
            event = events.recv(), if !over => {
                keepalive.reset();
                match event {
                    // Envd is gone, or its sandbox.
                    None => return Err(Stop::Cut),
                    Some(Event::Stdout(bytes)) => out.stdout(&bytes).await?,
                    Some(Event::Stderr(bytes)) => out.data("stderr", &bytes).await?,
                    Some(Event::Ended(ended)) => {
                        out.event(json!({"end": end_event(ended)})).await?;
                        if !out.silent() {
                            return out.end(None).await;
                        }
                        over = true;
                    }
                }
            }
            _ = keepalive.tick() => out.keepalive().await?,
        }
    }
}

/// The reason why a stream ends without an end event.
#[derive(Debug)]
enum Stop {
    /// The client has gone.
    Gone,
    /// The connection is to break.
    Cut,
}

/// The way of events to the client, past the faults.
#[derive(Debug)]
struct Out {
    sender: mpsc::Sender<Result<Bytes, Broken>>,
    effects: Effects,
    lines: Lines,
    events: usize,
}

impl Out {
    fn new(sender: mpsc::Sender<Result<Bytes, Broken>>, effects: &Effects) -> Self {
        Self { sender, effects: effects.clone(), lines: Lines::new(effects), events: 0 }
    }

    fn has(&self, predicate: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(predicate)
    }

    async fn closed(&self) {
        self.sender.closed().await;
    }

    fn silent(&self) -> bool {
        self.has(|effect| matches!(effect, Effect::Silence { after, .. } if self.events >= *after))
    }

    async fn event(&mut self, event: Value) -> Result<(), Stop> {
        if self.silent() {
            return Ok(());
        }
        self.events += 1;
        self.send(rpc::envelope(&json!({"event": event}))).await
    }

    async fn stdout(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let (bytes, cut) = self.lines.pass(bytes);
        if !bytes.is_empty() {
            self.data("stdout", &bytes).await?;
        }
        if cut { Err(Stop::Cut) } else { Ok(()) }
    }

    async fn data(&mut self, name: &str, bytes: &[u8]) -> Result<(), Stop> {
        self.event(json!({"data": {name: BASE64_STANDARD.encode(bytes)}})).await
    }

    async fn keepalive(&mut self) -> Result<(), Stop> {
        let without = |effect: &Effect| matches!(effect, Effect::Silence { keepalives: false, .. });
        if self.silent() && self.has(without) {
            return Ok(());
        }
        self.send(rpc::envelope(&json!({"event": {"keepalive": {}}}))).await
    }

    async fn end(&mut self, error: Option<&RpcError>) -> Result<(), Stop> {
        if self.has(|effect| matches!(effect, Effect::NoEnd)) {
            return Err(Stop::Cut);
        }
        self.send(rpc::end(error)).await
    }

    async fn send(&self, bytes: Bytes) -> Result<(), Stop> {
        self.sender.send(Ok(bytes)).await.map_err(|_| Stop::Gone)
    }
}

/// The end event of a process. What is 0 or false is left out.
fn end_event(ended: Ended) -> Value {
    match ended {
        Ended::Exited(0) => json!({"exited": true, "status": "exit status 0"}),
        Ended::Exited(code) => {
            let status = format!("exit status {code}");
            json!({"exitCode": code, "exited": true, "status": status, "error": status})
        }
        Ended::Killed(signal) => {
            let name = match signal {
                1 => "hangup",
                2 => "interrupt",
                3 => "quit",
                4 => "illegal instruction",
                6 => "aborted",
                7 => "bus error",
                8 => "floating point exception",
                9 => "killed",
                11 => "segmentation fault",
                13 => "broken pipe",
                14 => "alarm clock",
                15 => "terminated",
                _ => {
                    return json!({"exitCode": -1, "status": format!("signal {signal}"), "error": format!("signal {signal}")});
                }
            };
            let status = format!("signal: {name}");
            json!({"exitCode": -1, "status": status, "error": status})
        }
    }
}
