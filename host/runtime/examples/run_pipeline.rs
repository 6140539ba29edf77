//! Runs a pipeline of a project inside this program. With a step, prints the rows of its table.
//!
//! ```sh
//! run_pipeline . pipelines/hello.yaml read-planets
//! ```

use std::error::Error;

use futures_util::StreamExt as _;
use osiris_runtime::Workspace;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [project, pipeline, step @ ..] = arguments.as_slice() else {
        return Err("usage: run_pipeline <PROJECT> <PIPELINE> [STEP]".into());
    };

    let mut run = Workspace::open(project)?.pipeline(pipeline);
    let tables: Vec<_> = step.iter().map(|step| run.output(step).into_stream()).collect();
    let read = async {
        let mut batches = Box::pin(futures_util::stream::iter(tables).flatten());
        while let Some(Ok(batch)) = batches.next().await {
            println!("{} rows of {} columns", batch.num_rows(), batch.num_columns());
        }
    };
    let (report, ()) = tokio::join!(run.run(), read);
    let status = report?.status;
    println!("{}: {} rows written", status.status.as_str(), status.rows_written);
    Ok(())
}
