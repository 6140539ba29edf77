//! Saves the states of a run's steps once their rows have arrived.
//!
//! A state records how far a step has read, and belongs together with the rows up to there. So it
//! is saved as soon as every step that gets these rows has succeeded, whatever happens to the other
//! steps of the run.

use std::collections::{BTreeMap, BTreeSet};

use osiris_core::contract::ErrorKind;
use osiris_engine::CallError;

use super::prepare::Prepared;
use super::state_store::StateStore;
use super::step::StepEnd;
use crate::session::RunError;

/// States that wait for downstream steps to succeed.
pub(super) struct StateCommitter<'p> {
    prepared: &'p Prepared,
    state_store: StateStore,
    /// By step index: the state, and the downstream steps that have not succeeded yet.
    waiting: BTreeMap<usize, (String, BTreeSet<usize>)>,
    succeeded: BTreeSet<usize>,
}

impl<'p> StateCommitter<'p> {
    pub(super) fn new(prepared: &'p Prepared) -> Self {
        let job = &prepared.job;
        let state_store = StateStore::new(&job.base, &job.state, &job.manifest.pipeline.id);
        Self { prepared, state_store, waiting: BTreeMap::new(), succeeded: BTreeSet::new() }
    }

    /// Records that a step has succeeded, and saves each state that waited only for this step.
    /// Returns the failure if a state cannot be saved.
    pub(super) fn end(&mut self, end: &StepEnd) -> Option<RunError> {
        self.succeeded.insert(end.index);
        if let Some(state) = &end.state {
            let downstream =
                self.downstream(end.index).difference(&self.succeeded).copied().collect();
            self.waiting.insert(end.index, (state.clone(), downstream));
        }
        let mut failure = None;
        self.waiting.retain(|step, (state, downstream)| {
            downstream.remove(&end.index);
            let id = &self.prepared.tasks[*step].task.step.id;
            if downstream.is_empty()
                && let Err(why) = self.state_store.store(id, state)
            {
                failure = Some(save_error(id, &why));
            }
            !downstream.is_empty()
        });
        failure
    }

    /// Returns all steps downstream of `step`.
    fn downstream(&self, step: usize) -> BTreeSet<usize> {
        let (mut downstream, mut next) = (BTreeSet::new(), vec![step]);
        while let Some(from) = next.pop() {
            for (reader, ready) in self.prepared.tasks.iter().enumerate() {
                let reads = ready.task.inputs.iter().any(|(_, source)| *source == from);
                if reads && downstream.insert(reader) {
                    next.push(reader);
                }
            }
        }
        downstream
    }
}

fn save_error(step: &str, why: &str) -> RunError {
    let message = format!("cannot save the step's state for the next run: {why}");
    RunError::of_step(step, CallError::new(ErrorKind::Session, message))
}
