//! Driver calls outside of a run.

use std::io;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use osiris_core::diagnostic::{Error, Problem, Result};
use osiris_core::driver::limits::Bounds;
use osiris_core::driver::{Content, DriverFile};
use osiris_core::redact::Redactor;
use osiris_core::telemetry::{Level, Number};
use osiris_engine::grants::Grants;
use osiris_engine::process_sandbox::Fence;
use osiris_engine::sink::Sink;
use osiris_engine::{Call, Code, Engine};
use osiris_registry::trust::{Admission, Known};
use serde_json::{Map, Value};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::first_use::{self, Memory};
use super::shell::Shell;
use super::workspace::Workplace;

/// An engine and a runtime for calls, under Landlock.
pub(super) struct Probe {
    pub(super) engine: Engine,
    /// Never dropped: dropping would wait for an unanswered DNS look-up, long after the driver's
    /// time is over. The process ends soon, and the runtime with it.
    pub(super) runtime: ManuallyDrop<Runtime>,
}

impl Probe {
    /// Irreversibly restricts this process by Landlock to the permissions of its calls. Until
    /// then the process has no other thread and runs no driver code.
    pub(super) fn start(engine: Engine, fence: &Fence) -> Result<Self> {
        let unable = |error: io::Error| {
            Error::environment(Problem::new("runtime", format!("cannot start: {error}")))
        };
        // Under Landlock, the number of CPUs of a container cannot be read.
        let threads = std::thread::available_parallelism().map_err(unable)?;
        fence.raise();
        let runtime =
            Builder::new_multi_thread().worker_threads(threads.get()).enable_all().build();
        Ok(Self { engine, runtime: ManuallyDrop::new(runtime.map_err(unable)?) })
    }

    /// Creates a call, see [`call`].
    pub(super) fn call(
        &self,
        place: &Workplace,
        file: &DriverFile,
        config: &Value,
        redactor: &Redactor,
    ) -> Result<Call> {
        call(place, file, config, redactor)
    }
}

/// Compiles a driver that the project allows, or loads the cached code.
pub(super) fn code(
    engine: &Engine,
    place: &Workplace,
    file: &DriverFile,
    known: Known<'_>,
    shell: &Shell,
) -> Result<Code> {
    let Content { bytes, sha256 } = place.registry.load(file)?;
    let admission = Admission::of(file, bytes, sha256)?;
    let rights = |driver: &Admission| {
        place.project.settings.drivers.rights(&driver.spec, driver.built_in, Some(known))
    };
    first_use::tell(&[admission], &rights, place, shell, Memory::Kept);
    engine.code(file, bytes, sha256.clone(), || {})
}

/// Creates a call with all permissions of this configuration.
///
/// # Errors
/// Returns an error if a permission exceeds a ceiling of the project.
pub(super) fn call(
    place: &Workplace,
    file: &DriverFile,
    config: &Value,
    redactor: &Redactor,
) -> Result<Call> {
    let policy = &place.project.settings.drivers;
    policy.check_call(None, &file.spec, file.built_in, config)?;
    let limits = place.limits(&Bounds::new()).tightened(&file.spec.bounds());
    Ok(Call {
        grants: Grants::new(&file.spec, config, place.project.base(), None)
            .allowing(&place.project.settings.allow_read),
        budgets: limits.budgets(),
        limits,
        sink: Arc::new(Trace { redactor: redactor.clone() }),
        cancel: CancellationToken::new(),
        saved_state: None,
    })
}

/// Prints a driver's log lines as the host's own diagnostics.
struct Trace {
    redactor: Redactor,
}

impl Sink for Trace {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn log(&self, _: Level, message: &str) {
        tracing::debug!("{}", osiris_core::sanitize::escape_control(&self.redactor.text(message)));
    }

    fn metric(&self, _: &str, _: Number, _: &str, _: Vec<(String, String)>) {}

    fn event(&self, _: &str, _: Map<String, Value>) {}

    fn progress(&self, _: u64, _: Option<u64>) {}

    fn rows(&self, _: u64, _: u64) {}
}
