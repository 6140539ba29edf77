//! Batches on disk, for readers that fell behind.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::Batch;
use crate::below::Below;

/// A file without a name.
#[derive(Debug)]
pub(super) struct Spill {
    file: File,
    end: u64,
}

/// Where one batch lies: an Arrow IPC stream of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    offset: u64,
    length: u64,
}

impl Spill {
    pub(super) fn create(folder: &Below) -> io::Result<Self> {
        Ok(Self { file: folder.nameless()?, end: 0 })
    }

    pub(super) fn write(&mut self, batch: &Batch) -> io::Result<Extent> {
        let mut stream =
            StreamWriter::try_new(Vec::with_capacity(batch.bytes()), batch.record().schema_ref())
                .map_err(io::Error::other)?;
        stream.write(batch.record()).map_err(io::Error::other)?;
        let bytes = stream.into_inner().map_err(io::Error::other)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&bytes)?;
        let extent = Extent { offset: self.end, length: bytes.len() as u64 };
        self.end += extent.length;
        Ok(extent)
    }

    pub(super) fn read(&mut self, extent: Extent) -> io::Result<Batch> {
        self.file.seek(SeekFrom::Start(extent.offset))?;
        let bytes = BufReader::new((&mut self.file).take(extent.length));
        let record = StreamReader::try_new(bytes, None)
            .map_err(io::Error::other)?
            .next()
            .ok_or(io::ErrorKind::UnexpectedEof)?
            .map_err(io::Error::other)?;
        Ok(Batch::from(record))
    }
}
