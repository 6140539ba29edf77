//! A single call of a driver.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::{Report, Table};
use crate::host::memory::{Host, Reader, Recording, Writer};
use crate::{
    Context, Dataset, Driver, Error, Health, Input, Kind, Mode, Output, Partition, Result, Step,
    Summary, config,
};

/// A step to run, created by [`run`].
#[derive(Debug)]
pub struct Run<D> {
    config: Value,
    mode: Mode,
    partition: Option<Partition>,
    inputs: Vec<(String, Table, Option<Error>)>,
    recording: Recording,
    driver: PhantomData<D>,
}

/// Creates a step for a driver with a configuration, in mode extract unless [`Run::mode`] sets
/// another one.
///
/// ```
/// use osiris_sdk::{Error, Kind, testing};
/// use serde_json::json;
///
/// # struct Extractor;
/// # impl osiris_sdk::Driver for Extractor {
/// #     type Config = serde_json::Value;
/// #     fn run(
/// #         _: &osiris_sdk::Context,
/// #         step: osiris_sdk::Step<Self::Config>,
/// #         _: Vec<osiris_sdk::Input>,
/// #         output: Option<osiris_sdk::Output>,
/// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
/// let Some(path) = step.config["path"].as_str() else {
///     return Err(Error::config("`path` is missing"));
/// };
/// # let _ = std::fs::metadata(path).map_err(|error| Error::from(error).context(path))?;
/// # let mut output = output.unwrap();
/// # output.open(&osiris_sdk::Schema::default())?;
/// # Ok(osiris_sdk::Summary::default())
/// #     }
/// # }
///
/// testing::run::<Extractor>(json!({})).expect_err(Kind::Config);
/// testing::run::<Extractor>(json!({"path": "/nowhere"})).expect_err(Kind::NotFound);
/// let folder = tempfile::tempdir().unwrap();
/// testing::run::<Extractor>(json!({"path": folder.path()})).expect_ok().assert_rows(&json!([]));
/// ```
#[must_use]
pub fn run<D: Driver>(config: Value) -> Run<D> {
    Run {
        config,
        mode: Mode::Extract,
        partition: None,
        inputs: Vec::new(),
        recording: Recording::default(),
        driver: PhantomData,
    }
}

/// Calls [`discover`](Driver::discover) of a driver; its documentation has an example.
///
/// # Errors
/// Returns an error if the driver returns one, or an error of kind `config` if the configuration
/// does not match.
pub fn discover<D: Driver>(config: Value) -> Result<Vec<Dataset>> {
    D::discover(&Context { host: Host(Rc::default()) }, config::parse(&config.to_string())?)
}

/// Calls [`doctor`](Driver::doctor) of a driver; its documentation has an example.
pub fn doctor<D: Driver>(connection: Value, timeout: Duration) -> Health {
    D::doctor(&Context { host: Host(Rc::default()) }, connection, timeout)
}

impl<D: Driver> Run<D> {
    /// Sets the mode of the step.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Adds an input table.
    #[must_use]
    pub fn input(mut self, name: &str, table: &Table) -> Self {
        self.inputs.push((name.into(), table.clone(), None));
        self
    }

    /// Adds an input table whose upstream step fails after these rows.
    #[must_use]
    pub fn failing_input(mut self, name: &str, table: &Table) -> Self {
        let failure = Error::upstream(format!("the step that makes {name} failed"));
        self.inputs.push((name.into(), table.clone(), Some(failure)));
        self
    }

    /// Sets the partition of a split step.
    #[must_use]
    pub fn partition(mut self, index: u32, count: u32) -> Self {
        self.partition = Some(Partition { index, count });
        self
    }

    /// Sets the state that the last run saved.
    #[must_use]
    pub fn state(mut self, state: &Value) -> Self {
        self.recording.state = Some(state.to_string());
        self
    }

    /// Cancels the run before it starts.
    #[must_use]
    pub fn cancelled(self) -> Self {
        self.cancelled_after(0)
    }

    /// Cancels the run after a number of batches were read or sent.
    #[must_use]
    pub fn cancelled_after(mut self, batches: usize) -> Self {
        self.recording.cancel_after = Some(batches);
        self
    }

    /// Runs the step.
    ///
    /// # Panics
    /// Panics if the driver violates the contract, or if the mode does not allow the number of
    /// inputs.
    #[must_use]
    pub fn report(self) -> Report {
        match (self.mode, self.inputs.len()) {
            (Mode::Extract, 0) | (Mode::Transform, _) | (Mode::Write, 1) => {}
            (Mode::Extract, count) => panic!("an extract step has no inputs, this one {count}"),
            (Mode::Write, count) => panic!("a write step has one input, this one {count}"),
        }
        let artifacts = tempfile::tempdir().expect("a temporary folder for the artifacts");
        let recording = Recording { artifacts: artifacts.path().into(), ..self.recording };
        let recording = Rc::new(RefCell::new(recording));
        let inputs = self.inputs.into_iter().map(|(name, table, failure)| {
            let reader = Reader {
                schema: table.schema().clone(),
                batches: RefCell::new(table.into_batches().into()),
                failure,
                recording: Rc::clone(&recording),
            };
            Input::new(name, reader)
        });
        let output = (self.mode != Mode::Write).then(|| Writer::new(Rc::clone(&recording)));
        let context = Context { host: Host(Rc::clone(&recording)) };
        let result = config::parse(&self.config.to_string()).and_then(|config| {
            let step =
                Step { id: "step".into(), mode: self.mode, config, partition: self.partition };
            D::run(&context, step, inputs.collect(), output.map(Output::new))
        });
        let recording = recording.take();
        check_end(self.mode, &result, &recording);
        Report::new(result, recording, artifacts)
    }

    /// Runs the step, which must succeed.
    ///
    /// # Panics
    /// Panics if the step fails, with its message and log.
    pub fn expect_ok(self) -> Report {
        let report = self.report();
        if let Err(error) = &report.result {
            panic!("the step failed ({}): {error}\nlog: {:#?}", error.kind, report.logs);
        }
        report
    }

    /// Runs the step, which must fail with an error of this kind.
    ///
    /// # Panics
    /// Panics if it does not.
    pub fn expect_err(self, kind: Kind) -> Error {
        match self.report().result {
            Ok(summary) => panic!("the step succeeded: {summary:?}"),
            Err(error) if error.kind != kind => {
                panic!("the step failed with kind {}, not {kind}: {error}", error.kind)
            }
            Err(error) => error,
        }
    }
}

/// Performs the checks of a host at the successful end of a step.
fn check_end(mode: Mode, result: &Result<Summary>, recording: &Recording) {
    let Ok(summary) = result else { return };
    match mode {
        Mode::Write => {}
        Mode::Extract | Mode::Transform => {
            assert!(
                recording.schema.is_some(),
                "the step returned successfully but never opened its output: call `output.open(&schema)`, also \
                 when there are no rows"
            );
            assert!(
                summary.rows_written.is_none(),
                "rows_written is a writer's; the host counts what is sent"
            );
        }
    }
}
