//! Calls that run no step: `discover` and `doctor`.

use std::sync::Arc;
use std::time::Duration;

use osiris_core::contract::Mode;
use osiris_engine::grants::Grants;
use osiris_engine::{CallContext, CallError, Dataset, Driver, Health};
use osiris_pipeline::connection;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::cases::Case;
use super::check::{NotPassed, skip};
use super::fixtures::connection_of;
use super::harness::Harness;
use super::recorder::{Recorder, Recording};
use super::temp_project::TempProject;

impl Harness {
    /// Returns the driver's datasets in its own order.
    pub(super) fn discover(
        &self,
        case: Option<&Case>,
        config: &Value,
    ) -> Result<Result<Vec<Dataset>, CallError>, NotPassed> {
        self.discover_recorded(case, config).map(|(datasets, _)| datasets)
    }

    /// Like [`Harness::discover`], with the driver's log, metrics, events and progress.
    pub(super) fn discover_recorded(
        &self,
        case: Option<&Case>,
        config: &Value,
    ) -> Result<(Result<Vec<Dataset>, CallError>, Recording), NotPassed> {
        let project = self.project_for(case)?;
        let (driver, recorder) = (self.callee()?, Arc::new(Recorder::new()));
        let call = self.call(&project, config, &recorder)?;
        let view = connection::driver_view(config, &driver.spec).to_string();
        let datasets = self.runtime.block_on(driver.discover_raw(&self.engine, call, &view));
        Ok((datasets, recorder.take()))
    }

    /// Returns the driver's unedited answer about a connection.
    pub(super) fn doctor(
        &self,
        config: &Value,
        timeout: Duration,
    ) -> Result<Result<Health, CallError>, NotPassed> {
        let connection = connection_of(config, self.spec()?);
        self.doctor_recorded(config, &connection, timeout).map(|(health, _)| health)
    }

    /// Like [`Harness::doctor`] for any connection, with the driver's log, metrics, events and
    /// progress.
    pub(super) fn doctor_recorded(
        &self,
        config: &Value,
        connection: &Value,
        timeout: Duration,
    ) -> Result<(Result<Health, CallError>, Recording), NotPassed> {
        let project = self.project_for(None)?;
        let (driver, recorder) = (self.callee()?, Arc::new(Recorder::new()));
        let call = self.call(&project, config, &recorder)?;
        let connection = connection.to_string();
        let work = driver.doctor_raw(&self.engine, call, &connection, timeout);
        let health = self.runtime.block_on(work);
        Ok((health, recorder.take()))
    }

    fn callee(&self) -> Result<&Driver, NotPassed> {
        self.driver().ok_or_else(|| skip("the component does not load"))
    }

    fn project_for(&self, case: Option<&Case>) -> Result<TempProject, NotPassed> {
        match case {
            Some(case) => self.create_project(case),
            None => self.create_project(&Case::new(
                String::new(),
                Mode::Extract,
                serde_json::Map::new(),
            )),
        }
    }

    fn call(
        &self,
        project: &TempProject,
        config: &Value,
        recorder: &Arc<Recorder>,
    ) -> Result<CallContext, NotPassed> {
        let limits = self.limits()?;
        Ok(CallContext {
            grants: Grants::new(self.spec()?, config, project.base(), None),
            budgets: limits.budgets(),
            limits,
            sink: recorder.clone(),
            cancel: CancellationToken::new(),
            saved_state: None,
        })
    }
}
