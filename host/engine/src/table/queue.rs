//! The batches of one edge, in memory and on disk, until every reader has taken them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use osiris_core::budget::{Exceeded, Share};

use super::Batch;
use super::edge::Closed;
use super::spill::Extent;

/// The batches of a table that not every reader has taken. Batches on disk come before those in
/// memory, because the oldest batch moves to disk first.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) schema: Option<SchemaRef>,
    pub(super) end: Option<Result<(), Closed>>,
    slots: VecDeque<Slot>,
    /// Number of the first slot, counted from the start of the table.
    first: u64,
    /// Number of the first slot in memory.
    resident_from: u64,
    /// Number of the next slot of each reader; `None` after the reader has left.
    cursors: Vec<Option<u64>>,
    /// Start of the writer's wait for idle readers.
    waits_since: Option<Instant>,
    /// Whether batches move to disk because the readers are idle.
    wait_expired: bool,
    /// Whether the disk accepts no more of these batches.
    is_disk_full: bool,
    /// Bytes of the slots in memory, counted in a share of the run's budget.
    resident: Share,
    /// Number of slots inspected.
    #[cfg(test)]
    looks: std::cell::Cell<usize>,
}

#[derive(Debug)]
enum Slot {
    Resident(Batch),
    Spilled(Arc<Extent>),
}

/// Outcome of adding a batch.
#[derive(Debug)]
pub(super) enum Admission {
    /// The batch is in the queue, or there are no readers.
    Done,
    /// The batch with this number must first move to disk.
    Spill(u64, Batch),
    /// The batch with this number can move to disk, so that the writer need not wait.
    SpillOrWait(u64, Batch),
    /// The run has no memory left for the batch.
    Refused(Exceeded),
}

/// A batch that a reader takes.
#[derive(Debug)]
pub(super) enum Dequeued {
    Batch(Batch),
    Spilled(Arc<Extent>),
}

impl Queue {
    pub(super) fn new(readers: usize, resident: Share) -> Self {
        Self {
            schema: None,
            end: None,
            slots: VecDeque::new(),
            first: 0,
            resident_from: 0,
            cursors: vec![Some(0); readers],
            waits_since: None,
            wait_expired: false,
            is_disk_full: false,
            resident,
            #[cfg(test)]
            looks: std::cell::Cell::new(0),
        }
    }

    /// Adds a batch while the batches in memory stay within `budget` bytes. Returns `None` if the
    /// writer has to wait, for at most `max_wait` if the disk has space. Takes constant time,
    /// however many batches there are.
    pub(super) fn admit(
        &mut self,
        batch: &Batch,
        budget: usize,
        max_wait: Duration,
    ) -> Option<Admission> {
        if self.cursors.iter().all(Option::is_none) {
            return Some(Admission::Done);
        }
        let bytes = batch.bytes() as u64;
        if self.resident.amount() + bytes > budget as u64
            && let Some(oldest) = self.oldest()
        {
            // A slow reader must not stop a fast one that has read every batch.
            let is_starving = self.cursors.contains(&Some(self.next_slot()));
            let (number, oldest) = (self.resident_from, oldest.clone());
            if is_starving {
                return Some(Admission::Spill(number, oldest));
            }
            let since = *self.waits_since.get_or_insert_with(Instant::now);
            self.wait_expired |= since.elapsed() >= max_wait;
            let spills = self.wait_expired && !self.is_disk_full;
            return spills.then(|| Admission::SpillOrWait(number, oldest));
        }
        Some(match self.resident.grow(bytes) {
            Ok(()) => {
                self.slots.push_back(Slot::Resident(batch.clone()));
                Admission::Done
            }
            Err(exceeded) => Admission::Refused(exceeded),
        })
    }

    /// Returns the oldest batch in memory.
    fn oldest(&self) -> Option<&Batch> {
        self.look();
        match self.slots.get((self.resident_from - self.first) as usize)? {
            Slot::Resident(batch) => Some(batch),
            Slot::Spilled(_) => None,
        }
    }

    /// Replaces a batch in memory by its extent on disk, unless every reader has taken the batch
    /// meanwhile.
    pub(super) fn spilled(&mut self, number: u64, extent: Extent) {
        let Some(index) = number.checked_sub(self.first) else { return };
        let Some(slot) = self.slots.get_mut(index as usize) else { return };
        if let Slot::Resident(batch) = slot {
            self.resident.shrink(batch.bytes() as u64);
            *slot = Slot::Spilled(Arc::new(extent));
            self.resident_from = number + 1;
        }
    }

    /// Records that the disk accepts no more batches.
    pub(super) fn disk_is_full(&mut self) {
        self.is_disk_full = true;
    }

    /// Takes the next batch of a reader. Returns `None` if there is none yet.
    pub(super) fn take(&mut self, reader: usize) -> Option<Dequeued> {
        let cursor = self.cursors[reader]?;
        let dequeued = match self.slots.get((cursor - self.first) as usize)? {
            Slot::Resident(batch) => Dequeued::Batch(batch.clone()),
            Slot::Spilled(extent) => Dequeued::Spilled(extent.clone()),
        };
        self.cursors[reader] = Some(cursor + 1);
        self.trim();
        Some(dequeued)
    }

    /// Removes a reader.
    pub(super) fn leave(&mut self, reader: usize) {
        self.cursors[reader] = None;
        self.trim();
    }

    /// Drops the slots that every reader has taken.
    fn trim(&mut self) {
        let first_unread = self.cursors.iter().flatten().min().copied().unwrap_or(self.next_slot());
        while self.first < first_unread {
            self.look();
            self.waits_since = None;
            if let Some(Slot::Resident(batch)) = self.slots.pop_front() {
                self.resident.shrink(batch.bytes() as u64);
            }
            self.first += 1;
        }
        self.resident_from = self.resident_from.max(self.first);
        if self.resident_from == self.first {
            // The readers have caught up.
            (self.wait_expired, self.is_disk_full) = (false, false);
        }
    }

    fn look(&self) {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
    }

    fn next_slot(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    #[cfg(test)]
    pub(super) fn resident(&self) -> u64 {
        self.resident.amount()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::RecordBatch;
    use arrow::datatypes::Schema;

    use super::*;
    use crate::table::spill::Spill;
    use osiris_core::budget::Budget;
    use osiris_core::fs::project_dir::ProjectDir;

    #[tokio::test]
    async fn queue_work_is_independent_of_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let below = ProjectDir::new(folder.path(), folder.path());
        let spill = Arc::new(Spill::new(below, Budget::default()));
        let mut queue = Queue::new(2, Budget::default().share());
        let batch: Batch = RecordBatch::new_empty(Arc::new(Schema::empty())).into();
        let mut looks = Vec::new();
        for _ in 0..4 {
            let before = queue.looks.get();
            for _ in 0..1000 {
                while let Some(Admission::Spill(number, oldest)) =
                    queue.admit(&batch, 4 * batch.bytes(), Duration::MAX)
                {
                    let extent = spill.write(oldest).await.ok().unwrap();
                    queue.spilled(number, extent);
                }
                // The other reader falls behind by all batches.
                queue.take(0).unwrap();
            }
            looks.push(queue.looks.get() - before);
        }
        assert!(looks.iter().all(|looks| *looks <= 2100), "{looks:?}");
    }
}
