//! Batches on disk, for readers that fell behind.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};

use arrow::alloc::ALIGNMENT;
use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::read_record_batch;
use arrow::ipc::root_as_message;
use arrow::ipc::writer::{
    DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteContext, IpcWriteOptions,
};
use osiris_core::budget::{Budget, Exceeded, Share};
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::sync::lock;

use super::Batch;
use crate::offload::offload;

/// Minimum disk space of a batch: file systems can only free blocks of this size.
const BLOCK: u64 = 4 << 10;
/// Batches of more bytes are written and read on another thread.
const LONG: usize = 4 << 20;

/// The batches of one edge, in an anonymous file.
#[derive(Debug)]
pub(super) struct Spill {
    folder: ProjectDir,
    budget: Budget,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: Arc<File>,
    end: u64,
}

/// Location of one batch on disk: an Arrow IPC message, followed by its columns. Dropping the
/// extent frees the disk space.
#[derive(Debug)]
pub(super) struct Extent {
    file: Arc<File>,
    offset: u64,
    /// Bytes of the message, and of message and columns.
    message: usize,
    length: usize,
    /// The schema is not in the file: all batches of a table share one in memory.
    schema: SchemaRef,
    share: Share,
}

/// Reason why a batch could not be written to disk.
#[derive(Debug)]
pub(super) enum SpillError {
    /// The file could not be written.
    Io(io::Error),
    /// The spill limit of the run would be exceeded.
    Exceeded(Exceeded),
}

impl From<io::Error> for SpillError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Spill {
    pub(super) fn new(folder: ProjectDir, budget: Budget) -> Self {
        Self { folder, budget, open: Mutex::new(None) }
    }

    /// Writes a batch. Only one batch is written at a time.
    pub(super) async fn write(self: &Arc<Self>, batch: Batch) -> Result<Extent, SpillError> {
        let spill = self.clone();
        offload(batch.bytes() > LONG, move || spill.write_now(&batch)).await
    }

    fn write_now(&self, batch: &Batch) -> Result<Extent, SpillError> {
        let EncodedData { mut ipc_message, arrow_data } =
            encoded(batch).map_err(io::Error::other)?;
        let message = ipc_message.len();
        ipc_message.resize(message.next_multiple_of(ALIGNMENT), 0);
        let length = ipc_message.len() + arrow_data.len();
        let mut share = self.budget.share();
        share.grow((length as u64).next_multiple_of(BLOCK)).map_err(SpillError::Exceeded)?;
        let (file, offset) = self.allocate(share.amount())?;
        file.write_all_at(&ipc_message, offset)?;
        file.write_all_at(&arrow_data, offset + ipc_message.len() as u64)?;
        let schema = batch.record().schema();
        Ok(Extent { file, offset, message, length, schema, share })
    }

    /// Allocates `size` bytes of the file and returns their offset.
    fn allocate(&self, size: u64) -> io::Result<(Arc<File>, u64)> {
        let mut open = lock(&self.open);
        let open = match &mut *open {
            Some(open) => open,
            none => none.insert(Open { file: Arc::new(self.folder.anonymous_file()?), end: 0 }),
        };
        // Starts over: no extent refers to the file any more.
        if Arc::strong_count(&open.file) == 1 {
            open.end = 0;
        }
        let offset = open.end;
        open.end += size;
        Ok((open.file.clone(), offset))
    }
}

fn encoded(batch: &Batch) -> arrow::error::Result<EncodedData> {
    let (_, encoded) = IpcDataGenerator::default().encode(
        batch.record(),
        &mut DictionaryTracker::new(false),
        &IpcWriteOptions::default(),
        &mut IpcWriteContext::default(),
    )?;
    Ok(encoded)
}

impl Extent {
    /// Reads the batch back.
    pub(super) async fn read(self: Arc<Self>) -> io::Result<Batch> {
        offload(self.length > LONG, move || self.read_now()).await
    }

    fn read_now(&self) -> io::Result<Batch> {
        let mut bytes = MutableBuffer::from_len_zeroed(self.length);
        self.file.read_exact_at(bytes.as_slice_mut(), self.offset)?;
        let bytes = Buffer::from(bytes);
        let message = root_as_message(&bytes[..self.message])
            .map_err(|error| io::Error::other(error.to_string()))?;
        let batch = message.header_as_record_batch().ok_or(io::ErrorKind::InvalidData)?;
        let columns = bytes.slice(self.message.next_multiple_of(ALIGNMENT));
        let (schema, version) = (self.schema.clone(), message.version());
        let record = read_record_batch(&columns, batch, schema, &HashMap::new(), None, &version);
        record.map(Batch::from).map_err(io::Error::other)
    }
}

impl Drop for Extent {
    fn drop(&mut self) {
        free_blocks(&self.file, self.offset, self.share.amount());
    }
}

/// Frees the blocks of a part of a file. A file system that cannot do so keeps them until the file
/// is closed.
#[cfg(target_os = "linux")]
fn free_blocks(file: &File, offset: u64, length: u64) {
    use rustix::fs::{FallocateFlags, fallocate};
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    let _ = fallocate(file, flags, offset, length);
}

/// Frees nothing: the blocks stay until the file is closed.
#[cfg(not(target_os = "linux"))]
fn free_blocks(_: &File, _: u64, _: u64) {}
