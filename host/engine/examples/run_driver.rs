//! Runs one driver and prints the rows of its table.
//!
//! ```sh
//! run_driver drivers/filesystem.csv_extractor.wasm . '{"path": "data/planets.csv"}'
//! ```

use std::error::Error;
use std::path::Path;

use futures_util::StreamExt as _;
use osiris_core::contract::Mode;
use osiris_core::fs::project_dir::ProjectDir;
use osiris_engine::table::channel;
use osiris_engine::{CallContext, Engine, RunRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [driver, base, config] = arguments.as_slice() else {
        return Err("usage: run_driver <DRIVER> <BASE> <CONFIG>".into());
    };
    let (base, config) = (Path::new(base), serde_json::from_str(config)?);

    let engine = Engine::new()?;
    let driver = engine.load(Path::new(driver))?;
    let (output, mut readers) = channel(1, 2 << 20, ProjectDir::new(base, Path::new("spill")));
    let call = CallContext::new(&driver.spec, &config, base);
    let request = RunRequest::new(Mode::Extract, &config).output(output);
    let mut batches = Box::pin(readers.remove(0).into_stream());
    let read = async {
        let mut rows = 0;
        while let Some(Ok(batch)) = batches.next().await {
            rows += batch.num_rows();
        }
        rows
    };
    let (outcome, rows) = tokio::join!(driver.run(&engine, call, request), read);
    outcome.result.map_err(|error| error.message)?;
    println!("{rows} rows");
    Ok(())
}
