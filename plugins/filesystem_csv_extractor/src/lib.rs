//! The driver `filesystem.csv_extractor`: reads a CSV file into a table.
//!
//! The file is read twice, as a stream: once to find the types of the columns
//! from all of their values, once to read them. Memory stays the same whatever
//! the size of the file.
//!
//! ```text
//! source -> decompress -> text (UTF-8) -> split (blocks of rows) -> infer -> plan
//!                                                                -> fill  -> output
//! ```

mod config;
mod decompress;
mod discover;
mod dtype;
mod extract;
mod fault;
mod fill;
mod footer;
mod header;
mod infer;
mod lines;
mod misfit;
mod names;
mod nulls;
mod options;
mod parse;
mod plan;
mod rejects;
mod source;
mod split;
mod text;

use std::time::Duration;

use osiris_sdk::{Context, Dataset, Driver, Error, Health, Input, Output, Result, Step, Summary};

pub use crate::config::{
    Config, EncodingErrors, FloatMode, Header, NaValues, Nul, ParseDates, RaggedRows, Trim, Types,
};

/// The driver.
#[derive(Debug)]
pub struct CsvExtractor;

impl Driver for CsvExtractor {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        _inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut output =
            output.ok_or_else(|| Error::config("filesystem.csv_extractor runs in mode extract"))?;
        let options = options::Options::new(&step.config)?;
        let source = source::Source::find(&step.config)?;
        let rejects = options.rejects.as_deref();
        let rejects = rejects.map(rejects::Rejects::create).transpose()?;
        let plan = plan::Plan::new(ctx, &source, &options)?;
        if plan.columns.is_empty() {
            ctx.warn(format!("{} is empty: a table without columns", source.path));
        }
        extract::extract(ctx, &source, &options, &plan, rejects, &mut output)?;
        Ok(Summary::default())
    }

    fn discover(ctx: &Context, config: Config) -> Result<Vec<Dataset>> {
        discover::discover(ctx, &config)
    }

    fn doctor(_ctx: &Context, connection: serde_json::Value, _timeout: Duration) -> Health {
        discover::doctor(&connection)
    }
}

osiris_sdk::export!(CsvExtractor);
