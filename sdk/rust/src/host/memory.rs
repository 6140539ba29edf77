//! The host around a native test: tables in memory, and a recording of what
//! the driver said.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use crate::bindings::osiris::driver::arrow::{Field, Node};
use crate::bindings::osiris::driver::types;
use crate::{Level, MetricValue};

/// A batch as it crossed the boundary.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch(pub(crate) Rc<Parts>);

/// What a batch is made of.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) rows: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) buffers: Vec<Vec<u8>>,
}

impl Batch {
    pub(crate) fn rows(&self) -> u64 {
        self.0.rows
    }

    pub(crate) fn nodes(&self) -> Vec<Node> {
        self.0.nodes.clone()
    }

    pub(crate) fn buffer(&self, index: u32) -> Vec<u8> {
        self.0.buffers[index as usize].clone()
    }
}

/// A table that a test hands to a driver.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) schema: Vec<Field>,
    /// Read and gone.
    pub(crate) batches: RefCell<VecDeque<Batch>>,
    /// What comes after the last batch, if not the end.
    pub(crate) failure: Option<types::Error>,
}

impl Reader {
    pub(crate) fn schema(&self) -> Result<Vec<Field>, types::Error> {
        Ok(self.schema.clone())
    }

    pub(crate) fn next(&self) -> Result<Option<Batch>, types::Error> {
        match (self.batches.borrow_mut().pop_front(), &self.failure) {
            (None, Some(failure)) => Err(failure.clone()),
            (batch, _) => Ok(batch),
        }
    }
}

/// Everything that a driver did to its host.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    pub(crate) logs: Vec<(Level, String)>,
    pub(crate) metrics: Vec<(String, MetricValue, String, Vec<(String, String)>)>,
    pub(crate) events: Vec<(String, String)>,
    pub(crate) progress: Vec<(u64, Option<u64>)>,
    pub(crate) slept: Vec<Duration>,
    pub(crate) schema: Option<Vec<Field>>,
    pub(crate) batches: Vec<Batch>,
    pub(crate) saved_state: Option<String>,
    pub(crate) cancelled: bool,
    pub(crate) state: Option<String>,
    pub(crate) artifacts_dir: String,
}

/// The table that a driver fills.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) recording: Rc<RefCell<Recording>>,
    pub(crate) buffers: RefCell<Vec<Vec<u8>>>,
}

impl Writer {
    pub(crate) fn open(&self, schema: &[Field]) -> Result<(), types::Error> {
        self.recording.borrow_mut().schema = Some(schema.to_vec());
        Ok(())
    }

    pub(crate) fn push(&self, buffer: &[u8]) {
        self.buffers.borrow_mut().push(buffer.to_vec());
    }

    pub(crate) fn send(&self, rows: u64, nodes: &[Node]) -> Result<(), types::Error> {
        let parts = Parts { rows, nodes: nodes.to_vec(), buffers: self.buffers.take() };
        self.recording.borrow_mut().batches.push(Batch(Rc::new(parts)));
        Ok(())
    }

    pub(crate) fn forward(&self, batch: &Batch) -> Result<(), types::Error> {
        self.recording.borrow_mut().batches.push(batch.clone());
        Ok(())
    }
}

/// The context of a native test.
#[derive(Debug)]
pub(crate) struct Host(pub(crate) Rc<RefCell<Recording>>);

impl Host {
    pub(crate) fn log(&self, level: Level, message: &str) {
        self.0.borrow_mut().logs.push((level, message.into()));
    }

    pub(crate) fn metric(
        &self,
        name: &str,
        value: MetricValue,
        unit: &str,
        tags: &[(String, String)],
    ) {
        self.0.borrow_mut().metrics.push((name.into(), value, unit.into(), tags.to_vec()));
    }

    pub(crate) fn event(&self, name: &str, fields: &str) {
        self.0.borrow_mut().events.push((name.into(), fields.into()));
    }

    pub(crate) fn progress(&self, done: u64, total: Option<u64>) {
        self.0.borrow_mut().progress.push((done, total));
    }

    pub(crate) fn artifacts_dir(&self) -> String {
        self.0.borrow().artifacts_dir.clone()
    }

    pub(crate) fn check_cancelled(&self) -> Result<(), types::Error> {
        if !self.0.borrow().cancelled {
            return Ok(());
        }
        Err(types::Error {
            kind: "cancelled".into(),
            message: "the run was cancelled".into(),
            retryable: false,
        })
    }

    pub(crate) fn load_state(&self) -> Option<String> {
        self.0.borrow().state.clone()
    }

    pub(crate) fn save_state(&self, state: &str) -> Result<(), types::Error> {
        self.0.borrow_mut().saved_state = Some(state.into());
        Ok(())
    }

    /// Takes no time: a test that retries is as fast as one that does not.
    pub(crate) fn sleep(&self, duration: Duration) {
        self.0.borrow_mut().slept.push(duration);
    }
}
