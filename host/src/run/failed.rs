//! Which steps have failed, so that the others can say whose consequence they are.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::prepare::Ready;
use crate::driver::Failure;

/// The steps that failed by themselves, by their places in the plan.
#[derive(Debug, Default)]
pub(super) struct Failed(Mutex<BTreeSet<usize>>);

impl Failed {
    pub(super) fn add(&self, index: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(index);
    }

    /// What a step's failure really is. A step behind a failed one hears of it from its
    /// input or from the stop of the run, whichever comes first: it is the same failure.
    /// And a driver may say that it was stopped, or that a step before it failed, when
    /// nothing of that happened: then the failure is its own. `is_stopped` says whether
    /// the run was.
    pub(super) fn settled(
        &self,
        failure: Failure,
        tasks: &[Ready],
        index: usize,
        is_stopped: bool,
    ) -> Failure {
        let mut inputs = tasks[index].task.inputs.iter().map(|(_, input)| *input);
        let untrue = match failure.kind.as_str() {
            "cancelled" => !is_stopped,
            "upstream" => inputs.len() == 0,
            _ => return failure,
        };
        if untrue {
            let Failure { kind, message } = failure;
            let message = format!("{message} (it calls this `{kind}`, which did not happen)");
            return Failure::new("internal", message);
        }
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match inputs.find(|input| is_behind(&failed, tasks, *input)) {
            Some(input) if failure.kind == "cancelled" => {
                Failure::upstream(&tasks[input].task.step.id)
            }
            _ => failure,
        }
    }
}

/// Whether a step, or one before it, is among these.
fn is_behind(failed: &BTreeSet<usize>, tasks: &[Ready], index: usize) -> bool {
    let mut inputs = tasks[index].task.inputs.iter();
    failed.contains(&index) || inputs.any(|(_, input)| is_behind(failed, tasks, *input))
}
