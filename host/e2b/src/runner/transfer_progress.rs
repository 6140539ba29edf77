//! Progress of file transfers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use osiris_core::text::format_bytes;

use super::notice::NoticeSender;

/// Several files transferred in the same direction. Clones share their state.
#[derive(Clone)]
pub(super) struct Transfer(Arc<Inner>);

struct Inner {
    what: &'static str,
    total: u64,
    /// Bytes transferred, by file.
    done: Vec<AtomicU64>,
    /// Percentage last reported.
    last_percent: AtomicU64,
    notes: NoticeSender,
}

impl Transfer {
    /// Starts a transfer of this many files, with `total` bytes.
    pub(super) fn new(what: &'static str, files: usize, total: u64, notes: &NoticeSender) -> Self {
        let done = std::iter::repeat_with(AtomicU64::default).take(files).collect();
        Self(Arc::new(Inner {
            what,
            total,
            done,
            last_percent: AtomicU64::new(0),
            notes: notes.clone(),
        }))
    }

    /// Records the bytes transferred of a file; fewer than before if the file is restarted.
    pub(super) fn set(&self, file: usize, size: u64) {
        let Inner { what, total, done, last_percent, notes } = &*self.0;
        if let Some(part) = done.get(file) {
            part.store(size, Relaxed);
        }
        let sum: u64 = done.iter().map(|part| part.load(Relaxed)).sum();
        let percent = u128::from(sum) * 100 / u128::from(*total).max(1);
        let percent = u64::try_from(percent).unwrap_or(100);
        if last_percent.swap(percent, Relaxed) != percent {
            notes.stage(format!("{what}  {} of {}", format_bytes(sum), format_bytes(*total)));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;
    use crate::runner::Notice;
    use osiris_core::redact::Redactor;

    #[test]
    fn restarted_file_is_counted_once() {
        let (sender, mut notes) = unbounded_channel();
        let transfer =
            Transfer::new("uploading", 2, 2048, &NoticeSender::new(sender, Redactor::default()));
        for (file, size) in [(0, 512), (1, 1024), (0, 0), (0, 1024)] {
            transfer.clone().set(file, size);
        }
        let notices: Vec<_> = std::iter::from_fn(|| notes.try_recv().ok()).collect();
        let stage = |size: &str| Notice::Stage(format!("uploading  {size} of 2.00 KiB"));
        assert_eq!(notices, ["512 B", "1.50 KiB", "1.00 KiB", "2.00 KiB"].map(stage));
    }
}
