//! Sends batches through a driver: the input comes from a spill file, the output goes to one
//! reader that keeps up and one that has fallen behind.

use std::cell::OnceCell;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use osiris_core::budget::Budgets;
use osiris_core::contract::Mode;
use osiris_core::driver::DriverFile;
use osiris_core::driver::limits::Limits;
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::redact::Redactor;
use osiris_core::telemetry::{Level, Number};
use osiris_engine::grants::Grants;
use osiris_engine::sink::CallObserver;
use osiris_engine::table::{Batch, Closed, Receiver, Sender, channel};
use osiris_engine::{CallContext, Driver, Engine, EngineConfig, RunRequest};
use osiris_tests::built;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

thread_local! {
    /// Each test has its own thread.
    static PLACE: OnceCell<Place> = const { OnceCell::new() };
}

/// An engine with one driver, and a working directory.
pub(crate) struct Place {
    engine: Engine,
    driver: Driver,
    folder: TempDir,
    runtime: Runtime,
}

/// The schema and batches that a reader received.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
}

/// Returns whether exactly these batches have arrived.
pub(crate) fn arrived(got: &Got, batches: &[RecordBatch]) -> bool {
    got.batches == batches
}

/// A handle to the place of this thread.
pub(crate) struct Here(&'static str);

impl Place {
    /// Returns the handle for this driver.
    pub(crate) fn of(driver: &'static str) -> Here {
        Here(driver)
    }

    fn new(driver: &str) -> Self {
        let setup = EngineConfig { cache: Some(built::cache()), ..EngineConfig::default() };
        let engine = Engine::with_config(&setup).unwrap();
        let path = built::test_driver(driver);
        let (file, bytes) = (DriverFile::read(&path).unwrap(), DriverFile::bytes(&path).unwrap());
        let sha256 = file.sha256().unwrap().to_owned();
        let driver = engine.load(&file, &bytes, sha256, || {}).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { engine, driver, folder: tempfile::tempdir().unwrap(), runtime }
    }

    async fn run(&self, batches: &[RecordBatch], config: &str) -> [Got; 2] {
        let schema = batches[0].schema();
        let (sender, mut readers) = self.edge();
        let (behind, in_time) = (readers.remove(1), readers.remove(0));
        // Makes the driver's input fall behind before the driver starts.
        let feeding = feed(sender, schema.clone(), batches);
        let (fed, ()) = tokio::join!(drain(in_time), feeding);
        assert_eq!(fed.unwrap().batches, batches, "as it was sent");
        let (output, mut readers) = self.edge();
        let (late, in_time) = (readers.remove(1), readers.remove(0));
        let spec = &self.driver.spec;
        let call = CallContext {
            grants: Grants::new(spec, &Value::Null, self.folder.path(), None),
            limits: Limits::default(),
            budgets: Budgets::default(),
            sink: Arc::new(Silent(Redactor::default())),
            cancel: CancellationToken::new(),
            saved_state: None,
        };
        let step = RunRequest {
            id: "pass".to_owned(),
            mode: Mode::Transform,
            config: config.to_owned(),
            inputs: vec![("df".to_owned(), behind)],
            output: Some(output),
            share: None,
        };
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

impl Here {
    /// Sends batches of one schema through the driver and returns the output of both readers.
    pub(crate) fn pass(self, batches: &[RecordBatch], config: &str) -> [Got; 2] {
        PLACE.with(|place| {
            let place = place.get_or_init(|| Place::new(self.0));
            assert_eq!(place.driver.spec.name, self.0, "a test uses one driver");
            place.runtime.block_on(place.run(batches, config))
        })
    }
}

async fn feed(sender: Sender, schema: SchemaRef, batches: &[RecordBatch]) {
    sender.open(schema);
    for batch in batches {
        sender.send(Batch::from(batch.clone())).await.unwrap();
    }
    sender.finish();
}

async fn drain(mut reader: Receiver) -> Result<Got, Closed> {
    let schema = reader.schema().await?;
    let mut batches = Vec::new();
    while let Some(batch) = reader.next().await? {
        batches.push(batch.record().clone());
    }
    Ok(Got { schema, batches })
}

/// Ignores all telemetry.
struct Silent(Redactor);

impl CallObserver for Silent {
    fn redactor(&self) -> &Redactor {
        &self.0
    }
    fn log(&self, _: Level, _: &str) {}
    fn metric(&self, _: &str, _: Number, _: &str, _: Vec<(String, String)>) {}
    fn event(&self, _: &str, _: Map<String, Value>) {}
    fn progress(&self, _: u64, _: Option<u64>) {}
    fn rows(&self, _: u64, _: u64) {}
}
