//! Tables in memory.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::Recording;
use crate::bindings::osiris::driver::arrow::{Field, Node};
use crate::bindings::osiris::driver::types;
use crate::testing::validate;
use crate::{Error, Schema};

/// A batch in the form of the contract.
#[derive(Debug, Clone)]
pub(crate) struct Batch(Rc<Parts>);

#[derive(Debug)]
struct Parts {
    rows: u64,
    nodes: Vec<Node>,
    buffers: Vec<Vec<u8>>,
}

impl Batch {
    pub(crate) fn new(rows: u64, nodes: Vec<Node>, buffers: Vec<Vec<u8>>) -> Self {
        Self(Rc::new(Parts { rows, nodes, buffers }))
    }

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

/// A table that a driver reads in a test.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) schema: Schema,
    pub(crate) batches: RefCell<VecDeque<Batch>>,
    /// Error after the last batch; `None` for a normal end.
    pub(crate) failure: Option<Error>,
    pub(crate) recording: Rc<RefCell<Recording>>,
}

impl Reader {
    pub(crate) fn schema(&self) -> Result<Vec<Field>, types::Error> {
        Ok(self.schema.to_wire())
    }

    pub(crate) fn next(&self) -> Result<Option<Batch>, types::Error> {
        let mut recording = self.recording.borrow_mut();
        recording.check_cancelled()?;
        match (self.batches.borrow_mut().pop_front(), &self.failure) {
            (Some(batch), _) => {
                recording.moved += 1;
                Ok(Some(batch))
            }
            (None, Some(failure)) => Err(failure.clone().into()),
            (None, None) => Ok(None),
        }
    }
}

/// The table that a driver writes.
#[derive(Debug)]
pub(crate) struct Writer {
    recording: Rc<RefCell<Recording>>,
    /// Buffers of the batch that is being built.
    buffers: RefCell<Vec<Vec<u8>>>,
}

impl Writer {
    pub(crate) fn new(recording: Rc<RefCell<Recording>>) -> Self {
        Self { recording, buffers: RefCell::default() }
    }

    pub(crate) fn open(&self, schema: &[Field]) -> Result<(), types::Error> {
        self.recording.borrow_mut().schema = Some(Schema::from_wire(schema.to_vec())?);
        Ok(())
    }

    pub(crate) fn push(&self, buffer: &[u8]) {
        self.buffers.borrow_mut().push(buffer.to_vec());
    }

    pub(crate) fn send(&self, rows: u64, nodes: &[Node]) -> Result<(), types::Error> {
        self.forward(&Batch::new(rows, nodes.to_vec(), self.buffers.take()))
    }

    pub(crate) fn forward(&self, batch: &Batch) -> Result<(), types::Error> {
        let mut recording = self.recording.borrow_mut();
        recording.check_cancelled()?;
        if let Some(schema) = &recording.schema {
            validate::batch(schema, batch)?;
        }
        recording.batches.push(batch.clone());
        recording.moved += 1;
        Ok(())
    }
}
