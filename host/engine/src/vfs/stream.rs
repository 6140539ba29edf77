//! Quota for output streams to files.

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::quota::Quota;

/// Writes to a file within the quota.
pub(super) struct MeteredStream {
    pub(super) inner: DynOutputStream,
    pub(super) quota: Quota,
    /// Offset of the next byte in the file. `None` if the stream appends.
    pub(super) at: Option<u64>,
}

impl MeteredStream {
    fn count(&mut self, bytes: usize) -> StreamResult<()> {
        let bytes = bytes as u64;
        let end = self.at.map_or(0, |at| at.saturating_add(bytes));
        if !self.quota.admits(bytes, end) {
            let full = std::io::Error::from(rustix::io::Errno::NOSPC);
            return Err(StreamError::LastOperationFailed(full.into()));
        }
        self.at = self.at.map(|_| end);
        Ok(())
    }
}

#[async_trait]
impl Pollable for MeteredStream {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[async_trait]
impl OutputStream for MeteredStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.count(bytes.len())?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.count(bytes.len())?;
        self.inner.blocking_write_and_flush(bytes).await
    }
}
