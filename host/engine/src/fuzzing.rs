//! Entry points for fuzzing the driver side of the host.

use wasmtime::component::Resource;

use super::CallContext;
use super::bindings::osiris::driver::context::{self, Host as _};
use super::bindings::osiris::driver::tables::{HostBatch, HostReader, HostWriter};
use super::state::HostState;
use super::tables::{Reader, Writer};
use crate::table::{Field, Node, Receiver, Sender};

/// A call from a driver to its host.
#[derive(Debug)]
pub enum HostCall {
    /// Logs a line.
    Log(String),
    /// Records a metric: its name, unit and tags.
    Metric(String, String, Vec<(String, String)>),
    /// Records an event: its name, and its fields as JSON.
    Event(String, String),
    /// Reports progress.
    Progress(u64, Option<u64>),
    /// Saves the state for the next run.
    SaveState(String),
    /// Reports a panic message.
    Panicked(String),
    /// Opens the output with these columns.
    Open(Vec<Field>),
    /// Pushes a buffer of the batch being built.
    Push(Vec<u8>),
    /// Sends that batch: its rows and arrays.
    Send(u64, Vec<Node>),
    /// Reads the columns of the input.
    Schema,
    /// Reads the next batch of the input and keeps it.
    Next,
    /// Reads a buffer of a kept batch.
    Buffer(u8, u32),
    /// Reads the arrays of a kept batch.
    Nodes(u8),
    /// Forwards a kept batch.
    Forward(u8),
    /// Drops a kept batch.
    Drop(u8),
}

/// The host side of one call into a driver without code.
pub struct Host {
    state: HostState,
    writer: u32,
    reader: u32,
    batches: Vec<u32>,
}

impl Host {
    /// Starts a call that reads one table and fills another.
    ///
    /// # Errors
    /// Returns an error if the base path of the call cannot be opened.
    pub fn new(call: CallContext, input: Receiver, output: Sender) -> wasmtime::Result<Self> {
        let mut state = HostState::new(call, Some(output))?;
        let reader = state.table.push(Reader { receiver: input })?.rep();
        let writer = state.table.push(Writer::default())?.rep();
        Ok(Self { state, writer, reader, batches: Vec::new() })
    }

    /// Handles a call from the driver.
    ///
    /// # Errors
    /// Returns an error if the error ends the call into the driver.
    pub async fn answer(&mut self, call: HostCall) -> wasmtime::Result<()> {
        let writer = || Resource::new_borrow(self.writer);
        let reader = || Resource::new_borrow(self.reader);
        let batch_at = |index: u8| {
            let rep = self.batches.get(usize::from(index) % self.batches.len().max(1))?;
            Some(Resource::new_borrow(*rep))
        };
        let state = &mut self.state;
        match call {
            HostCall::Log(text) => state.log(context::Level::Info, text)?,
            HostCall::Metric(name, unit, tags) => {
                state.metric(name, context::MetricValue::Integer(1), unit, tags)?;
            }
            HostCall::Event(name, fields) => state.event(name, fields)?,
            HostCall::Progress(done, total) => state.progress(done, total)?,
            HostCall::SaveState(text) => drop(state.save_state(text)?),
            HostCall::Panicked(text) => state.panicked(text)?,
            HostCall::Open(fields) => drop(state.open_output(writer(), fields).await?),
            HostCall::Push(buffer) => state.push(writer(), buffer)?,
            HostCall::Send(rows, nodes) => {
                let nodes = nodes.into_iter().map(Into::into).collect();
                drop(HostWriter::send(state, writer(), rows, nodes).await?);
            }
            HostCall::Schema => drop(HostReader::schema(state, reader()).await?),
            HostCall::Next => {
                if let Ok(Some(batch)) = HostReader::next(state, reader()).await? {
                    self.batches.push(batch.rep());
                }
            }
            HostCall::Buffer(index, number) => {
                if let Some(batch) = batch_at(index) {
                    state.buffer(batch, number)?;
                }
            }
            HostCall::Nodes(index) => {
                if let Some(batch) = batch_at(index) {
                    HostBatch::nodes(state, batch)?;
                }
            }
            HostCall::Forward(index) => {
                if let Some(batch) = batch_at(index) {
                    drop(HostWriter::forward(state, writer(), batch).await?);
                }
            }
            HostCall::Drop(index) => {
                if !self.batches.is_empty() {
                    let index = usize::from(index) % self.batches.len();
                    let rep = self.batches.swap_remove(index);
                    HostBatch::drop(state, Resource::new_own(rep))?;
                }
            }
        }
        Ok(())
    }
}
