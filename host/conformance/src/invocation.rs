//! One call of a driver, as a run would make it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use osiris_core::contract::Mode;
use osiris_core::driver::limits::Limits;
use osiris_engine::grants::Grants;
use osiris_engine::table::{Batch, Receiver, Sender, channel};
use osiris_engine::{CallContext, Driver, Engine, RunOutcome, RunRequest};
use osiris_pipeline::connection;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::recorder::{Recorder, Recording};
use super::temp_project::TempProject;

/// Maximum bytes of batches buffered on an edge, as in a run.
const BUDGET: usize = 2 << 20;

/// Parameters of the call.
pub(super) struct Invocation {
    pub(super) mode: Mode,
    /// Complete configuration, with connection and defaults.
    pub(super) config: Value,
    pub(super) inputs: Vec<InputStream>,
    /// Cancels the run once this many rows have crossed the boundary.
    pub(super) cancel_at: Option<u64>,
    pub(super) state: Option<String>,
    pub(super) share: Option<(u32, u32)>,
    /// Whether to keep the output rows.
    pub(super) keep: bool,
}

/// An input table.
pub(super) struct InputStream {
    pub(super) name: String,
    pub(super) schema: SchemaRef,
    pub(super) batches: Box<dyn Iterator<Item = RecordBatch>>,
    pub(super) end: InputEnd,
}

/// The end of an input table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputEnd {
    /// Normal end.
    Complete,
    /// The upstream step fails once the driver has read all batches.
    UpstreamFailed,
    /// The table stays open until the call ends.
    StaysOpen,
}

/// The result of a trial.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) report: RunOutcome,
    /// The output table, if it was opened.
    pub(super) table: Option<(SchemaRef, Vec<RecordBatch>)>,
    pub(super) recording: Recording,
    pub(super) artifacts: BTreeMap<String, Vec<u8>>,
    /// Time from the cancel to the end, or `None` if the run was not cancelled.
    pub(super) stopping: Option<Duration>,
}

impl Outcome {
    /// Describes the failure, if any.
    pub(super) fn failure(&self) -> Option<String> {
        let failure = self.report.result.as_ref().err()?;
        Some(format!("the run failed ({}): {}", failure.kind, failure.message))
    }

    /// Returns the number of output rows.
    pub(super) fn rows(&self) -> u64 {
        self.report.rows_written
    }
}

/// Runs a driver in a project.
pub(super) async fn run(
    engine: &Engine,
    driver: &Driver,
    limits: Limits,
    project: &TempProject,
    trial: Invocation,
) -> Outcome {
    let Invocation { mode, config, inputs, cancel_at, state, share, keep } = trial;
    let recorder = Arc::new(Recorder::new());
    let (cancel, done) = (CancellationToken::new(), CancellationToken::new());
    let call = CallContext {
        grants: Grants::new(&driver.spec, &config, project.base(), Some(project.artifacts())),
        budgets: limits.budgets(),
        limits,
        sink: recorder.clone(),
        cancel: cancel.clone(),
        saved_state: state,
    };
    let (mut feeds, mut receivers) = (Vec::new(), Vec::new());
    for feed in inputs {
        let (sender, mut readers) = channel(1, BUDGET, project.spill());
        receivers.extend(readers.pop().map(|reader| (feed.name.clone(), reader)));
        feeds.push((feed, sender));
    }
    let (output, reader) = if mode == Mode::Write {
        (None, None)
    } else {
        // A run that is to be cancelled waits for a reader that never reads.
        let budget = if cancel_at.is_some() { 1 } else { BUDGET };
        let (sender, mut readers) = channel(1, budget, project.spill());
        (Some(sender), readers.pop())
    };
    let step = RunRequest {
        id: "check".to_owned(),
        mode,
        config: connection::driver_view(&config, &driver.spec).to_string(),
        inputs: receivers,
        output,
        share,
    };
    let work = async {
        let report = driver.run(engine, call, step).await;
        done.cancel();
        report
    };
    let feeding = futures_util::future::join_all(
        feeds.into_iter().map(|(feed, sender)| supply(feed, sender, &recorder, &done)),
    );
    let taking = take(reader, cancel_at.is_some(), keep, &done);
    let stopping = stop(cancel_at, &recorder, &cancel, &done);
    let (report, _, table, stopping) = tokio::join!(work, feeding, taking, stopping);
    let recording = recorder.take();
    Outcome { report, table, recording, artifacts: project.read_artifacts(), stopping }
}

async fn supply(feed: InputStream, sender: Sender, recorder: &Recorder, done: &CancellationToken) {
    sender.open(feed.schema);
    let (mut sent, mut rows) = (0, recorder.rows());
    for batch in feed.batches {
        sent += batch.num_rows() as u64;
        if sender.send(Batch::from(batch)).await.is_err() {
            return;
        }
    }
    match feed.end {
        InputEnd::Complete => sender.finish(),
        InputEnd::UpstreamFailed => {
            tokio::select! {
                _ = rows.wait_for(|(read, _)| *read >= sent) => {}
                () = done.cancelled() => {}
            }
            sender.fail("upstream step `before` failed");
        }
        InputEnd::StaysOpen => done.cancelled().await,
    }
}

async fn take(
    reader: Option<Receiver>,
    is_stuck: bool,
    keep: bool,
    done: &CancellationToken,
) -> Option<(SchemaRef, Vec<RecordBatch>)> {
    let mut reader = reader?;
    if is_stuck {
        done.cancelled().await;
    }
    let schema = reader.schema().await.ok()?;
    let mut batches = Vec::new();
    while let Ok(Some(batch)) = reader.next().await {
        if keep {
            batches.push(batch.record().clone());
        }
    }
    Some((schema, batches))
}

async fn stop(
    at: Option<u64>,
    recorder: &Recorder,
    cancel: &CancellationToken,
    done: &CancellationToken,
) -> Option<Duration> {
    let (at, mut rows) = (at?, recorder.rows());
    tokio::select! {
        _ = rows.wait_for(|(read, written)| read + written >= at) => {}
        () = done.cancelled() => return None,
    }
    let since = Instant::now();
    cancel.cancel();
    done.cancelled().await;
    Some(since.elapsed())
}
