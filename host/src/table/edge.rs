//! The edge from one step to its readers: a queue that is bounded by bytes.
//!
//! A writer waits while its queue is full. Where an output has several readers,
//! a slow one must not stop a fast one (they may meet again further down), so
//! what only the slow ones still need moves to disk.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use tokio::sync::Notify;

use super::Batch;
use super::spill::{Extent, Spill};
use crate::below::Below;

/// Why a table ended early: the step that writes it failed, or the disk did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed(pub String);

/// Makes the edge of one output.
///
/// `budget` is how many bytes of batches wait in memory; one batch always fits.
/// Spilled batches go to a nameless file in `spill_folder`.
pub fn channel(readers: usize, budget: usize, spill_folder: Below) -> (Sender, Vec<Receiver>) {
    let queue = Queue {
        schema: None,
        slots: VecDeque::new(),
        first: 0,
        cursors: vec![Some(0); readers],
        resident: 0,
        end: None,
        spill: None,
    };
    let edge =
        Arc::new(Edge { budget, spill_folder, queue: Mutex::new(queue), changed: Notify::new() });
    let receivers = (0..readers).map(|index| Receiver { edge: edge.clone(), index }).collect();
    (Sender { edge }, receivers)
}

#[derive(Debug)]
struct Edge {
    budget: usize,
    spill_folder: Below,
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug)]
struct Queue {
    schema: Option<SchemaRef>,
    slots: VecDeque<Slot>,
    /// The number of the first slot, counted from the start of the table.
    first: u64,
    /// The next slot of each reader; `None` for one that has left.
    cursors: Vec<Option<u64>>,
    /// Bytes of the slots in memory.
    resident: usize,
    end: Option<Result<(), Closed>>,
    spill: Option<Spill>,
}

#[derive(Debug)]
enum Slot {
    Resident(Batch),
    Spilled(Extent),
}

/// The writing end. Dropped without [`Sender::finish`], it fails its readers.
#[derive(Debug)]
pub struct Sender {
    edge: Arc<Edge>,
}

/// A reading end.
#[derive(Debug)]
pub struct Receiver {
    edge: Arc<Edge>,
    index: usize,
}

impl Edge {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `poll` has an answer, asking again after every change.
    async fn wait<T>(&self, mut poll: impl FnMut(&mut Queue) -> Option<T>) -> T {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(answer) = poll(&mut self.lock()) {
                return answer;
            }
            changed.await;
        }
    }

    fn close(&self, end: Result<(), Closed>) {
        self.lock().end.get_or_insert(end);
        self.changed.notify_waiters();
    }
}

impl Queue {
    fn next_slot(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    /// Makes room for `bytes`, or answers that the writer has to wait.
    fn make_room(&mut self, bytes: usize, edge: &Edge) -> io::Result<bool> {
        let starving = self.cursors.contains(&Some(self.next_slot()));
        for index in 0..self.slots.len() {
            if self.resident + bytes <= edge.budget {
                break;
            }
            let Slot::Resident(batch) = &self.slots[index] else { continue };
            if !starving {
                return Ok(false);
            }
            let spill = match &mut self.spill {
                Some(spill) => spill,
                none => none.insert(Spill::create(&edge.spill_folder)?),
            };
            let (extent, freed) = (spill.write(batch)?, batch.bytes());
            self.slots[index] = Slot::Spilled(extent);
            self.resident -= freed;
        }
        Ok(true)
    }

    fn take(&mut self, reader: usize) -> Option<io::Result<Batch>> {
        let cursor = self.cursors[reader]?;
        let slot = self.slots.get((cursor - self.first) as usize)?;
        let batch = match (slot, &mut self.spill) {
            (Slot::Resident(batch), _) => Ok(batch.clone()),
            (Slot::Spilled(extent), Some(spill)) => spill.read(*extent),
            (Slot::Spilled(_), None) => Err(io::ErrorKind::NotFound.into()),
        };
        self.cursors[reader] = Some(cursor + 1);
        self.trim();
        Some(batch)
    }

    /// Drops what every reader has seen.
    fn trim(&mut self) {
        let seen = self.cursors.iter().flatten().min().copied().unwrap_or(self.next_slot());
        while self.first < seen {
            if let Some(Slot::Resident(batch)) = self.slots.pop_front() {
                self.resident -= batch.bytes();
            }
            self.first += 1;
        }
    }
}

impl Sender {
    /// Announces the columns; once, before the first batch.
    pub fn open(&self, schema: SchemaRef) {
        self.edge.lock().schema = Some(schema);
        self.edge.changed.notify_waiters();
    }

    /// Adds a batch, waiting while the readers are behind. Without readers the
    /// batch is dropped.
    ///
    /// # Errors
    /// The spill file could not be written.
    pub async fn send(&self, batch: Batch) -> io::Result<()> {
        let edge = &*self.edge;
        edge.wait(|queue| {
            if queue.cursors.iter().all(Option::is_none) {
                return Some(Ok(()));
            }
            match queue.make_room(batch.bytes(), edge) {
                Ok(false) => None,
                Ok(true) => {
                    queue.resident += batch.bytes();
                    queue.slots.push_back(Slot::Resident(batch.clone()));
                    Some(Ok(()))
                }
                Err(error) => Some(Err(error)),
            }
        })
        .await?;
        edge.changed.notify_waiters();
        Ok(())
    }

    /// Ends the table well.
    pub fn finish(self) {
        self.edge.close(Ok(()));
    }

    /// Ends the table badly: every reader learns that `why`.
    pub fn fail(self, why: impl Into<String>) {
        self.edge.close(Err(Closed(why.into())));
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.edge.close(Err(Closed("the step that writes this table stopped".into())));
    }
}

impl Receiver {
    /// The columns; waits until the writer has named them.
    ///
    /// # Errors
    /// The writer failed before it did.
    pub async fn schema(&self) -> Result<SchemaRef, Closed> {
        self.edge
            .wait(|queue| match (&queue.schema, &queue.end) {
                (Some(schema), _) => Some(Ok(schema.clone())),
                (None, Some(Err(closed))) => Some(Err(closed.clone())),
                (None, Some(Ok(()))) => Some(Err(Closed("its table was never opened".into()))),
                (None, None) => None,
            })
            .await
    }

    /// The next batch, or none at the end.
    ///
    /// # Errors
    /// The writer failed. That is told at once, before the batches that wait.
    pub async fn next(&mut self) -> Result<Option<Batch>, Closed> {
        let index = self.index;
        let batch = self
            .edge
            .wait(|queue| match &queue.end {
                Some(Err(closed)) => Some(Err(closed.clone())),
                end => {
                    let ended = end.is_some();
                    match queue.take(index) {
                        Some(batch) => Some(batch.map(Some).map_err(|error| {
                            Closed(format!("a batch could not be read back from disk: {error}"))
                        })),
                        None if ended => Some(Ok(None)),
                        None => None,
                    }
                }
            })
            .await;
        self.edge.changed.notify_waiters();
        batch
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut queue = self.edge.lock();
        queue.cursors[self.index] = None;
        queue.trim();
        drop(queue);
        self.edge.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use arrow::array::{Int64Array, RecordBatch};
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    fn below(folder: &Path) -> Below {
        Below::new(folder, Path::new(""))
    }

    fn batch(value: i64) -> Batch {
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
        let column = Int64Array::from(vec![value; 100]);
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(column)]).unwrap().into()
    }

    fn value(batch: &Batch) -> i64 {
        batch.record().column(0).as_any().downcast_ref::<Int64Array>().unwrap().value(0)
    }

    async fn drain(mut receiver: Receiver) -> Vec<i64> {
        let mut values = Vec::new();
        while let Some(batch) = receiver.next().await.unwrap() {
            values.push(value(&batch));
        }
        values
    }

    #[tokio::test]
    async fn a_writer_waits_for_its_only_reader() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut receivers) = channel(1, 3000, below(folder.path()));
        sender.open(batch(0).record().schema());
        sender.send(batch(0)).await.unwrap();
        let blocked =
            tokio::time::timeout(std::time::Duration::from_millis(20), sender.send(batch(1)));
        assert!(blocked.await.is_err(), "two batches are over the budget");
        let reading = tokio::spawn(drain(receivers.remove(0)));
        for value in 1..10 {
            sender.send(batch(value)).await.unwrap();
        }
        sender.finish();
        assert_eq!(reading.await.unwrap(), (0..10).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_slow_reader_gets_everything_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut receivers) = channel(2, 3000, below(folder.path()));
        let slow = receivers.pop().unwrap();
        let fast = tokio::spawn(drain(receivers.pop().unwrap()));
        for value in 0..50 {
            sender.send(batch(value)).await.unwrap();
        }
        assert!(sender.edge.lock().resident <= 3000);
        sender.finish();
        assert_eq!(fast.await.unwrap(), (0..50).collect::<Vec<_>>());
        assert_eq!(drain(slow).await, (0..50).collect::<Vec<_>>());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
    }

    #[tokio::test]
    async fn a_dropped_writer_fails_its_readers() {
        let (sender, mut receivers) = channel(1, 3000, below(&std::env::temp_dir()));
        sender.send(batch(0)).await.unwrap();
        drop(sender);
        assert!(receivers[0].next().await.is_err());
        assert!(receivers[0].schema().await.is_err());
    }

    #[tokio::test]
    async fn without_readers_batches_are_dropped() {
        let (sender, receivers) = channel(1, 10, below(&std::env::temp_dir()));
        drop(receivers);
        for value in 0..10 {
            sender.send(batch(value)).await.unwrap();
        }
    }
}
