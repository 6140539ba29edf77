//! What fuzzing reaches of the drivers' side.

use wasmtime::component::Resource;

use super::bindings::osiris::driver::context::{self, Host as _};
use super::bindings::osiris::driver::tables::{HostBatch, HostReader, HostWriter};
use super::outline::Outline;
use super::state::State;
use super::tables::{Reader, Writer};
use super::{Call, DriverFile, interfaces};
use crate::problem::Problem;
use crate::table::{Field, Node, Receiver, Sender};

/// Why a component does not fit this host, if its names alone tell.
pub fn mismatch(file: &DriverFile) -> Option<Problem> {
    interfaces::mismatch(file)
}

/// Every spec in a component; none if it is damaged.
pub fn specs(component: &[u8]) -> Option<Vec<Vec<u8>>> {
    Outline::of(component).ok().map(|outline| outline.specs)
}

/// What a driver asks of its host.
#[derive(Debug)]
pub enum HostCall {
    /// A line of the log.
    Log(String),
    /// A measured value: its name, unit and tags.
    Metric(String, String, Vec<(String, String)>),
    /// Something that happened: its name, and JSON.
    Event(String, String),
    /// How far it is.
    Progress(u64, Option<u64>),
    /// Its state for the next run.
    SaveState(String),
    /// Its last words.
    Panicked(String),
    /// The columns of its output.
    Open(Vec<Field>),
    /// A buffer of the batch that it builds.
    Push(Vec<u8>),
    /// The end of that batch: its rows and arrays.
    Send(u64, Vec<Node>),
    /// The columns of its input.
    Schema,
    /// The next batch of its input, which it keeps.
    Next,
    /// A buffer of one of the batches that it keeps.
    Buffer(u8, u32),
    /// The arrays of such a batch.
    Nodes(u8),
    /// Sends on such a batch.
    Forward(u8),
    /// Drops such a batch.
    Drop(u8),
}

/// The host's side of one call into a driver that has no code.
pub struct Host {
    state: State,
    writer: u32,
    reader: u32,
    batches: Vec<u32>,
}

impl Host {
    /// Begins a call that reads one table and fills another.
    ///
    /// # Errors
    /// Returns an error if its folder cannot be opened.
    pub fn new(call: Call, input: Receiver, output: Sender) -> wasmtime::Result<Self> {
        let mut state = State::new(call, Some(output))?;
        let reader = state.table.push(Reader { receiver: input })?.rep();
        let writer = state.table.push(Writer::default())?.rep();
        Ok(Self { state, writer, reader, batches: Vec::new() })
    }

    /// Does what the driver asks.
    ///
    /// # Errors
    /// Returns an error if that ends the call.
    pub async fn answer(&mut self, call: HostCall) -> wasmtime::Result<()> {
        let writer = || Resource::new_borrow(self.writer);
        let reader = || Resource::new_borrow(self.reader);
        let kept = |index: u8| {
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
                if let Some(batch) = kept(index) {
                    state.buffer(batch, number)?;
                }
            }
            HostCall::Nodes(index) => {
                if let Some(batch) = kept(index) {
                    HostBatch::nodes(state, batch)?;
                }
            }
            HostCall::Forward(index) => {
                if let Some(batch) = kept(index) {
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
