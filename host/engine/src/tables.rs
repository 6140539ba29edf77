//! Host side of the contract's `tables` interface: handles to batches that stay in the host.

use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use osiris_core::contract::ErrorKind;
use osiris_core::driver::limits::Limit;
use wasmtime::Result;
use wasmtime::component::Resource;

use super::bindings::osiris::driver::tables::{Host, HostBatch, HostReader, HostWriter};
use super::bindings::osiris::driver::{arrow as wit, types};
use super::failure::{contract_violation, guest_error, limit_exceeded};
use super::state::HostState;
use crate::table::{Batch, Closed, Field, Node, Receiver, SendError, flatten, size, unflatten};

/// Lists of more columns or arrays are processed on another thread.
const LONG_LIST: usize = 2 << 10;
/// Batches of more bytes are processed on another thread.
const LONG_BYTES: u64 = 8 << 20;

/// The output of an upstream step.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Reader {
    pub(super) receiver: Receiver,
}

/// The output of this step, and the batch that is being built for it.
#[derive(Default)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Writer {
    schema: Option<SchemaRef>,
    pushed: Vec<Buffer>,
    bytes: u64,
}

impl Writer {
    /// Checks that every pushed buffer was sent.
    pub(super) fn finished(&self) -> std::result::Result<(), &'static str> {
        if self.pushed.is_empty() { Ok(()) } else { Err("it pushed buffers that it never sent") }
    }
}

type Answer<T> = Result<std::result::Result<T, types::Error>>;

impl Host for HostState {}
impl wit::Host for HostState {}
impl types::Host for HostState {}

impl HostBatch for HostState {
    fn rows(&mut self, batch: Resource<Batch>) -> Result<u64> {
        Ok(self.table.get(&batch)?.rows())
    }

    fn nodes(&mut self, batch: Resource<Batch>) -> Result<Vec<wit::Node>> {
        Ok(self.table.get(&batch)?.nodes().iter().map(|node| (*node).into()).collect())
    }

    fn buffer(&mut self, batch: Resource<Batch>, index: u32) -> Result<Vec<u8>> {
        let batch = self.table.get(&batch)?;
        let buffer = batch.buffer(index as usize).ok_or_else(|| {
            contract_violation(format!(
                "it requested buffer {index}, which the batch does not have"
            ))
        })?;
        Ok(buffer.to_vec())
    }

    fn drop(&mut self, batch: Resource<Batch>) -> Result<()> {
        let batch = self.table.delete(batch)?;
        self.held.remove(batch.bytes() as u64);
        Ok(())
    }
}

impl HostReader for HostState {
    async fn schema(&mut self, reader: Resource<Reader>) -> Answer<Vec<wit::Field>> {
        let reader = self.table.get(&reader)?;
        let schema = tokio::select! {
            biased;
            schema = self.clock.wait(reader.receiver.schema()) => schema,
            () = self.cancel.cancelled() => return Ok(Err(self.cancelled_error())),
        };
        match schema {
            Ok(schema) => {
                let is_long = schema.fields().len() > LONG_LIST;
                let fields = move || flatten(&schema).into_iter().map(Into::into).collect();
                Ok(Ok(self.clock.offload(is_long, fields).await))
            }
            Err(closed) => Ok(Err(upstream(closed))),
        }
    }

    async fn next(&mut self, reader: Resource<Reader>) -> Answer<Option<Resource<Batch>>> {
        let reader = self.table.get_mut(&reader)?;
        let next = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Ok(Err(self.cancelled_error())),
            next = self.clock.wait(reader.receiver.next()) => next,
        };
        match next {
            Ok(Some(batch)) => {
                self.held.add(batch.bytes() as u64)?;
                self.clock.mark_progress();
                self.rows_read += batch.rows();
                self.journal.sink.rows(batch.rows(), 0);
                Ok(Ok(Some(self.table.push(batch)?)))
            }
            Ok(None) => Ok(Ok(None)),
            Err(closed) => Ok(Err(upstream(closed))),
        }
    }

    fn drop(&mut self, reader: Resource<Reader>) -> Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

impl HostWriter for HostState {
    async fn open(&mut self, writer: Resource<Writer>, fields: Vec<wit::Field>) -> Answer<()> {
        self.open_output(writer, fields.into_iter().map(Into::into).collect()).await
    }

    fn push(&mut self, writer: Resource<Writer>, buffer: Vec<u8>) -> Result<()> {
        let limit = self.limits.get(Limit::Batch);
        let writer = self.table.get_mut(&writer)?;
        // Empty buffers also have a cost.
        writer.bytes += buffer.len() as u64 + 64;
        if writer.bytes > limit {
            let request = format!("it built a batch of {} bytes", writer.bytes);
            return Err(contract_violation(self.limits.exceeded_message(Limit::Batch, request)));
        }
        self.held.add(buffer.len() as u64 + 64)?;
        writer.pushed.push(Buffer::from(buffer));
        Ok(())
    }

    async fn send(
        &mut self,
        writer: Resource<Writer>,
        rows: u64,
        nodes: Vec<wit::Node>,
    ) -> Answer<()> {
        let writer = self.table.get_mut(&writer)?;
        let Some(schema) = writer.schema.clone() else {
            return Err(contract_violation("it sent a batch before it opened its output"));
        };
        let buffers = std::mem::take(&mut writer.pushed);
        let bytes = std::mem::take(&mut writer.bytes);
        let nodes: Vec<Node> = nodes.into_iter().map(Into::into).collect();
        let is_long = bytes > LONG_BYTES || nodes.len() > LONG_LIST;
        let parts = move || Batch::from_parts(schema, rows, &nodes, buffers);
        let batch = self.clock.offload(is_long, parts).await;
        let batch = batch
            .map_err(|reason| contract_violation(format!("it sent an invalid batch: {reason}")))?;
        let sent = self.emit(batch).await;
        self.held.remove(bytes);
        sent
    }

    async fn forward(&mut self, writer: Resource<Writer>, batch: Resource<Batch>) -> Answer<()> {
        let batch = self.table.get(&batch)?.clone();
        match &self.table.get(&writer)?.schema {
            None => Err(contract_violation("it forwarded a batch before it opened its output")),
            Some(schema) if *schema != batch.record().schema() => Err(contract_violation(
                "it forwarded a batch whose columns differ from those of its output",
            )),
            Some(_) => self.emit(batch).await,
        }
    }

    fn drop(&mut self, writer: Resource<Writer>) -> Result<()> {
        self.table.delete(writer)?.finished().map_err(contract_violation)
    }
}

impl HostState {
    /// Opens the output with these columns.
    pub(super) async fn open_output(
        &mut self,
        writer: Resource<Writer>,
        fields: Vec<Field>,
    ) -> Answer<()> {
        if self.opened {
            return Err(contract_violation("it opened its output twice"));
        }
        let is_long = fields.len() > LONG_LIST;
        let read = move || unflatten(&fields).map(|schema| (schema, size(&fields)));
        let (schema, bytes) = self.clock.offload(is_long, read).await.map_err(|reason| {
            contract_violation(format!("it opened its output with an invalid schema: {reason}"))
        })?;
        // Never released: the schema lives as long as the table, whichever step reads it.
        self.held.add(bytes)?;
        self.table.get_mut(&writer)?.schema = Some(schema.clone());
        self.opened = true;
        if let Some(output) = &self.output {
            output.open(schema);
        }
        Ok(Ok(()))
    }

    async fn emit(&mut self, batch: Batch) -> Answer<()> {
        let rows = batch.rows();
        if let Some(output) = &self.output {
            let sent = tokio::select! {
                // A batch that needs no wait is sent even after a cancellation, so that a step that
                // is nearly done can finish.
                biased;
                sent = self.clock.wait(output.send(batch)) => sent,
                () = self.cancel.cancelled() => return Ok(Err(self.cancelled_error())),
            };
            match sent {
                Ok(()) => {}
                Err(error @ SendError::Disk(_)) => {
                    return Ok(Err(guest_error(ErrorKind::Internal, error.to_string())));
                }
                Err(SendError::Memory(exceeded)) => {
                    return Err(limit_exceeded(self.limits.run_exceeded_message(exceeded)));
                }
                Err(SendError::Spill(exceeded)) => {
                    let request = format!(
                        "batches that wait on disk for slow readers would take {} bytes",
                        exceeded.total
                    );
                    return Err(limit_exceeded(
                        self.limits.exceeded_message(Limit::Spill, request),
                    ));
                }
            }
        }
        self.clock.mark_progress();
        self.rows_written += rows;
        self.journal.sink.rows(0, rows);
        Ok(Ok(()))
    }
}

fn upstream(closed: Closed) -> types::Error {
    guest_error(ErrorKind::Upstream, closed.0)
}

impl From<Node> for wit::Node {
    fn from(node: Node) -> Self {
        Self { length: node.length, null_count: node.null_count, buffers: node.buffers }
    }
}

impl From<wit::Node> for Node {
    fn from(node: wit::Node) -> Self {
        Self { length: node.length, null_count: node.null_count, buffers: node.buffers }
    }
}

impl From<Field> for wit::Field {
    fn from(field: Field) -> Self {
        let Field { name, format, nullable, metadata, children } = field;
        Self { name, format, nullable, metadata, children }
    }
}

impl From<wit::Field> for Field {
    fn from(field: wit::Field) -> Self {
        let wit::Field { name, format, nullable, metadata, children } = field;
        Self { name, format, nullable, metadata, children }
    }
}
