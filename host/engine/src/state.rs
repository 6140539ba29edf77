//! Host state of a call into a driver: the data of its store.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};

use osiris_core::budget::Budgets;
use osiris_core::contract::ErrorKind;
use osiris_core::driver::limits::{Limit, Limits};
use osiris_core::driver::spec::Spec;
use osiris_core::sync::lock;
use osiris_core::telemetry::Level;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::bindings::osiris::driver::types;
use super::failure::guest_error;
use super::grants::Grants;
use super::held::HeldMemory;
use super::limiter::Limiter;
use super::network::Network;
use super::observer::{CallObserver, NoObserver};
use super::sockets::LookUp;
use super::stdio::LineLogger;
use super::timer::StepTimer;
use super::vfs::Files;
use crate::table::Sender;

/// Maximum length of the name of an event or metric, in bytes.
const MAX_NAME: usize = 256;

/// Maximum length of a log message, in bytes.
const MAX_MESSAGE: usize = 256 << 10;
/// Maximum random bytes per call, because generating them cannot be interrupted.
const MAX_RANDOM: u64 = 8 << 20;

/// The permissions and limits of a call, and the receiver of its telemetry.
pub struct CallContext {
    /// Permissions of the driver.
    pub grants: Grants,
    /// Limits of the driver.
    pub limits: Limits,
    /// Receives the driver's logs, metrics, events and progress.
    pub sink: Arc<dyn CallObserver>,
    /// Asks the driver to undo its work and stop.
    pub cancel: CancellationToken,
    /// The state that the last successful run saved.
    pub saved_state: Option<String>,
    /// Budgets shared with the other steps of the run.
    pub budgets: Budgets,
}

impl CallContext {
    /// Creates the context of a call with the permissions and limits that the driver's spec
    /// requests: files below `base` that `config` names, and the hosts of its connection. Telemetry
    /// is ignored.
    pub fn new(spec: &Spec, config: &Value, base: &Path) -> Self {
        let limits = Limits::default().clamped_by(&spec.bounds());
        Self {
            grants: Grants::new(spec, config, base, None),
            budgets: limits.budgets(),
            limits,
            sink: Arc::new(NoObserver::default()),
            cancel: CancellationToken::new(),
            saved_state: None,
        }
    }
}

/// The data of a store.
pub(super) struct HostState {
    pub(super) wasi: WasiCtx,
    pub(super) files: Files,
    pub(super) network: Network,
    /// Names that are being looked up, by the handles of their streams.
    pub(super) pending_look_ups: HashMap<u32, LookUp>,
    /// Number of names looked up.
    pub(super) look_up_count: u64,
    pub(super) table: ResourceTable,
    pub(super) limiter: Limiter,
    /// Memory that the host holds for the call.
    pub(super) held: HeldMemory,
    pub(super) limits: Limits,
    /// The last socket or name look-up that was denied, for the error message.
    pub(super) denial: Option<String>,
    pub(super) journal: Arc<LimitedObserver>,
    pub(super) cancel: CancellationToken,
    pub(super) clock: Arc<StepTimer>,
    pub(super) artifacts: String,
    /// Destination of the output; the driver's writer handle only refers to it.
    pub(super) output: Option<Sender>,
    pub(super) opened: bool,
    pub(super) rows_read: u64,
    pub(super) rows_written: u64,
    pub(super) saved_state: Option<String>,
    pub(super) new_state: Option<String>,
    pub(super) panic: Option<String>,
}

impl HostState {
    pub(super) fn new(call: CallContext, output: Option<Sender>) -> wasmtime::Result<Self> {
        let journal = Arc::new(LimitedObserver::new(call.sink, call.limits.clone()));
        let mut wasi = WasiCtxBuilder::new();
        // Files are local: dispatching each read to another thread costs more than the read.
        wasi.allow_blocking_current_thread(true)
            .stdout(LineLogger::new(journal.clone(), Level::Info))
            .stderr(LineLogger::new(journal.clone(), Level::Warn))
            .max_random_size(MAX_RANDOM)
            .allow_udp(false);
        let (mut files, network) = call.grants.apply(&mut wasi, &call.limits)?;
        let wasi = wasi.build();
        let mut table = ResourceTable::new();
        let handles = usize::try_from(call.limits.get(Limit::Handles)).unwrap_or(usize::MAX);
        table.set_max_capacity(handles);
        files.attach(&mut table)?;
        Ok(Self {
            wasi,
            files,
            network,
            pending_look_ups: HashMap::new(),
            look_up_count: 0,
            table,
            limiter: Limiter::new(call.limits.clone(), call.budgets.memory.share()),
            held: HeldMemory::new(call.limits.clone(), call.budgets.memory.share()),
            limits: call.limits,
            denial: None,
            journal,
            cancel: call.cancel,
            clock: Arc::new(StepTimer::start()),
            artifacts: call.grants.artifacts_path(),
            output,
            opened: false,
            rows_read: 0,
            rows_written: 0,
            saved_state: call.saved_state,
            new_state: None,
            panic: None,
        })
    }
}

impl HostState {
    /// Records that the driver knows of the cancellation, and returns the error for its call.
    pub(super) fn cancelled_error(&self) -> types::Error {
        self.clock.mark_notified();
        cancelled_guest_error()
    }
}

/// The error that a driver gets after the run was cancelled.
pub(super) fn cancelled_guest_error() -> types::Error {
    guest_error(ErrorKind::Cancelled, "the run was cancelled")
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// An observer with a limit on bytes. Output beyond the limit is dropped, after one warning.
pub(super) struct LimitedObserver {
    pub(super) sink: Arc<dyn CallObserver>,
    left: std::sync::atomic::AtomicI64,
    limits: Limits,
    /// Kinds of items dropped for their size; each is reported once.
    reported_kinds: Mutex<BTreeSet<&'static str>>,
}

impl LimitedObserver {
    pub(super) fn new(sink: Arc<dyn CallObserver>, limits: Limits) -> Self {
        let room = i64::try_from(limits.get(Limit::Log)).unwrap_or(i64::MAX);
        Self { sink, left: room.into(), limits, reported_kinds: Mutex::default() }
    }

    /// Counts `bytes` against the limit and returns whether they may be written.
    pub(super) fn admits(&self, bytes: usize) -> bool {
        use std::sync::atomic::Ordering::Relaxed;
        // Every entry counts 64 bytes more, so that empty entries are not free.
        let cost = bytes as i64 + 64;
        let before = self.left.fetch_sub(cost, Relaxed);
        if before >= 0 && before < cost {
            let request = "the driver wrote more than its log limit, and the rest is dropped";
            self.sink.log(Level::Warn, &self.limits.exceeded_message(Limit::Log, request));
        }
        if before < cost {
            self.left.store(-1, Relaxed);
        }
        before >= cost
    }

    /// Like [`LimitedObserver::admits`], for an item whose name must also be printable.
    pub(super) fn admits_named(&self, kind: &str, name: &str, bytes: usize) -> bool {
        let fit = (1..=MAX_NAME).contains(&name.len()) && !name.contains(char::is_control);
        if !fit {
            self.log(
                Level::Warn,
                &format!("the driver's {kind} was dropped: its name must have 1 to {MAX_NAME} bytes and no control characters"),
            );
        }
        fit && self.admits(name.len() + bytes)
    }

    /// Warns that an item was dropped for its size, once for each kind of item.
    pub(super) fn warn_dropped(&self, kind: &'static str, reason: &str) {
        let mut reported_kinds = lock(&self.reported_kinds);
        if reported_kinds.insert(kind) {
            let text = format!(
                "the driver's {kind} was dropped because it is too large: {reason}; further large {kind}s are dropped without a warning"
            );
            self.log(Level::Warn, &text);
        }
    }

    /// Writes a message, cut to the maximum length because searching it for secrets takes time.
    pub(super) fn log(&self, level: Level, message: &str) {
        if !self.admits(message.len()) {
            return;
        }
        if message.len() <= MAX_MESSAGE {
            return self.sink.log(level, message);
        }
        let (mut beginning, _) =
            self.sink.redactor().redact_prefix(message.as_bytes(), MAX_MESSAGE);
        beginning.push_str(" ... (cut)");
        self.sink.log(level, &beginning);
    }
}
