//! Driver calls outside of a run.

use std::io;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::DriverFile;
use osiris_core::driver::limits::LimitOverrides;
use osiris_core::redact::Redactor;
use osiris_core::telemetry::{Level, Number};
use osiris_engine::grants::Grants;
use osiris_engine::observer::CallObserver;
use osiris_engine::process_sandbox::ProcessSandbox;
use osiris_engine::{CallContext, CompiledDriver, Engine};
use osiris_registry::trust::{AdmittedDriver, Known};
use osiris_runtime::Workspace;
use serde_json::{Map, Value};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::first_use::{self, Remember};
use super::shell::Shell;

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
    pub(super) fn start(engine: Engine, sandbox: &ProcessSandbox) -> Result<Self> {
        let unable = |error: io::Error| {
            Error::environment(Diagnostic::new(
                Code::RuntimeFailed,
                format!("cannot start the runtime: {error}"),
            ))
        };
        // Under Landlock, the number of CPUs of a container cannot be read.
        let threads = std::thread::available_parallelism().map_err(unable)?;
        sandbox.enforce();
        let runtime =
            Builder::new_multi_thread().worker_threads(threads.get()).enable_all().build();
        Ok(Self { engine, runtime: ManuallyDrop::new(runtime.map_err(unable)?) })
    }

    /// Creates a call, see [`call`].
    pub(super) fn call(
        &self,
        workspace: &Workspace,
        file: &DriverFile,
        config: &Value,
        redactor: &Redactor,
    ) -> Result<CallContext> {
        call(workspace, file, config, redactor)
    }
}

/// Compiles a driver that the project allows, or loads the cached code.
pub(super) fn code(
    engine: &Engine,
    workspace: &Workspace,
    file: &DriverFile,
    known_config: Known<'_>,
    shell: &Shell,
) -> Result<CompiledDriver> {
    let content = workspace.drivers.verified_content(file)?;
    let admission = AdmittedDriver::of(file, &content.bytes, &content.sha256)?;
    let permissions = |driver: &AdmittedDriver| {
        workspace.project.settings.drivers.permission_reports(
            &driver.spec,
            driver.built_in,
            Some(known_config),
        )
    };
    first_use::print_notices(&[admission], &permissions, workspace, shell, Remember::Yes);
    engine.code(file, content, || {})
}

/// Creates a call with all permissions of this configuration.
///
/// # Errors
/// Returns an error if a permission exceeds a ceiling of the project.
pub(super) fn call(
    workspace: &Workspace,
    file: &DriverFile,
    config: &Value,
    redactor: &Redactor,
) -> Result<CallContext> {
    let policy = &workspace.project.settings.drivers;
    policy.check_ceilings(None, &file.spec, file.built_in, config)?;
    let limits = workspace.limits(&LimitOverrides::new()).clamped_by(&file.spec.bounds());
    Ok(CallContext {
        grants: Grants::new(&file.spec, config, workspace.project.base(), None)
            .allowing(&workspace.project.settings.allow_read),
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

impl CallObserver for Trace {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn log(&self, _: Level, message: &str) {
        tracing::debug!(
            "{}",
            osiris_core::sanitize::escape_control(&self.redactor.redact(message))
        );
    }

    fn metric(&self, _: &str, _: Number, _: &str, _: Vec<(String, String)>) {}

    fn event(&self, _: &str, _: Map<String, Value>) {}

    fn progress(&self, _: u64, _: Option<u64>) {}

    fn rows(&self, _: u64, _: u64) {}
}
