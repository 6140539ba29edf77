//! Batches on disk, for readers that fell behind.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::alloc::ALIGNMENT;
use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::read_record_batch;
use arrow::ipc::root_as_message;
use arrow::ipc::writer::{
    DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteContext, IpcWriteOptions,
};

use super::Batch;
use crate::aside::aside;
use crate::below::Below;
use crate::budget::{Budget, Exceeded, Share};

/// What a batch takes at least: pieces of this size are given back to the disk alone.
const BLOCK: u64 = 4 << 10;
/// A batch of more bytes is written and read on another thread.
const LONG: usize = 4 << 20;

/// The batches of one edge, in a file without a name.
#[derive(Debug)]
pub(super) struct Spill {
    folder: Below,
    budget: Budget,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: Arc<File>,
    end: u64,
}

/// Where one batch lies: an Arrow IPC message, and its columns. What it takes of the
/// disk is given back with it.
#[derive(Debug)]
pub(super) struct Extent {
    file: Arc<File>,
    offset: u64,
    /// Bytes of the message, and of all.
    message: usize,
    length: usize,
    /// A schema lies in no file: all batches of a table share one.
    schema: SchemaRef,
    share: Share,
}

/// Why a batch is not on disk.
#[derive(Debug)]
pub(super) enum SpillError {
    /// The disk failed.
    Io(io::Error),
    /// The run would spill more than it may.
    Exceeded(Exceeded),
}

impl From<io::Error> for SpillError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Spill {
    pub(super) fn new(folder: Below, budget: Budget) -> Self {
        Self { folder, budget, open: Mutex::new(None) }
    }

    /// Writes a batch. Only one is written at a time.
    pub(super) async fn write(self: &Arc<Self>, batch: Batch) -> Result<Extent, SpillError> {
        let spill = self.clone();
        aside(batch.bytes() > LONG, move || spill.write_now(&batch)).await
    }

    fn write_now(&self, batch: &Batch) -> Result<Extent, SpillError> {
        let EncodedData { mut ipc_message, arrow_data } =
            encoded(batch).map_err(io::Error::other)?;
        let message = ipc_message.len();
        ipc_message.resize(message.next_multiple_of(ALIGNMENT), 0);
        let length = ipc_message.len() + arrow_data.len();
        let mut share = self.budget.share();
        share.grow((length as u64).next_multiple_of(BLOCK)).map_err(SpillError::Exceeded)?;
        let (file, offset) = self.place(share.amount())?;
        file.write_all_at(&ipc_message, offset)?;
        file.write_all_at(&arrow_data, offset + ipc_message.len() as u64)?;
        let schema = batch.record().schema();
        Ok(Extent { file, offset, message, length, schema, share })
    }

    /// Where the next bytes go.
    fn place(&self, size: u64) -> io::Result<(Arc<File>, u64)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match &mut *open {
            Some(open) => open,
            none => none.insert(Open { file: Arc::new(self.folder.nameless()?), end: 0 }),
        };
        // Nobody has a batch in it any more.
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
        aside(self.length > LONG, move || self.read_now()).await
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
        // A disk that cannot take it back keeps it until the file is closed.
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{FallocateFlags, fallocate};
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let _ = fallocate(&*self.file, flags, self.offset, self.share.amount());
        }
    }
}
