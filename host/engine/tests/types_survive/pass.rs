//! Sends batches through a driver: the input comes from a spill file, the output goes to one
//! reader that keeps up and one that has fallen behind.

use std::cell::OnceCell;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures_util::{TryStreamExt as _, stream};
use osiris_core::contract::Mode;
use osiris_core::fs::project_dir::ProjectDir;
use osiris_engine::table::{Closed, Receiver, Sender, channel};
use osiris_engine::{CallContext, Driver, Engine, EngineConfig, RunRequest};
use osiris_tests::built;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

thread_local! {
    /// Each test has its own thread.
    static FIXTURE: OnceCell<Fixture> = const { OnceCell::new() };
}

/// An engine with one driver, and a working directory.
pub(crate) struct Fixture {
    engine: Engine,
    driver: Driver,
    folder: TempDir,
    runtime: Runtime,
}

/// The schema and batches that a reader received.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
}

/// Returns whether exactly these batches have arrived.
pub(crate) fn arrived(output: &Output, batches: &[RecordBatch]) -> bool {
    output.batches == batches
}

/// A handle to the fixture of this thread.
pub(crate) struct FixtureHandle(&'static str);

impl Fixture {
    /// Returns the handle for this driver.
    pub(crate) fn of(driver: &'static str) -> FixtureHandle {
        FixtureHandle(driver)
    }

    fn new(driver: &str) -> Self {
        let setup = EngineConfig { cache: Some(built::cache()), ..EngineConfig::default() };
        let engine = Engine::with_config(&setup).unwrap();
        let driver = engine.load(&built::test_driver(driver)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { engine, driver, folder: tempfile::tempdir().unwrap(), runtime }
    }

    async fn run(&self, batches: &[RecordBatch], config: &str) -> [Output; 2] {
        let schema = batches[0].schema();
        let (sender, mut readers) = self.edge();
        let (behind, in_time) = (readers.remove(1), readers.remove(0));
        // Makes the driver's input fall behind before the driver starts.
        let feeding = feed(sender, schema.clone(), batches);
        let (fed, ()) = tokio::join!(drain(in_time), feeding);
        assert_eq!(fed.unwrap().batches, batches, "as it was sent");
        let (output, mut readers) = self.edge();
        let (late, in_time) = (readers.remove(1), readers.remove(0));
        let call = CallContext::new(&self.driver.spec, &Value::Null, self.folder.path());
        let config = serde_json::from_str(config).unwrap();
        let step = RunRequest::new(Mode::Transform, &config).input("df", behind).output(output);
        let (first, report) =
            tokio::join!(drain(in_time), self.driver.run(&self.engine, call, step));
        report.result.unwrap();
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!((report.rows_read, report.rows_written), (rows as u64, rows as u64));
        [first.unwrap(), drain(late).await.unwrap()]
    }

    /// Creates an edge with two readers. A reader that falls behind reads from disk.
    fn edge(&self) -> (Sender, Vec<Receiver>) {
        channel(2, 0, ProjectDir::new(self.folder.path(), self.folder.path()))
    }
}

impl FixtureHandle {
    /// Sends batches of one schema through the driver and returns the output of both readers.
    pub(crate) fn pass(self, batches: &[RecordBatch], config: &str) -> [Output; 2] {
        FIXTURE.with(|fixture| {
            let fixture = fixture.get_or_init(|| Fixture::new(self.0));
            assert_eq!(fixture.driver.spec.name, self.0, "a test uses one driver");
            fixture.runtime.block_on(fixture.run(batches, config))
        })
    }
}

async fn feed(sender: Sender, schema: SchemaRef, batches: &[RecordBatch]) {
    sender.send_all(schema, stream::iter(batches.to_vec())).await.unwrap();
}

async fn drain(reader: Receiver) -> Result<Output, Closed> {
    let schema = reader.schema().await?;
    let batches = reader.into_stream().try_collect().await?;
    Ok(Output { schema, batches })
}
