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
    saved: StateStore,
    /// By step index: the state, and the downstream steps that have not succeeded yet.
    waiting: BTreeMap<usize, (String, BTreeSet<usize>)>,
    succeeded: BTreeSet<usize>,
}

impl<'p> StateCommitter<'p> {
    pub(super) fn new(prepared: &'p Prepared) -> Self {
        let job = &prepared.job;
        let saved = StateStore::new(&job.base, &job.state, &job.manifest.pipeline.id);
        Self { prepared, saved, waiting: BTreeMap::new(), succeeded: BTreeSet::new() }
    }

    /// Records that a step has succeeded, and saves each state that waited only for this step.
    /// Returns the failure if a state cannot be saved.
    pub(super) fn end(&mut self, end: &StepEnd) -> Option<RunError> {
        self.succeeded.insert(end.index);
        if let Some(state) = &end.state {
            let behind = self.behind(end.index).difference(&self.succeeded).copied().collect();
            self.waiting.insert(end.index, (state.clone(), behind));
        }
        let mut failure = None;
        self.waiting.retain(|step, (state, behind)| {
            behind.remove(&end.index);
            let id = &self.prepared.tasks[*step].task.step.id;
            if behind.is_empty()
                && let Err(why) = self.saved.store(id, state)
            {
                failure = Some(unsaved(id, &why));
            }
            !behind.is_empty()
        });
        failure
    }

    /// Returns all steps downstream of `step`.
    fn behind(&self, step: usize) -> BTreeSet<usize> {
        let (mut found, mut next) = (BTreeSet::new(), vec![step]);
        while let Some(from) = next.pop() {
            for (reader, ready) in self.prepared.tasks.iter().enumerate() {
                let reads = ready.task.inputs.iter().any(|(_, source)| *source == from);
                if reads && found.insert(reader) {
                    next.push(reader);
                }
            }
        }
        found
    }
}

fn unsaved(step: &str, why: &str) -> RunError {
    let message = format!("cannot save the step's state for the next run: {why}");
    RunError::of_step(step, CallError::new(ErrorKind::Session, message))
}
