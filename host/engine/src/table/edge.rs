//! The edge from one step to its readers: a queue bounded by bytes.
//!
//! A writer waits while its queue is full. If an output has several readers, a slow reader must not
//! stop a fast one (both can feed the same step further down), so batches that only slow readers
//! still need move to disk. The same happens if no reader takes a batch for a long time: the writer
//! can hold locks and snapshots in its data source.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use std::{fmt, io};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures_util::{Stream, StreamExt as _};
use osiris_core::budget::{Budgets, Exceeded};
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::sync::lock;
use tokio::sync::Notify;
use tokio::task::coop::consume_budget;
use tokio::time::timeout;

use super::Batch;
use super::queue::{Admission, Dequeued, Queue};
use super::spill::{Spill, SpillError};

/// Time that a writer waits for idle readers before batches move to disk.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Reason for the early end of a table: the step that writes it failed, or a batch could not be
/// read back from disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed(pub String);

/// Reason why a batch could not be sent.
#[derive(Debug)]
pub enum SendError {
    /// The spill file could not be written.
    Disk(io::Error),
    /// The spill limit of the run would be exceeded.
    Spill(Exceeded),
    /// The memory limit of the run would be exceeded.
    Memory(Exceeded),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(error) => write!(f, "cannot spill the table to disk: {error}"),
            Self::Spill(_) => f.write_str("the spill limit of the run would be exceeded"),
            Self::Memory(_) => f.write_str("the memory limit of the run would be exceeded"),
        }
    }
}

/// Creates the edge of one output, in a run without limits.
///
/// `budget` is the maximum bytes of batches in memory; a single batch always fits. Batches on disk
/// go to an anonymous file in `spill_folder`.
pub fn channel(readers: usize, budget: usize, spill_folder: ProjectDir) -> (Sender, Vec<Receiver>) {
    channel_within(&Budgets::default(), readers, budget, spill_folder)
}

/// Like [`channel`], for a run with these budgets.
pub fn channel_within(
    run: &Budgets,
    readers: usize,
    budget: usize,
    spill_folder: ProjectDir,
) -> (Sender, Vec<Receiver>) {
    channel_with_max_wait(run, readers, budget, spill_folder, MAX_WAIT)
}

fn channel_with_max_wait(
    run: &Budgets,
    readers: usize,
    budget: usize,
    spill_folder: ProjectDir,
    max_wait: Duration,
) -> (Sender, Vec<Receiver>) {
    let edge = Arc::new(Edge {
        budget,
        max_wait,
        spill: Arc::new(Spill::new(spill_folder, run.spill.clone())),
        queue: Mutex::new(Queue::new(readers, run.memory.share())),
        changed: Notify::new(),
    });
    let receivers = (0..readers).map(|index| Receiver { edge: edge.clone(), index }).collect();
    (Sender { edge }, receivers)
}

#[derive(Debug)]
struct Edge {
    budget: usize,
    max_wait: Duration,
    spill: Arc<Spill>,
    queue: Mutex<Queue>,
    changed: Notify,
}

/// The writing end. Dropping it without [`Sender::finish`] fails its readers.
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
        lock(&self.queue)
    }

    /// Waits until `poll` returns an answer, and polls again after every change.
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

impl Sender {
    /// Opens the table with `schema`, sends all batches of a stream and ends the table.
    ///
    /// # Errors
    /// Returns an error if a batch cannot be sent.
    pub async fn send_all(
        self,
        schema: SchemaRef,
        batches: impl Stream<Item = RecordBatch>,
    ) -> Result<(), SendError> {
        self.open(schema);
        let mut batches = pin!(batches);
        while let Some(batch) = batches.next().await {
            self.send(Batch::from(batch)).await?;
        }
        self.finish();
        Ok(())
    }

    /// Announces the columns. Called once, before the first batch.
    pub fn open(&self, schema: SchemaRef) {
        self.edge.lock().schema = Some(schema);
        self.edge.changed.notify_waiters();
    }

    /// Adds a batch, waiting while the readers are behind. Drops the batch if there are no readers.
    ///
    /// # Errors
    /// Returns an error if the spill file could not be written, or a limit of the run would be
    /// exceeded.
    pub async fn send(&self, batch: Batch) -> Result<(), SendError> {
        let edge = &*self.edge;
        let mut room = edge.budget;
        loop {
            let admission = edge.wait(|queue| {
                let max_wait = edge.max_wait;
                let admitted = queue.admit(&batch, room, max_wait);
                admitted.or_else(|| queue.admit(&batch, edge.budget, max_wait))
            });
            // Nothing signals the end of the maximum wait.
            let Ok(admission) = timeout(edge.max_wait, admission).await else { continue };
            match admission {
                Admission::Done => break,
                Admission::SpillOrWait(number, oldest) => match edge.spill.write(oldest).await {
                    Ok(extent) => edge.lock().spilled(number, extent),
                    Err(_) => edge.lock().disk_is_full(),
                },
                Admission::Spill(number, oldest) => {
                    let extent = edge.spill.write(oldest).await?;
                    edge.lock().spilled(number, extent);
                    // Frees space for several batches, or writer and reader would wait for each
                    // other at every batch.
                    room = edge.budget / 2;
                    consume_budget().await;
                }
                Admission::Refused(exceeded) => return Err(SendError::Memory(exceeded)),
            }
        }
        edge.changed.notify_waiters();
        Ok(())
    }

    /// Ends the table successfully.
    pub fn finish(self) {
        self.edge.close(Ok(()));
    }

    /// Fails the table: every reader gets `why` as an error.
    pub fn fail(self, reason: impl Into<String>) {
        self.edge.close(Err(Closed(reason.into())));
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.edge.close(Err(Closed("the step that writes this table stopped".into())));
    }
}

impl From<SpillError> for SendError {
    fn from(error: SpillError) -> Self {
        match error {
            SpillError::Io(error) => Self::Disk(error),
            SpillError::Exceeded(exceeded) => Self::Spill(exceeded),
        }
    }
}

impl Receiver {
    /// Waits for the writer to announce the columns and returns them.
    ///
    /// # Errors
    /// Returns an error if the writer failed first, or ended the table without opening it.
    pub async fn schema(&self) -> Result<SchemaRef, Closed> {
        self.edge
            .wait(|queue| match (&queue.schema, &queue.end) {
                (Some(schema), _) => Some(Ok(schema.clone())),
                (None, Some(Err(closed))) => Some(Err(closed.clone())),
                (None, Some(Ok(()))) => Some(Err(Closed("the table was never opened".into()))),
                (None, None) => None,
            })
            .await
    }

    /// Waits for the next batch. Returns `None` at the end of the table.
    ///
    /// # Errors
    /// Returns an error if the writer failed, even if there are batches left to read, or if a batch
    /// could not be read back from disk.
    pub async fn next(&mut self) -> Result<Option<Batch>, Closed> {
        let index = self.index;
        let dequeued = self
            .edge
            .wait(|queue| match &queue.end {
                Some(Err(closed)) => Some(Err(closed.clone())),
                end => {
                    let is_ended = end.is_some();
                    match queue.take(index) {
                        Some(dequeued) => Some(Ok(Some(dequeued))),
                        None if is_ended => Some(Ok(None)),
                        None => None,
                    }
                }
            })
            .await;
        self.edge.changed.notify_waiters();
        match dequeued? {
            None => Ok(None),
            Some(Dequeued::Batch(batch)) => Ok(Some(batch)),
            Some(Dequeued::Spilled(extent)) => extent
                .read()
                .await
                .map(Some)
                .map_err(|error| Closed(format!("cannot read a batch back from disk: {error}"))),
        }
    }

    /// Returns the batches of the table as a stream, which ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<RecordBatch, Closed>> + Send {
        futures_util::stream::unfold(Some(self), |reader| async {
            let mut reader = reader?;
            match reader.next().await {
                Ok(Some(batch)) => Some((Ok(batch.record().clone()), Some(reader))),
                Ok(None) => None,
                Err(closed) => Some((Err(closed), None)),
            }
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.edge.lock().leave(self.index);
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
    use osiris_core::budget::Budget;

    fn below(folder: &Path) -> ProjectDir {
        ProjectDir::new(folder, Path::new(""))
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
    async fn writer_waits_for_its_only_reader() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut receivers) = channel(1, 3000, below(folder.path()));
        sender.open(batch(0).record().schema());
        sender.send(batch(0)).await.unwrap();
        let blocked = timeout(Duration::from_millis(20), sender.send(batch(1)));
        assert!(blocked.await.is_err(), "two batches are over the budget");
        let reading = tokio::spawn(drain(receivers.remove(0)));
        for value in 1..10 {
            sender.send(batch(value)).await.unwrap();
        }
        sender.finish();
        assert_eq!(reading.await.unwrap(), (0..10).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn writer_spills_to_disk_after_a_long_wait() {
        let folder = tempfile::tempdir().unwrap();
        for limit in [u64::MAX, 16 << 10] {
            let run = Budgets { spill: Budget::new(limit), ..Budgets::default() };
            let max_wait = Duration::from_millis(20);
            let (sender, mut receivers) =
                channel_with_max_wait(&run, 1, 3000, below(folder.path()), max_wait);
            let reader = receivers.remove(0);
            let send = async {
                for value in 0..50 {
                    sender.send(batch(value)).await.unwrap();
                }
                sender.finish();
            };
            // The reader does not read yet. If the disk is small, the writer still has to wait.
            let sent = timeout(Duration::from_millis(500), send).await.is_ok();
            assert_eq!(sent, limit == u64::MAX);
            if sent {
                assert_eq!(drain(reader).await, (0..50).collect::<Vec<_>>());
            }
        }
    }

    #[tokio::test]
    async fn slow_reader_gets_everything_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut receivers) = channel(2, 3000, below(folder.path()));
        let slow = receivers.pop().unwrap();
        let fast = tokio::spawn(drain(receivers.pop().unwrap()));
        for value in 0..50 {
            sender.send(batch(value)).await.unwrap();
        }
        assert!(sender.edge.lock().resident() <= 3000);
        sender.finish();
        assert_eq!(fast.await.unwrap(), (0..50).collect::<Vec<_>>());
        assert_eq!(drain(slow).await, (0..50).collect::<Vec<_>>());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
    }

    #[tokio::test]
    async fn dropped_writer_fails_its_readers() {
        let (sender, mut receivers) = channel(1, 3000, below(&std::env::temp_dir()));
        sender.send(batch(0)).await.unwrap();
        drop(sender);
        assert!(receivers[0].next().await.is_err());
        assert!(receivers[0].schema().await.is_err());
    }

    #[tokio::test]
    async fn batches_without_readers_are_dropped() {
        let (sender, receivers) = channel(1, 10, below(&std::env::temp_dir()));
        drop(receivers);
        for value in 0..10 {
            sender.send(batch(value)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn spill_stays_within_budget_and_frees_read_batches() {
        let folder = tempfile::tempdir().unwrap();
        let run = Budgets { spill: Budget::new(64 << 10), ..Budgets::default() };
        let (sender, mut receivers) = channel_within(&run, 2, 3000, below(folder.path()));
        let (mut slow, mut fast) = (receivers.pop().unwrap(), receivers.pop().unwrap());
        for number in 0..200 {
            // A batch takes a block of 4 KiB, so the disk cannot hold all of them.
            sender.send(batch(number)).await.unwrap();
            assert_eq!(value(&fast.next().await.unwrap().unwrap()), number);
            if let Some(behind) = number.checked_sub(10).filter(|behind| *behind >= 0) {
                assert_eq!(value(&slow.next().await.unwrap().unwrap()), behind);
            }
            assert!(run.spill.used() <= 64 << 10);
        }
        let mut error = None;
        while error.is_none() {
            error = sender.send(batch(0)).await.err();
            // The reader is starving, so the writer never waits.
            while let Ok(Ok(Some(_))) = timeout(Duration::ZERO, fast.next()).await {}
        }
        assert!(matches!(error, Some(SendError::Spill(_))), "{error:?}");
        drop((sender, slow, fast));
        assert_eq!((run.spill.used(), run.memory.used()), (0, 0));
    }

    #[tokio::test]
    async fn waiting_batches_count_as_run_memory() {
        let folder = tempfile::tempdir().unwrap();
        let run = Budgets { memory: Budget::new(3000), ..Budgets::default() };
        let (sender, _receivers) = channel_within(&run, 1, 1 << 20, below(folder.path()));
        sender.send(batch(0)).await.unwrap();
        let result = sender.send(batch(1)).await;
        assert!(matches!(result, Err(SendError::Memory(_))), "{result:?}");
    }

    #[tokio::test]
    async fn batches_on_disk_share_their_schema() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut receivers) = channel(2, 0, below(folder.path()));
        let (mut slow, mut fast) = (receivers.pop().unwrap(), receivers.pop().unwrap());
        let schema = batch(0).record().schema();
        let columns = batch(0).record().columns().to_vec();
        for _ in 0..3 {
            let record = RecordBatch::try_new(schema.clone(), columns.clone()).unwrap();
            sender.send(record.into()).await.unwrap();
            fast.next().await.unwrap().unwrap();
        }
        for _ in 0..3 {
            let arrived = slow.next().await.unwrap().unwrap();
            assert!(Arc::ptr_eq(&arrived.record().schema(), &schema));
        }
    }
}
