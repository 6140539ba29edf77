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

    /// A step behind a failed one hears of it from its input or from the stop of the
    /// run, whichever comes first. It is the same failure.
    pub(super) fn settled(&self, failure: Failure, tasks: &[Ready], index: usize) -> Failure {
        if failure.kind != "cancelled" {
            return failure;
        }
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let inputs = tasks[index].task.inputs.iter();
        match inputs.map(|(_, input)| *input).find(|input| is_behind(&failed, tasks, *input)) {
            Some(input) => Failure::upstream(&tasks[input].task.step.id),
            None => failure,
        }
    }
}

/// Whether a step, or one before it, is among these.
fn is_behind(failed: &BTreeSet<usize>, tasks: &[Ready], index: usize) -> bool {
    let mut inputs = tasks[index].task.inputs.iter();
    failed.contains(&index) || inputs.any(|(_, input)| is_behind(failed, tasks, *input))
}
