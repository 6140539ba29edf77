//! A driver's stdout and stderr, logged line by line.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use bytes::Bytes;
use osiris_core::sync::lock;
use osiris_core::telemetry::Level;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::state::LimitedObserver;

/// Maximum length of a line, in bytes. Longer lines are split.
const MAX_LINE: usize = 8 << 10;

/// A stream that logs each line as soon as it is written, in order with the driver's own log
/// messages. A line that ends with the beginning of a secret is held until the next line.
#[derive(Clone)]
pub(super) struct LineLogger(Arc<Mutex<Partial>>);

impl LineLogger {
    pub(super) fn new(journal: Arc<LimitedObserver>, level: Level) -> Self {
        Self(Arc::new(Mutex::new(Partial { journal, level, line: Vec::new() })))
    }

    fn partial(&self) -> MutexGuard<'_, Partial> {
        lock(&self.0)
    }
}

/// The current unfinished line. Logged when the stream ends.
struct Partial {
    journal: Arc<LimitedObserver>,
    level: Level,
    line: Vec<u8>,
}

impl Partial {
    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.extend_from_slice(end);
                    // A program that wraps lines can wrap a secret too, so the parts of a possible
                    // secret are joined.
                    match self.journal.sink.redactor().may_continue(&self.line) {
                        true => self.line.push(b'\n'),
                        false => self.flush(),
                    }
                }
                None => self.line.extend_from_slice(piece),
            }
        }
        // Keeps enough bytes to see that the cut splits no secret.
        while self.line.len() >= MAX_LINE + self.journal.sink.redactor().lookahead() {
            self.log();
        }
    }

    fn flush(&mut self) {
        while !self.line.is_empty() {
            self.log();
        }
    }

    fn log(&mut self) {
        let (line, end) = self.journal.sink.redactor().redact_prefix(&self.line, MAX_LINE);
        // Joined lines are logged as separate lines.
        let lines = line.split('\n').filter(|line| !line.is_empty());
        lines.for_each(|line| self.journal.log(self.level, line));
        self.line.drain(..end);
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.flush();
    }
}

impl IsTerminal for LineLogger {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LineLogger {
    // Unused by WASI 0.2, but required by the trait.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // The default implementation spawns a task, which could outlive the call.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for LineLogger {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for LineLogger {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.partial().write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_LINE)
    }
}

impl AsyncWrite for LineLogger {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.partial().write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::observer::CallObserver;
    use osiris_core::driver::limits::Limits;
    use osiris_core::redact::Redactor;
    use osiris_core::telemetry::Number;

    #[derive(Default)]
    struct Recorder {
        lines: Mutex<Vec<String>>,
        redactor: Redactor,
    }

    impl CallObserver for Recorder {
        fn redactor(&self) -> &Redactor {
            &self.redactor
        }

        fn log(&self, level: Level, message: &str) {
            self.lines.lock().unwrap().push(format!("{level:?} {message}"));
        }

        fn metric(&self, _: &str, _: Number, _: &str, _: Vec<(String, String)>) {}
        fn event(&self, _: &str, _: Map<String, Value>) {}
        fn progress(&self, _: u64, _: Option<u64>) {}
        fn rows(&self, _: u64, _: u64) {}
    }

    #[test]
    fn lines_are_logged_when_complete_and_the_last_on_drop() {
        let recorder = Arc::new(Recorder::default());
        let journal = Arc::new(LimitedObserver::new(recorder.clone(), Limits::default()));
        let lines = LineLogger::new(journal.clone(), Level::Info);
        let (mut one, mut other) = (lines.p2_stream(), lines.p2_stream());
        one.write(Bytes::from_static(b"a\nb")).unwrap();
        journal.log(Level::Warn, "between");
        other.write(Bytes::from_static(b"c\n\nd")).unwrap();
        let written = ["Info a", "Warn between", "Info bc"];
        assert_eq!(*recorder.lines.lock().unwrap(), written);
        drop((lines, one));
        assert_eq!(*recorder.lines.lock().unwrap(), written);
        drop(other);
        assert_eq!(*recorder.lines.lock().unwrap(), [&written[..], &["Info d"]].concat());
    }

    #[test]
    fn wrapped_secret_is_masked() {
        let redactor = Redactor::new(["hunter2hunter2".to_owned()]).unwrap();
        let recorder = Arc::new(Recorder { redactor, ..Recorder::default() });
        let journal = Arc::new(LimitedObserver::new(recorder.clone(), Limits::default()));
        let lines = LineLogger::new(journal, Level::Info);
        let mut stream = lines.p2_stream();
        let printed =
            format!("it is hunter2hun\n  ter2, so\nhunt\nfor it\n{:#?}\n", b"hunter2hunter2");
        for piece in printed.as_bytes().chunks(5) {
            stream.write(Bytes::copy_from_slice(piece)).unwrap();
        }
        drop((lines, stream));
        let expected = [
            "Info it is ***MASKED***, so",
            "Info hunt",
            "Info for it",
            "Info [",
            "Info     ***MASKED***,",
            "Info ]",
        ];
        assert_eq!(*recorder.lines.lock().unwrap(), expected);
    }
}
