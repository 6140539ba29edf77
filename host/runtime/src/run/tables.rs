//! Tables that the program exchanges with steps.

use std::collections::BTreeMap;

use osiris_core::code::Code;
use osiris_core::contract::{ErrorKind, Mode};
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_engine::table::{Closed, Receiver, SendError, Sender};
use osiris_engine::{CallError, RunOutcome};
use tokio_util::sync::CancellationToken;

use super::plan::Task;
use super::progress::RunProgress;

/// Tables that the program provides to a run and receives from the run, by step id.
#[derive(Debug, Default)]
pub struct StepTables {
    /// Tables of extract steps whose drivers do not run.
    pub inputs: BTreeMap<String, Receiver>,
    /// Receivers of copies of tables, by the step that produces the table.
    pub outputs: BTreeMap<String, Sender>,
}

impl StepTables {
    /// Checks that every table belongs to a step of the plan.
    pub(super) fn check(&self, tasks: &[&Task]) -> Result<()> {
        let find = |id: &String| tasks.iter().find(|task| task.step.id == *id);
        let invalid =
            |message: String| Error::invalid(Diagnostic::new(Code::StepTableInvalid, message));
        for id in self.inputs.keys().chain(self.outputs.keys()) {
            find(id).ok_or_else(|| invalid(format!("the pipeline has no step `{id}`")))?;
        }
        for (id, task) in self.inputs.keys().filter_map(|id| Some((id, find(id)?))) {
            if task.step.mode != Mode::Extract {
                let why = format!("step `{id}` cannot take a table: its mode is not `extract`");
                return Err(invalid(why));
            }
        }
        for (id, task) in self.outputs.keys().filter_map(|id| Some((id, find(id)?))) {
            if task.step.mode == Mode::Write {
                return Err(invalid(format!("step `{id}` produces no table: its mode is `write`")));
            }
        }
        Ok(())
    }
}

/// Copies a table to the program. Ends early if the program no longer reads.
pub(super) async fn copy(mut from: Receiver, to: Sender) {
    match from.schema().await {
        Ok(schema) => to.open(schema),
        Err(closed) => return to.fail(closed.0),
    }
    loop {
        match from.next().await {
            Ok(Some(batch)) => {
                if let Err(error) = to.send(batch).await {
                    return to.fail(error.to_string());
                }
            }
            Ok(None) => return to.finish(),
            Err(closed) => return to.fail(closed.0),
        }
    }
}

/// Sends the program's table as the table of the step with this index.
pub(super) async fn provide(
    mut from: Receiver,
    to: Option<Sender>,
    (progress, index): (&RunProgress, usize),
    stop: &CancellationToken,
) -> RunOutcome {
    let mut rows = 0;
    let transfer = async {
        let Some(to) = to else { return Ok(()) };
        to.open(from.schema().await.map_err(input_error)?);
        while let Some(batch) = from.next().await.map_err(input_error)? {
            let count = batch.rows();
            to.send(batch).await.map_err(|error| send_error(&error))?;
            progress.row(index).add(0, count);
            rows += count;
        }
        to.finish();
        Ok(())
    };
    let result = tokio::select! {
        result = transfer => result,
        () = stop.cancelled() => Err(CallError::new(ErrorKind::Cancelled, "the run was stopped")),
    };
    RunOutcome { rows_written: rows, ..RunOutcome::without_call(result) }
}

fn input_error(closed: Closed) -> CallError {
    let message = format!("the table of the program ended early: {}", closed.0);
    CallError::new(ErrorKind::Data, message)
}

fn send_error(error: &SendError) -> CallError {
    CallError::new(ErrorKind::Permission, error.to_string())
}
