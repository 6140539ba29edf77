//! Pipelines that run inside a program.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use futures_util::{StreamExt as _, stream};
use osiris_core::contract::ErrorKind;
use osiris_engine::EngineConfig;
use osiris_runtime::session::{RunStatus, history};
use osiris_runtime::{PipelineRun, Workspace};
use osiris_tests::wait::wait_for;
use osiris_tests::{TestProject, built};
use tokio_util::sync::CancellationToken;

const PIPELINE: &str = "\
oml_version: 0.1.0
name: embedded
params: {rows: 3, then: end}
steps:
  - {id: read, component: test.source, mode: read, config: {rows: '${params.rows}', then: '${params.then}'}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

/// Returns a project with the pipeline and its drivers, and a run of the pipeline.
fn fixture() -> (TestProject, PipelineRun) {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE);
    for name in ["test.source", "test.sink"] {
        let driver = fs::read(built::test_driver(name)).unwrap();
        project.write(Path::new("drivers").join(format!("{name}.wasm")), driver);
    }
    let engine = EngineConfig { cache: Some(built::cache()), ..EngineConfig::default() };
    let run = Workspace::open(project.root()).unwrap().pipeline("pipeline.yaml").engine(engine);
    (project, run)
}

fn table() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![7, 8]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    RecordBatch::try_from_iter([("id", ids), ("text", texts)]).unwrap()
}

#[tokio::test]
async fn run_leaves_outputs_and_a_session() {
    let (project, run) = fixture();
    let report = run.param("rows", "5").run().await.unwrap();
    assert_eq!(report.status.status, RunStatus::Success, "{:?}", report.status.error);
    assert_eq!(report.status.rows_written, 5);
    assert_eq!(project.read("ids.txt"), "0\n1\n2\n3\n4\n");
    assert!(report.session.join("status.json").is_file());
}

#[tokio::test]
async fn program_receives_a_copy_of_a_table() {
    let (project, mut run) = fixture();
    let rows = run.output("read").into_stream();
    let (report, batches) = tokio::join!(run.run(), rows.collect::<Vec<_>>());
    assert_eq!(report.unwrap().status.status, RunStatus::Success);
    let rows: usize = batches.iter().map(|batch| batch.as_ref().unwrap().num_rows()).sum();
    assert_eq!(rows, 3);
    assert_eq!(project.read("ids.txt"), "0\n1\n2\n");
}

#[tokio::test]
async fn program_provides_the_table_of_a_step() {
    let (project, mut run) = fixture();
    let (sender, copy) = (run.input("read"), run.output("read").into_stream());
    let send = sender.send_all(table().schema(), stream::iter([table(), table()]));
    let (report, sent, batches) = tokio::join!(run.run(), send, copy.collect::<Vec<_>>());
    sent.unwrap();
    let status = report.unwrap().status;
    assert_eq!(status.status, RunStatus::Success, "{:?}", status.error);
    assert_eq!((status.rows_read, status.rows_written), (4, 4));
    assert_eq!(batches, [Ok(table()), Ok(table())]);
    assert_eq!(project.read("ids.txt"), "7\n8\n7\n8\n");
}

/// A table that ends early must not look whole.
#[tokio::test]
async fn provided_table_that_fails_fails_the_run() {
    let (project, mut run) = fixture();
    let sender = run.input("read");
    sender.open(table().schema());
    let fail = async { sender.fail("the queue is gone") };
    let (report, ()) = tokio::join!(run.run(), fail);
    let status = report.unwrap().status;
    let error = status.error.unwrap();
    assert_eq!((status.status, error.kind), (RunStatus::Failed, ErrorKind::Data));
    assert!(error.message.contains("the queue is gone"), "{}", error.message);
    assert!(!project.exists("ids.txt"));
}

#[tokio::test]
async fn dropped_receiver_does_not_stop_the_step() {
    let (project, mut run) = fixture();
    drop(run.output("read"));
    assert_eq!(run.run().await.unwrap().status.status, RunStatus::Success);
    assert_eq!(project.read("ids.txt"), "0\n1\n2\n");
}

#[tokio::test]
async fn tables_of_steps_without_them_are_refused() {
    let (_project, mut run) = fixture();
    let _sender = run.input("write");
    let error = run.run().await.unwrap_err().to_string();
    assert!(error.contains("step `write` cannot take a table"), "{error}");
    let (_project, mut run) = fixture();
    let _receiver = run.output("nope");
    let error = run.run().await.unwrap_err().to_string();
    assert!(error.contains("the pipeline has no step `nope`"), "{error}");
}

#[tokio::test]
async fn cancelled_run_writes_nothing() {
    let (project, run) = fixture();
    let token = CancellationToken::new();
    let run = run.param("then", "hold").cancel(token.clone());
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        token.cancel();
    };
    let (report, ()) = tokio::join!(run.run(), cancel);
    assert_eq!(report.unwrap().status.status, RunStatus::Cancelled);
    assert!(!project.exists("ids.txt"));
}

/// A program that loses interest must not leave a run behind.
#[tokio::test]
async fn dropped_future_cancels_the_run() {
    let (project, run) = fixture();
    let logs = project.path("logs");
    let status = || {
        let session = history::list(&logs).unwrap().pop();
        session.and_then(|session| session.status.ok()).map(|status| status.status)
    };
    let begin = async {
        while status() != Some(RunStatus::Running) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // The run holds, so that only its beginning ends the wait.
    tokio::select! {
        report = run.param("then", "hold").run() => panic!("{report:?}"),
        () = begin => {}
    }
    wait_for("the end of the run", Duration::from_secs(60), || {
        (status() == Some(RunStatus::Cancelled)).then_some(())
    });
    assert!(!project.exists("ids.txt"));
}

/// One token can stop all of a program, which goes on after a run.
#[tokio::test]
async fn end_of_a_run_does_not_cancel_the_token_of_the_program() {
    let (_project, run) = fixture();
    let token = CancellationToken::new();
    assert_eq!(run.cancel(token.clone()).run().await.unwrap().status.status, RunStatus::Success);
    assert!(!token.is_cancelled());
}

/// Landlock restricts the threads of the run and nothing else.
#[tokio::test]
async fn program_stays_unrestricted() {
    let (project, run) = fixture();
    assert_eq!(run.run().await.unwrap().status.status, RunStatus::Success);
    fs::write(project.outside().join("free"), "").unwrap();
}

#[tokio::test]
async fn invalid_pipeline_is_an_error() {
    let (project, run) = fixture();
    project.write("pipeline.yaml", "steps: 1");
    assert!(run.run().await.is_err());
}
