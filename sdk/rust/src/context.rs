//! Services of the host for a driver while a call runs.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::{Result, host::Host};

/// The driver's interface to the host, passed to every function of a [`Driver`](crate::Driver).
///
/// ```
/// use osiris_sdk::{Level, testing};
/// use serde_json::json;
///
/// # struct Loader;
/// # impl osiris_sdk::Driver for Loader {
/// #     type Config = serde_json::Value;
/// #     fn run(
/// #         ctx: &osiris_sdk::Context,
/// #         _: osiris_sdk::Step<Self::Config>,
/// #         _: Vec<osiris_sdk::Input>,
/// #         output: Option<osiris_sdk::Output>,
/// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
/// # let mut output = output.unwrap();
/// # output.open(&osiris_sdk::Schema::default())?;
/// ctx.info("3 files to load");
/// ctx.log(Level::Trace, "the session's log keeps it with its level");
/// for done in 1..=3 {
///     ctx.progress(done, Some(3));
/// }
/// ctx.metric("bytes_loaded", 4096_u64, "bytes", &[("region", "eu")]);
/// ctx.event("load.done", &json!({"files": 3}));
/// std::fs::write(ctx.artifacts_dir().join("files.txt"), "a\nb\nc\n")?;
/// # Ok(osiris_sdk::Summary::default())
/// #     }
/// # }
///
/// let report = testing::run::<Loader>(json!({})).expect_ok();
/// report.assert_logged("3 files");
/// report.assert_metric("bytes_loaded", 4096_u64);
/// assert_eq!(report.logs[1].level, Level::Trace);
/// assert_eq!(report.progress.len(), 3);
/// assert_eq!(report.events[0].fields["files"], 3);
/// assert_eq!(report.artifact("files.txt"), "a\nb\nc\n");
/// ```
#[derive(Debug)]
pub struct Context {
    pub(crate) host: Host,
}

/// Severity of a log message; a higher severity compares greater.
///
/// ```
/// use osiris_sdk::Level;
///
/// assert!(Level::Error > Level::Warn && Level::Warn > Level::Info);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Detailed tracing.
    Trace,
    /// Information for debugging.
    Debug,
    /// Normal events.
    Info,
    /// Possible problems.
    Warn,
    /// Errors.
    Error,
}

/// Value of a metric. [`Context::metric`] converts numbers into it.
///
/// ```
/// use osiris_sdk::MetricValue;
///
/// assert_eq!(MetricValue::from(3_usize), MetricValue::Integer(3));
/// assert_eq!(MetricValue::from(0.5), MetricValue::Float(0.5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricValue {
    /// An integer, such as a count.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
}

impl From<i64> for MetricValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for MetricValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<u64> for MetricValue {
    /// Converts values beyond 2^63 - 1 to 2^63 - 1.
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for MetricValue {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl Context {
    /// Writes a message to the session's log. The message must not contain secrets.
    pub fn log(&self, level: Level, message: impl AsRef<str>) {
        self.host.log(level, message.as_ref());
    }

    /// Logs a normal event.
    pub fn info(&self, message: impl AsRef<str>) {
        self.log(Level::Info, message);
    }

    /// Logs a possible problem.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.log(Level::Warn, message);
    }

    /// Logs an error.
    pub fn error(&self, message: impl AsRef<str>) {
        self.log(Level::Error, message);
    }

    /// Logs information for debugging.
    pub fn debug(&self, message: impl AsRef<str>) {
        self.log(Level::Debug, message);
    }

    /// Records a metric. `unit` is one of rows, ms, bytes, seconds, files, code and calls. The host
    /// counts rows itself.
    pub fn metric(
        &self,
        name: &str,
        value: impl Into<MetricValue>,
        unit: &str,
        tags: &[(&str, &str)],
    ) {
        let tags: Vec<_> =
            tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        self.host.metric(name, value.into(), unit, &tags);
    }

    /// Records an event. `name` is `category.action`, and `fields` a JSON object.
    pub fn event(&self, name: &str, fields: &Value) {
        self.host.event(name, &fields.to_string());
    }

    /// Reports progress for the progress bar, in any unit.
    pub fn progress(&self, done: u64, total: Option<u64>) {
        self.host.progress(done, total);
    }

    /// Returns the directory for this step's artifacts.
    #[must_use]
    pub fn artifacts_dir(&self) -> PathBuf {
        self.host.artifacts_dir().into()
    }

    /// Checks that the run was not cancelled. Call this before anything that cannot be undone, and
    /// regularly in a long loop that neither reads nor sends.
    ///
    /// ```
    /// # use osiris_sdk::{Kind, testing};
    /// # use serde_json::json;
    /// # struct Writer;
    /// # impl osiris_sdk::Driver for Writer {
    /// #     type Config = serde_json::Value;
    /// #     fn run(
    /// #         ctx: &osiris_sdk::Context,
    /// #         _: osiris_sdk::Step<Self::Config>,
    /// #         _: Vec<osiris_sdk::Input>,
    /// #         _: Option<osiris_sdk::Output>,
    /// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
    /// for page in 0..1_000_000 {
    ///     ctx.check_cancelled()?;
    ///     // ... load one page ...
    /// }
    /// # Ok(osiris_sdk::Summary::default())
    /// #     }
    /// # }
    ///
    /// testing::run::<Writer>(json!({})).cancelled().expect_err(Kind::Cancelled);
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `cancelled` if the run was cancelled: undo the step's work and
    /// return the error.
    pub fn check_cancelled(&self) -> Result<()> {
        Ok(self.host.check_cancelled()?)
    }

    /// Returns the JSON that this step saved in its last successful run. The spec must
    /// declare `capabilities: {state: true}`.
    ///
    /// ```
    /// use osiris_sdk::{Error, testing};
    /// use serde_json::json;
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct State {
    ///     last_id: u64,
    /// }
    ///
    /// # struct Incremental;
    /// # impl osiris_sdk::Driver for Incremental {
    /// #     type Config = serde_json::Value;
    /// #     fn run(
    /// #         ctx: &osiris_sdk::Context,
    /// #         _: osiris_sdk::Step<Self::Config>,
    /// #         _: Vec<osiris_sdk::Input>,
    /// #         output: Option<osiris_sdk::Output>,
    /// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
    /// # let mut output = output.unwrap();
    /// # output.open(&osiris_sdk::Schema::default())?;
    /// let last_id = match ctx.load_state() {
    ///     Some(json) => serde_json::from_str::<State>(&json)
    ///         .map_err(|error| Error::data(format!("the saved state: {error}")))?
    ///         .last_id,
    ///     None => 0, // the first time
    /// };
    /// // ... read the rows after `last_id`; there are two ...
    /// let state = json!(State { last_id: last_id + 2 });
    /// ctx.save_state(&state.to_string())?;
    /// # Ok(osiris_sdk::Summary::default())
    /// #     }
    /// # }
    ///
    /// let first = testing::run::<Incremental>(json!({})).expect_ok();
    /// assert_eq!(first.saved_state, Some(json!({"last_id": 2})));
    /// let run = testing::run::<Incremental>(json!({})).state(&json!({"last_id": 2}));
    /// assert_eq!(run.expect_ok().saved_state, Some(json!({"last_id": 4})));
    /// ```
    #[must_use]
    pub fn load_state(&self) -> Option<String> {
        self.host.load_state()
    }

    /// Saves JSON for the next run, see [`load_state`](Self::load_state). The state is kept only if
    /// the whole run succeeds.
    ///
    /// # Errors
    /// Returns an error if the host rejects the state, for example because it is too large.
    pub fn save_state(&self, state: &str) -> Result<()> {
        Ok(self.host.save_state(state)?)
    }

    pub(crate) fn sleep(&self, duration: Duration) {
        self.host.sleep(duration);
    }
}
