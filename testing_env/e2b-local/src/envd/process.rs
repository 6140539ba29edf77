//! Starts processes, listens to them and ends them.

mod select;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::BytesMut;
use rustix::fs::OFlags;
use rustix::process::Signal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(super) use self::select::Selector;
use super::This;
use super::error::{RpcError, crashed_response, json_answer};
use super::path::resolve;
use super::rpc::{self, Answer, Call};
use super::stream::{Plan, error_response, events};
use crate::fault::Effects;
use crate::sandbox::{Process, Sandbox, Spec, is_private, tree_size};
use crate::state::State;

#[derive(Debug, Deserialize)]
struct Start {
    process: Option<Config>,
    pty: Option<Value>,
    tag: Option<String>,
    stdin: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    cmd: String,
    args: Vec<String>,
    envs: BTreeMap<String, String>,
    cwd: Option<String>,
}

/// A request that names a process.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) process: Option<Selector>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    process: Option<Selector>,
    #[serde(default)]
    signal: Value,
}

pub(super) async fn list(call: Call<Value>) -> Response {
    let running = call.sandbox.processes.running();
    let processes: Vec<Value> = running.iter().map(|process| describe(process)).collect();
    rpc::answer(&if processes.is_empty() { json!({}) } else { json!({"processes": processes}) })
}

pub(super) async fn start(
    Shared(state): Shared<Arc<State>>,
    this: This,
    request: Request,
) -> Response {
    stream(this, request, |sandbox, message, plan| {
        let start: Start = message;
        if start.pty.is_some() {
            return Err(RpcError::new("unimplemented", "this emulator has no terminals"));
        }
        let config = start.process.unwrap_or_default();
        let log_entry =
            json!({"cmd": config.cmd, "args": config.args, "envs": config.envs, "cwd": config.cwd});
        state.record.log(format!("start {log_entry}"));
        let cwd = folder(sandbox, config.cwd.as_deref().unwrap_or_default())?;
        let spec = Spec {
            command: config.cmd,
            arguments: config.args,
            variables: config.envs,
            cwd: config.cwd,
            tag: start.tag,
            input: start.stdin.unwrap_or(true),
        };
        let (process, first) = Process::start(sandbox, spec, &cwd)
            .map_err(|error| RpcError::invalid(format!("error starting process: {error}")))?;
        if plan.timeout.is_some_and(|timeout| timeout.is_zero()) {
            // The process lives on, as with envd.
            return Err(RpcError::deadline());
        }
        Ok(events(process, first, Plan { owner: true, ..plan }))
    })
    .await
}

pub(super) async fn connect(this: This, request: Request) -> Response {
    stream(this, request, |sandbox, message, plan| {
        let target: Named = message;
        let process = Selector::find(target.process, sandbox)?;
        let new = process.listen();
        Ok(events(process, new, plan))
    })
    .await
}

pub(super) async fn signal(call: Call<Sent>) -> Answer {
    let process = Selector::running(call.message.process, &call.sandbox)?;
    let signal = match &call.message.signal {
        Value::String(name) if name == "SIGNAL_SIGKILL" => Signal::KILL,
        Value::String(name) if name == "SIGNAL_SIGTERM" => Signal::TERM,
        Value::Number(number) if number.as_u64() == Some(9) => Signal::KILL,
        Value::Number(number) if number.as_u64() == Some(15) => Signal::TERM,
        other => {
            let message = format!("invalid signal: {}", other.as_u64().unwrap_or_default());
            return Err(RpcError::new("unimplemented", message));
        }
    };
    process.signal(signal);
    Ok(rpc::answer(&json!({})))
}

pub(super) async fn variables(this: This) -> Response {
    json_answer(StatusCode::OK, &json!(this.variables))
}

pub(super) async fn metrics(Shared(state): Shared<Arc<State>>, this: This) -> Response {
    let usage = *this.usage.lock().unwrap_or_else(PoisonError::into_inner);
    let body = json!({
        "ts": state.clock.now().as_second(),
        "cpu_count": 2,
        "cpu_used_pct": usage.processor,
        "mem_total_mib": this.memory >> 20,
        "mem_used_mib": usage.memory >> 20,
        "mem_total": this.memory,
        "mem_used": usage.memory,
        "mem_cache": 0,
        "disk_used": tree_size(this.files.folder()),
        "disk_total": this.disk,
    });
    json_answer(StatusCode::OK, &body)
}

/// Reads a request for a stream, which has one message, and answers it.
async fn stream<T: DeserializeOwned>(
    this: This,
    request: Request,
    open: impl FnOnce(&Arc<Sandbox>, T, Plan) -> Result<Response, RpcError>,
) -> Response {
    if let Err(response) = rpc::kind(request.headers(), "application/connect+json") {
        return *response;
    }
    let effects = request.extensions().get::<Effects>().cloned().unwrap_or_default();
    let (parts, body) = request.into_parts();
    let Some(keepalive) = keepalive(&parts.headers) else {
        // Envd's timer panics, and takes all of it along.
        this.processes.forget();
        return crashed_response();
    };
    let answer = async {
        rpc::version(&parts.headers)?;
        let timeout = rpc::timeout(&parts.headers)?;
        let body = axum::body::to_bytes(body, usize::MAX).await;
        let body = body.map_err(|error| RpcError::invalid(error.to_string()))?;
        let mut body = BytesMut::from(&body[..]);
        let message = match (rpc::open(&mut body), rpc::open(&mut body)) {
            (Some((0, message)), None) => rpc::parse(&message)?,
            _ => return Err(RpcError::new("unimplemented", "unary request has not one message")),
        };
        rpc::user(&parts.headers)?;
        open(&this, message, Plan { keepalive, timeout, owner: false, effects })
    };
    answer.await.unwrap_or_else(|error| error_response(&error))
}

/// Returns the time for which a stream is quiet before a keepalive, or `None` for a
/// value that crashes envd.
fn keepalive(headers: &HeaderMap) -> Option<Duration> {
    let header = headers.get("keepalive-ping-interval").and_then(|value| value.to_str().ok());
    let seconds = header.and_then(|value| value.parse::<i64>().ok()).unwrap_or(90);
    u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// The folder that a process is to start in.
fn folder(sandbox: &Sandbox, cwd: &str) -> Result<String, RpcError> {
    let path = resolve(sandbox, cwd).map_err(RpcError::invalid)?;
    let exists = if is_private(&path) {
        sandbox.files.file(&path, OFlags::PATH | OFlags::DIRECTORY).is_ok()
    } else {
        Path::new(&path).is_dir()
    };
    if exists {
        return Ok(path);
    }
    Err(RpcError::invalid(format!("cwd '{path}' does not exist")))
}

/// Describes a process for a list, without empty fields.
fn describe(process: &Process) -> Value {
    let spec = &process.spec;
    let mut config = json!({"cmd": spec.command});
    if !spec.arguments.is_empty() {
        config["args"] = json!(spec.arguments);
    }
    if !spec.variables.is_empty() {
        config["envs"] = json!(spec.variables);
    }
    if let Some(cwd) = &spec.cwd {
        config["cwd"] = json!(cwd);
    }
    let mut description = json!({"config": config, "pid": process.pid});
    if let Some(tag) = &spec.tag {
        description["tag"] = json!(tag);
    }
    description
}
