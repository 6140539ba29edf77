//! The worker's message stream. Each line goes into a file, which has all lines, and to standard
//! output while that has a reader.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::sync::lock;
use osiris_runtime::session::Record;

use crate::protocol::{Message, STREAM, Sequenced};

/// Maximum bytes that wait for a reader of standard output. Further lines are only in the file: the
/// reader sees the gap in the numbers.
const WAITING: usize = 4 << 20;
/// Maximum time to deliver the last lines.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Writer of the message stream.
pub(super) struct MessageWriter(Mutex<Inner>);

struct Inner {
    last: u64,
    file: File,
    /// The size of the file up to the end of its last whole line.
    size: u64,
    /// Sender to the thread that writes to standard output, or `None` once closed.
    live: Option<Sender<String>>,
    waiting: Arc<AtomicUsize>,
    done: Receiver<()>,
}

impl MessageWriter {
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(STREAM);
        let mut options = OpenOptions::new();
        let file = options.append(true).create_new(true).open(&path).map_err(|error| {
            let why = format!("cannot write the message stream: {error}");
            Error::environment(Diagnostic::new(Code::WorkerFailed, why).in_file(&path))
        })?;
        let waiting = Arc::new(AtomicUsize::new(0));
        let (live, lines) = channel::<String>();
        let (done_sender, done) = channel();
        let pending = waiting.clone();
        std::thread::spawn(move || {
            let mut is_connected = true;
            for line in lines {
                pending.fetch_sub(line.len(), Relaxed);
                // A reader that has gone resumes from the file.
                is_connected = is_connected && write(&line).is_ok();
            }
            done_sender.send(()).ok();
        });
        let live = Some(live);
        Ok(Self(Mutex::new(Inner { last: 0, file, size: 0, live, waiting, done })))
    }

    pub(super) fn record(&self, record: &Record) {
        self.send(&Message::Record { record: record.clone() });
    }

    pub(super) fn send(&self, message: &Message) {
        let mut inner = self.lock();
        inner.last += 1;
        let line = Sequenced { n: inner.last, body: message }.line();
        match inner.file.write_all(line.as_bytes()) {
            Ok(()) => inner.size += line.len() as u64,
            // A full disk might have accepted only half of the line: cut it off. A reader has a
            // copy, unless the reader was disconnected.
            Err(_) => drop(inner.file.set_len(inner.size)),
        }
        if inner.waiting.load(Relaxed) < WAITING
            && let Some(live) = &inner.live
        {
            inner.waiting.fetch_add(line.len(), Relaxed);
            // The receiving thread ends only with the process.
            live.send(line).ok();
        }
    }

    /// Waits until the last lines are delivered, while there is a reader.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.live = None;
        inner.done.recv_timeout(CLOSE_TIMEOUT).ok();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in another thread leaves the data consistent: every change is one call.
        lock(&self.0)
    }
}

fn write(line: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()
}
