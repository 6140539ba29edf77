//! What waits on one edge, in memory and on disk.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;

use super::Batch;
use super::edge::Closed;
use super::spill::Extent;
use crate::budget::{Exceeded, Share};

/// The batches of a table that not every reader has seen. Those on disk come first:
/// what has waited longest moves there first.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) schema: Option<SchemaRef>,
    pub(super) end: Option<Result<(), Closed>>,
    slots: VecDeque<Slot>,
    /// The number of the first slot, counted from the start of the table.
    first: u64,
    /// The number of the first slot in memory.
    resident_from: u64,
    /// The next slot of each reader; `None` for one that has left.
    cursors: Vec<Option<u64>>,
    /// The start of the writer's wait, while the readers take nothing.
    waits_since: Option<Instant>,
    /// Whether batches go to disk because the readers stand still.
    gives_way: bool,
    /// Whether the disk takes no more of these.
    is_disk_full: bool,
    /// The bytes of the slots in memory, as a part of what the run may have.
    resident: Share,
    /// How many slots were looked at.
    #[cfg(test)]
    looks: std::cell::Cell<usize>,
}

#[derive(Debug)]
enum Slot {
    Resident(Batch),
    Spilled(Arc<Extent>),
}

/// What becomes of a batch that is to be sent.
#[derive(Debug)]
pub(super) enum Admission {
    /// It is in the queue, or nobody wants it.
    Done,
    /// First this one, of this number, must go to disk.
    Spill(u64, Batch),
    /// The same, to let the writer go on; it can wait as well.
    SpillOrWait(u64, Batch),
    /// The run has no memory left for it.
    Refused(Exceeded),
}

/// What a reader gets.
#[derive(Debug)]
pub(super) enum Taken {
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
            gives_way: false,
            is_disk_full: false,
            resident,
            #[cfg(test)]
            looks: std::cell::Cell::new(0),
        }
    }

    /// Adds a batch, of which `budget` bytes may be in memory. `None`: the writer has
    /// to wait, but no longer than `patience` if the disk has room. The work is the same
    /// whatever waits.
    pub(super) fn admit(
        &mut self,
        batch: &Batch,
        budget: usize,
        patience: Duration,
    ) -> Option<Admission> {
        if self.cursors.iter().all(Option::is_none) {
            return Some(Admission::Done);
        }
        let bytes = batch.bytes() as u64;
        if self.resident.amount() + bytes > budget as u64
            && let Some(oldest) = self.oldest()
        {
            // A slow reader must not stop a fast one, which has nothing left to read.
            let is_starving = self.cursors.contains(&Some(self.next_slot()));
            let (number, oldest) = (self.resident_from, oldest.clone());
            if is_starving {
                return Some(Admission::Spill(number, oldest));
            }
            let since = *self.waits_since.get_or_insert_with(Instant::now);
            self.gives_way |= since.elapsed() >= patience;
            let spills = self.gives_way && !self.is_disk_full;
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

    /// The batch that has waited longest in memory.
    fn oldest(&self) -> Option<&Batch> {
        self.look();
        match self.slots.get((self.resident_from - self.first) as usize)? {
            Slot::Resident(batch) => Some(batch),
            Slot::Spilled(_) => None,
        }
    }

    /// Takes over where a batch lies on disk, unless every reader has seen it meanwhile.
    pub(super) fn spilled(&mut self, number: u64, extent: Extent) {
        let Some(index) = number.checked_sub(self.first) else { return };
        let Some(slot) = self.slots.get_mut(index as usize) else { return };
        if let Slot::Resident(batch) = slot {
            self.resident.shrink(batch.bytes() as u64);
            *slot = Slot::Spilled(Arc::new(extent));
            self.resident_from = number + 1;
        }
    }

    /// Notes that the disk takes no more.
    pub(super) fn disk_is_full(&mut self) {
        self.is_disk_full = true;
    }

    /// The next batch of a reader, if it is there.
    pub(super) fn take(&mut self, reader: usize) -> Option<Taken> {
        let cursor = self.cursors[reader]?;
        let taken = match self.slots.get((cursor - self.first) as usize)? {
            Slot::Resident(batch) => Taken::Batch(batch.clone()),
            Slot::Spilled(extent) => Taken::Spilled(extent.clone()),
        };
        self.cursors[reader] = Some(cursor + 1);
        self.trim();
        Some(taken)
    }

    /// Lets a reader go.
    pub(super) fn leave(&mut self, reader: usize) {
        self.cursors[reader] = None;
        self.trim();
    }

    /// Drops what every reader has seen.
    fn trim(&mut self) {
        let seen = self.cursors.iter().flatten().min().copied().unwrap_or(self.next_slot());
        while self.first < seen {
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
            (self.gives_way, self.is_disk_full) = (false, false);
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
    use crate::below::Below;
    use crate::budget::Budget;
    use crate::table::spill::Spill;

    #[tokio::test]
    async fn the_work_does_not_grow_with_what_waits() {
        let folder = tempfile::tempdir().unwrap();
        let below = Below::new(folder.path(), folder.path());
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
                // The other reader falls behind by all of them.
                queue.take(0).unwrap();
            }
            looks.push(queue.looks.get() - before);
        }
        assert!(looks.iter().all(|looks| *looks <= 2100), "{looks:?}");
    }
}
