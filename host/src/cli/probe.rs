//! Calls into a driver that belong to no run.

use std::io;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::first_use::{self, Memory};
use super::pipeline::Workplace;
use super::shell::Shell;
use crate::driver::grants::Grants;
use crate::driver::limits::Bounds;
use crate::driver::sink::Sink;
use crate::driver::{Call, Code, Content, DriverFile, Engine};
use crate::fence::Fence;
use crate::problem::{Error, Problem, Result};
use crate::redact::Redactor;
use crate::telemetry::{Level, Number};
use crate::trust::{Admission, Known};

/// An engine, and what runs its calls, behind the kernel's fence.
pub(super) struct Probe {
    pub(super) engine: Engine,
    /// Dropping it would wait for the look-up of a name that nobody answers for,
    /// long after the driver's time is over. The process ends soon, and it with it.
    pub(super) runtime: ManuallyDrop<Runtime>,
}

impl Probe {
    /// Fences this process in, for good, with what its calls were granted. Until then it
    /// has no other thread, and nothing of a driver in it.
    pub(super) fn start(engine: Engine, fence: &Fence) -> Result<Self> {
        let unable = |error: io::Error| {
            Error::environment(Problem::new("runtime", format!("cannot start: {error}")))
        };
        // Behind the fence nothing tells how many a container may use.
        let threads = std::thread::available_parallelism().map_err(unable)?;
        fence.raise();
        let runtime =
            Builder::new_multi_thread().worker_threads(threads.get()).enable_all().build();
        Ok(Self { engine, runtime: ManuallyDrop::new(runtime.map_err(unable)?) })
    }

    /// See [`call`].
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

/// Compiles a driver that the project lets in, or finds the code that was compiled before.
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

/// A call with all that this configuration permits.
///
/// # Errors
/// That would be beyond a ceiling of the project.
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
        grants: Grants::new(&file.spec, config, &place.project.base, None)
            .allowing(&place.project.settings.allow_read),
        budgets: limits.budgets(),
        limits,
        sink: Arc::new(Trace { redactor: redactor.clone() }),
        cancel: CancellationToken::new(),
        saved_state: None,
    })
}

/// Lets a driver's log lines out as the host's own diagnostics.
struct Trace {
    redactor: Redactor,
}

impl Sink for Trace {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn log(&self, _: Level, message: &str) {
        tracing::debug!("{}", crate::sanitize::escape_control(&self.redactor.text(message)));
    }

    fn metric(&self, _: &str, _: Number, _: &str, _: Vec<(String, String)>) {}

    fn event(&self, _: &str, _: Map<String, Value>) {}

    fn progress(&self, _: u64, _: Option<u64>) {}

    fn rows(&self, _: u64, _: u64) {}
}
