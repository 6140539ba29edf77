//! Tracks failed steps, to attribute downstream failures to their root cause.

use std::collections::BTreeSet;
use std::sync::Mutex;

use osiris_core::contract::ErrorKind;
use osiris_core::sync::lock;
use osiris_engine::CallError;

use super::prepare::PreparedStep;

/// Steps that failed on their own, by index in the plan.
#[derive(Debug, Default)]
pub(super) struct FailureTracker(Mutex<BTreeSet<usize>>);

impl FailureTracker {
    pub(super) fn add(&self, index: usize) {
        lock(&self.0).insert(index);
    }

    /// Corrects the kind of a step's failure. A step downstream of a failed one is notified by its
    /// input or by the stop of the run, whichever comes first: both are the same failure. And if a
    /// driver reports a cancellation or an upstream failure that did not happen, the failure is the
    /// driver's own. `is_stopped` is whether the run was stopped.
    pub(super) fn attribute(
        &self,
        failure: CallError,
        tasks: &[PreparedStep],
        index: usize,
        is_stopped: bool,
    ) -> CallError {
        let mut inputs = tasks[index].task.inputs.iter().map(|(_, input)| *input);
        let is_untrue = match failure.kind {
            ErrorKind::Cancelled => !is_stopped,
            ErrorKind::Upstream => inputs.len() == 0,
            _ => return failure,
        };
        if is_untrue {
            let CallError { kind, message, .. } = failure;
            let message = format!("{message} (reported as `{kind}`, which did not happen)");
            return CallError::new(ErrorKind::Internal, message);
        }
        let failed = lock(&self.0);
        match inputs.find(|input| is_downstream_of_failure(&failed, tasks, *input)) {
            Some(input) if failure.kind == ErrorKind::Cancelled => {
                CallError::upstream(&tasks[input].task.step.id)
            }
            _ => failure,
        }
    }
}

/// Returns whether a step or one of its ancestors is in `failed`.
fn is_downstream_of_failure(
    failed: &BTreeSet<usize>,
    tasks: &[PreparedStep],
    index: usize,
) -> bool {
    let mut inputs = tasks[index].task.inputs.iter();
    failed.contains(&index)
        || inputs.any(|(_, input)| is_downstream_of_failure(failed, tasks, *input))
}
