//! A driver's stdout and stderr, line by line into the log.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use super::state::Journal;
use crate::session::Level;

/// The longest line; a longer one is cut into several.
const MAX_LINE: usize = 8 << 10;

/// A stream that becomes log lines.
#[derive(Clone)]
pub(super) struct Lines {
    journal: Arc<Journal>,
    level: Level,
    partial: Arc<Mutex<Vec<u8>>>,
}

impl Lines {
    pub(super) fn new(journal: Arc<Journal>, level: Level) -> Self {
        Self { journal, level, partial: Arc::default() }
    }

    fn write(&self, bytes: &[u8]) {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    partial.extend_from_slice(end);
                    self.flush(&mut partial);
                }
                None => partial.extend_from_slice(piece),
            }
        }
        // No more than what it takes to see that no secret is cut.
        let redactor = self.journal.sink.redactor();
        while partial.len() >= MAX_LINE + redactor.reach() {
            self.log(&mut partial);
        }
    }

    fn flush(&self, partial: &mut Vec<u8>) {
        while !partial.is_empty() {
            self.log(partial);
        }
    }

    fn log(&self, partial: &mut Vec<u8>) {
        let (line, end) = self.journal.sink.redactor().beginning(partial, MAX_LINE);
        self.journal.log(self.level, &line);
        partial.drain(..end);
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if Arc::strong_count(&self.partial) == 1 {
            let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
            self.flush(&mut partial);
        }
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Lines {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
