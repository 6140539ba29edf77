//! Driver calls outside of a run.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use osiris_core::diagnostic::Result;
use osiris_core::driver::DriverFile;
use osiris_core::driver::limits::LimitOverrides;
use osiris_core::redact::Redactor;
use osiris_core::telemetry::{Level, Number};
use osiris_engine::grants::Grants;
use osiris_engine::observer::CallObserver;
use osiris_engine::process_sandbox::ProcessSandbox;
use osiris_engine::{CallContext, CompiledDriver, Engine};
use osiris_registry::trust::{AdmittedDriver, Known};
use osiris_runtime::{Workspace, run};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;
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
        let runtime = run::sandboxed_runtime(sandbox)?;
        Ok(Self { engine, runtime: ManuallyDrop::new(runtime) })
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
