//! Calls into a driver that belong to no run.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::first_use::{self, Memory};
use super::pipeline::Workplace;
use super::shell::Shell;
use crate::connection;
use crate::driver::grants::Grants;
use crate::driver::limits::Bounds;
use crate::driver::sink::Sink;
use crate::driver::{Call, Content, Driver, DriverFile, Engine};
use crate::problem::{Error, Problem, Result};
use crate::session::{Level, Number, Redactor};
use crate::trust::{Admission, Known};

/// An engine, and what runs its calls.
pub(super) struct Probe {
    pub(super) engine: Engine,
    /// Dropping it would wait for the look-up of a name that nobody answers for,
    /// long after the driver's time is over. The process ends soon, and it with it.
    pub(super) runtime: ManuallyDrop<Runtime>,
}

impl Probe {
    pub(super) fn new() -> Result<Self> {
        let runtime = Runtime::new().map_err(|error| {
            Error::environment(Problem::new("runtime", format!("cannot start: {error}")))
        })?;
        Ok(Self { engine: Engine::new()?, runtime: ManuallyDrop::new(runtime) })
    }

    /// Compiles a driver that the project lets in, or takes the code that was
    /// compiled before.
    pub(super) fn load(
        &self,
        place: &Workplace,
        file: &DriverFile,
        known: Known<'_>,
        shell: &Shell,
    ) -> Result<Driver> {
        let Content { bytes, sha256 } = place.registry.load(file)?;
        let admission = Admission::of(file, bytes, sha256)?;
        let rights = |driver: &Admission| {
            place.project.settings.drivers.rights(&driver.spec, driver.built_in, Some(known))
        };
        first_use::tell(&[admission], &rights, place, shell, Memory::Kept);
        self.engine.load(file, bytes, sha256.clone(), || {})
    }

    /// What a call with this configuration may use.
    ///
    /// # Errors
    /// That would be beyond a ceiling of the project.
    pub(super) fn call(
        &self,
        place: &Workplace,
        file: &DriverFile,
        config: &Value,
    ) -> Result<Call> {
        let policy = &place.project.settings.drivers;
        policy.check_call(None, &file.spec, file.built_in, config)?;
        let redactor = Redactor::new(connection::secrets(config, &file.spec));
        Ok(Call {
            grants: Grants::new(&file.spec, config, &place.project.base, None),
            limits: place.limits(&Bounds::new()).tightened(&file.spec.bounds()),
            sink: Arc::new(Trace { redactor }),
            cancel: CancellationToken::new(),
            saved_state: None,
        })
    }
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
        tracing::debug!("{}", crate::session::visible(&self.redactor.text(message)));
    }

    fn metric(&self, _: &str, _: Number, _: &str, _: Vec<(String, String)>) {}

    fn event(&self, _: &str, _: Map<String, Value>) {}

    fn progress(&self, _: u64, _: Option<u64>) {}

    fn rows(&self, _: u64, _: u64) {}
}
