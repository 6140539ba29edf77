//! A single call into a driver, in a store that is dropped afterwards.

use std::time::Duration;

use osiris_core::contract::{ErrorKind, Mode};
use osiris_core::driver::limits::{Limit, Limits, exact_bytes};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use wasmtime::component::Resource;
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;

use super::bindings::exports::osiris::driver::driver as wit;
use super::bindings::osiris::driver::types;
use super::failure::{
    CallError, ContractViolation, LimitExceeded, contract_violation, from_driver, sanitize_message,
};
use super::state::{CallContext, HostState};
use super::tables::{Reader, Writer};
use super::throttle::throttled;
use super::timer::StepTimer;
use super::{Driver, Engine};
use crate::table::{Receiver, Sender};

/// Maximum bytes that a driver can pass to the host in one call: a whole batch. The engine copies
/// them without yielding, so a larger value would delay a cancellation.
const CALL_BYTES: u64 = 64 << 20;
/// Maximum bytes per call if the batch limit was raised.
const MAX_CALL_BYTES: u64 = 128 << 20;
/// Bytes allowed in addition to the batch in a call that passes a whole batch.
const BESIDE: u64 = 64 << 10;
/// Maximum length of each text of a driver's error that is kept unredacted, in bytes.
const MAX_ERROR_TEXT: usize = 1 << 20;
/// Maximum handles that the instances of a component hold or lend at the same time.
const HANDLES: usize = 100_000;
/// Prefix of messages about an exceeded limit.
const LIMIT_EXCEEDED: &str = "the driver exceeded a resource limit";

/// A request to a driver to run a step.
pub struct RunRequest {
    /// ID of the step.
    pub id: String,
    /// Mode in which the step uses the driver.
    pub mode: Mode,
    /// The configuration: a JSON object as text.
    pub config: String,
    /// The tables to read, by the names that the driver sees.
    pub inputs: Vec<(String, Receiver)>,
    /// The table to fill.
    pub output: Option<Sender>,
    /// Index of the step's partition and number of partitions, if the step is split.
    pub share: Option<(u32, u32)>,
}

impl RunRequest {
    /// Creates a request without tables.
    pub fn new(mode: Mode, config: &Value) -> Self {
        let id = mode_name(mode).to_owned();
        let (inputs, output) = (Vec::new(), None);
        Self { id, mode, config: config.to_string(), inputs, output, share: None }
    }

    /// Adds a table to read.
    #[must_use]
    pub fn input(mut self, name: &str, table: Receiver) -> Self {
        self.inputs.push((name.to_owned(), table));
        self
    }

    /// Sets the table to fill.
    #[must_use]
    pub fn output(self, table: Sender) -> Self {
        Self { output: Some(table), ..self }
    }
}

/// The outcome of a step. The host itself counts the rows read and written.
#[derive(Debug)]
pub struct RunOutcome {
    /// Success, or the cause of the failure.
    pub result: Result<(), CallError>,
    /// Rows that the driver read from its inputs.
    pub rows_read: u64,
    /// Rows that the driver sent to its output.
    pub rows_written: u64,
    /// Rows that reached their destination, if the driver reports them.
    pub rows_delivered: Option<u64>,
    /// The state to save if the whole run succeeds.
    pub state: Option<String>,
    /// The error that the driver returned, unredacted.
    pub driver_error: Option<DriverError>,
    /// Peak linear memory of the driver, in bytes.
    pub memory: u64,
}

/// A driver's error without redaction or escaping, cut to 1 MiB per text. Must not be displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverError {
    /// Kind of the error. The contract requires one of its kinds, but does not guarantee it.
    pub kind: String,
    /// The driver's message.
    pub message: String,
    /// Whether the driver expects that the same call can succeed later.
    pub retryable: bool,
}

impl RunOutcome {
    /// Creates the outcome of a step whose driver was not called.
    pub fn without_call(result: Result<(), CallError>) -> Self {
        Self {
            result,
            rows_read: 0,
            rows_written: 0,
            rows_delivered: None,
            state: None,
            driver_error: None,
            memory: 0,
        }
    }
}

impl Driver {
    /// Runs a step.
    pub async fn run(&self, engine: &Engine, call: CallContext, step: RunRequest) -> RunOutcome {
        let RunRequest { id, mode, config, inputs, output, share } = step;
        let (limits, cancel) = (call.limits.clone(), call.cancel.clone());
        let has_output = output.is_some();
        let mut store = match HostState::new(call, output) {
            Ok(state) => new_store(engine, state),
            Err(error) => {
                let failure = CallError::new(
                    ErrorKind::Permission,
                    format!("cannot open a directory for the driver: {error:#}"),
                );
                return RunOutcome::without_call(Err(failure));
            }
        };
        let partition = share.map(|(index, count)| wit::Partition { index, count });
        let step = wit::Step { id: id.clone(), mode: mode_name(mode).into(), config, partition };
        let clock = store.data().clock.clone();
        let work = self.run_in(&mut store, &step, inputs, has_output);
        let time = TimeLimits::of(&limits);
        let work = throttled(work, limits.get(Limit::Cpu), || clock.take_offloaded());
        let outcome = with_deadline(work, &clock, time, &cancel).await;
        let state = store.data_mut();
        let driver_error = driver_error(&outcome);
        let result = into_result(outcome, state);
        if result.is_err() {
            state.files.undo();
        }
        let result = match (result, state.output.take()) {
            (Ok(_), Some(_)) if !state.opened => Err(CallError::new(
                ErrorKind::Protocol,
                "the driver returned successfully but never opened its output",
            )),
            (Ok(summary), Some(output)) => {
                output.finish();
                Ok(summary)
            }
            (Err(failure), Some(output)) => {
                output.fail(CallError::upstream(&id).message);
                Err(failure)
            }
            (result, None) => result,
        };
        RunOutcome {
            rows_read: state.rows_read,
            rows_written: state.rows_written,
            rows_delivered: result.as_ref().ok().and_then(|summary| summary.rows_written),
            state: state.new_state.take(),
            driver_error,
            memory: state.limiter.memory(),
            result: result.map(drop),
        }
    }

    async fn run_in(
        &self,
        store: &mut Store<HostState>,
        step: &wit::Step,
        inputs: Vec<(String, Receiver)>,
        has_output: bool,
    ) -> Answer<wit::Summary> {
        let table = &mut store.data_mut().table;
        let mut handles = Vec::with_capacity(inputs.len());
        for (name, receiver) in inputs {
            handles.push(wit::Input { name, table: table.push(Reader { receiver })? });
        }
        let writer = if has_output { Some(table.push(Writer::default())?) } else { None };
        let borrowed = writer.as_ref().map(|writer| Resource::<Writer>::new_borrow(writer.rep()));
        let plugin = self.pre.instantiate_async(&mut *store).await?;
        let answer =
            plugin.osiris_driver_driver().call_run(&mut *store, step, &handles, writer).await?;
        // A driver can return without dropping its output, so its unsent buffers are checked here
        // too.
        if let Some(writer) = borrowed.and_then(|writer| store.data().table.get(&writer).ok()) {
            writer.finished().map_err(contract_violation)?;
        }
        Ok(answer)
    }
}

/// Result of a call into a driver: the driver's answer inside the engine's.
pub(super) type Answer<T> = wasmtime::Result<Result<T, types::Error>>;

/// The time that a call can take, as [`Limit::Seconds`] and [`Limit::Idle`].
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLimits {
    pub(super) total: Duration,
    pub(super) idle: Duration,
}

impl TimeLimits {
    pub(super) fn of(limits: &Limits) -> Self {
        let seconds = |limit| Duration::from_secs(limits.get(limit));
        Self { total: seconds(Limit::Seconds), idle: seconds(Limit::Idle) }
    }
}

/// Waits for a call to end. Returns the limit that the call exceeded if it did not end in time.
pub(super) async fn with_deadline<T>(
    work: impl Future<Output = Answer<T>>,
    clock: &StepTimer,
    limits: TimeLimits,
    cancel: &CancellationToken,
) -> Result<Answer<T>, Limit> {
    tokio::select! {
        outcome = work => Ok(outcome),
        limit = clock.deadline(limits.total, limits.idle) => Err(limit),
        () = async { cancel.cancelled().await; clock.grace_period().await } => {
            Ok(Ok(Err(super::state::cancelled_guest_error())))
        }
    }
}

fn driver_error<T>(outcome: &Result<Answer<T>, Limit>) -> Option<DriverError> {
    let Ok(Ok(Err(types::Error { kind, message, retryable }))) = outcome else { return None };
    let cut = |text: &str| text[..text.floor_char_boundary(MAX_ERROR_TEXT)].to_owned();
    Some(DriverError { kind: cut(kind), message: cut(message), retryable: *retryable })
}

/// Converts the end of a call into the driver's answer or a failure.
pub(super) fn into_result<T>(
    outcome: Result<Answer<T>, Limit>,
    state: &HostState,
) -> Result<T, CallError> {
    match outcome {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(error))) => {
            Err(with_denial(from_driver(error, state.journal.sink.redactor()), state))
        }
        Ok(Err(error)) => Err(classify_trap(&error, state)),
        Err(limit) => {
            let what = match limit {
                Limit::Idle => "the driver made no progress",
                _ => "the driver did not finish in time",
            };
            Err(CallError::new(ErrorKind::Timeout, state.limits.exceeded_message(limit, what)))
        }
    }
}

/// Adds the permission or limit that the host denied, if the denial can be the cause of a driver's
/// failure.
fn with_denial(failure: CallError, state: &HostState) -> CallError {
    if let Some(denial) = state.files.quota_denial().or_else(|| state.denial.clone()) {
        let message =
            format!("{LIMIT_EXCEEDED}: {denial}; the driver reported: {}", failure.message);
        return CallError::new(ErrorKind::Limit, message);
    }
    // Interpreters probe for files unrelated to the failure: a path can only be the cause if the
    // driver's message mentions it, or if the error is a permission error.
    let files = state.files.denial(&failure.message, failure.kind == ErrorKind::Permission);
    failure.with_denial(files).with_denial(state.network.denial())
}

pub(super) fn new_store(engine: &Engine, state: HostState) -> Store<HostState> {
    let mut store = Store::new(engine.running(), state);
    store.set_hostcall_fuel(call_bytes(&store.data().limits) as usize);
    store.set_max_component_handles(HANDLES);
    store.limiter(|state| &mut state.limiter);
    // The driver yields at every tick of the clock, so that time limits and cancellations take
    // effect.
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    store
}

/// Returns the maximum bytes that one call can pass to the host.
fn call_bytes(limits: &Limits) -> u64 {
    limits.get(Limit::Batch).clamp(CALL_BYTES, MAX_CALL_BYTES) + BESIDE
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Extract => "extract",
        Mode::Transform => "transform",
        Mode::Write => "write",
        Mode::Discover => "discover",
    }
}

/// Converts an error of the engine into a failure with a message for the user.
fn classify_trap(error: &wasmtime::Error, state: &HostState) -> CallError {
    if let Some(ContractViolation(reason)) = error.downcast_ref::<ContractViolation>() {
        // The reason can quote text of the driver.
        let reason = sanitize_message(reason, state.journal.sink.redactor());
        return CallError::new(
            ErrorKind::Protocol,
            format!("the driver violated the contract: {reason}"),
        );
    }
    if let Some(LimitExceeded(reason)) = error.downcast_ref::<LimitExceeded>() {
        return CallError::new(ErrorKind::Limit, format!("{LIMIT_EXCEEDED}: {reason}"));
    }
    if let Some(message) = &state.panic {
        return CallError::new(ErrorKind::Panic, format!("the driver panicked: {message}"));
    }
    if let Some(denial) = &state.limiter.denial {
        return CallError::new(ErrorKind::Limit, format!("{LIMIT_EXCEEDED}: {denial}"));
    }
    if let Some(wasmtime::component::ResourceTableError::Full) = error.downcast_ref() {
        let denial = state.limits.exceeded_message(Limit::Handles, "it requested one more");
        return CallError::new(ErrorKind::Limit, format!("{LIMIT_EXCEEDED}: {denial}"));
    }
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return CallError::new(
            ErrorKind::Trap,
            format!(
                "the driver called {} instead of returning",
                if *code == 0 { "`exit(0)`" } else { "`exit` with an error" }
            ),
        );
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => CallError::new(
            ErrorKind::Trap,
            "the driver overflowed its stack of 1 MiB; infinite recursion can cause this",
        ),
        Some(Trap::MemoryOutOfBounds) => CallError::new(
            ErrorKind::Trap,
            "the driver crashed: out-of-bounds memory access; infinite recursion can cause this",
        ),
        Some(Trap::UnreachableCodeReached) => CallError::new(
            ErrorKind::Trap,
            "the driver aborted; a panic or a failed memory allocation can cause this",
        ),
        Some(trap) => CallError::new(ErrorKind::Trap, format!("the driver crashed: {trap}")),
        None => {
            let reason = error.root_cause().to_string();
            match engine_limit_message(&reason, &state.limits) {
                Some(limit) => CallError::new(ErrorKind::Limit, limit),
                None => CallError::new(
                    ErrorKind::Trap,
                    format!("the driver made an invalid host call: {reason}"),
                ),
            }
        }
    }
}

/// Returns the message of the engine limit that an error text names. The engine has no error types
/// for these limits.
fn engine_limit_message(message: &str, limits: &Limits) -> Option<String> {
    if message.contains("fuel allocated for hostcalls has been exhausted") {
        let limit = exact_bytes(call_bytes(limits) - BESIDE);
        return Some(format!(
            "the driver passed more than {limit} to the host in one call; pass less data per call"
        ));
    }
    message.contains("store handle limit exceeded").then(|| {
        format!(
            "the driver held more than {HANDLES} resource handles; drop handles that are no longer needed"
        )
    })
}
