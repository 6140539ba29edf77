//! Writes the ids of its input, one per line.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufWriter, Write};

use osiris_sdk::{Column, Context, Driver, Error, Input, Output, Result, Step, Summary};
use serde::Deserialize;

struct Sink;

#[derive(Deserialize)]
struct Config {
    path: String,
}

impl Driver for Sink {
    type Config = Config;

    fn run(
        _: &Context,
        step: Step<Config>,
        mut inputs: Vec<Input>,
        _: Option<Output>,
    ) -> Result<Summary> {
        let input = inputs.first_mut().ok_or_else(|| Error::config("there is no input"))?;
        // A new name in each run: this run may not write a file that a killed run left behind.
        let tag = RandomState::new().hash_one(&step.config.path);
        let part = format!("{}.{tag:016x}.part", step.config.path);
        let written = copy(input, &part)
            .and_then(|rows| Ok(std::fs::rename(&part, &step.config.path).map(|()| rows)?));
        if written.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        Ok(Summary { rows_written: Some(written?) })
    }
}

fn copy(input: &mut Input, path: &str) -> Result<u64> {
    let mut file = BufWriter::new(File::create_new(path)?);
    let mut rows = 0;
    while let Some(batch) = input.next()? {
        let Column::Int64(ids) = batch.column(0)? else {
            return Err(Error::data("the first column is not of integers"));
        };
        for id in ids.values() {
            writeln!(file, "{id}")?;
        }
        // A test that waits for the first rows must see them immediately.
        file.flush()?;
        rows += batch.rows() as u64;
    }
    file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    Ok(rows)
}

osiris_sdk::export!(Sink);
