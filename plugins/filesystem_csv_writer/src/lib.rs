//! The driver `filesystem.csv_writer`: writes a table to a CSV file.
//!
//! The file appears at the end, whole, or not at all. Each value is written so
//! that the CSV extractor reads it back as it was; a missing value is an empty
//! field, an empty text is `""`.

mod append;
mod buffer;
mod cells;
mod clock;
mod compress;
mod config;
mod decimal;
mod encode;
mod format;
mod json;
mod lines;
mod plain;

use std::io::Write;
use std::path::Path;

use csv_common::{AtomicFile, unwritable};
use osiris_sdk::{Context, Driver, Input, Output, Result, Step, Summary};

use crate::compress::Compressor;
pub use crate::config::{Config, Newline, Quoting};
use crate::lines::Lines;

/// The driver.
#[derive(Debug)]
pub struct CsvWriter;

impl Driver for CsvWriter {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        inputs: Vec<Input>,
        _output: Option<Output>,
    ) -> Result<Summary> {
        let config = &step.config;
        let mut input = Input::only(inputs)?;
        let path = Path::new(&config.path);
        let mut lines = Lines::new(config, input.schema()?)?;
        let (target, file) = AtomicFile::create("path", path, config.create_dirs)?;
        let mut file = Compressor::new(file, config.compression, path)?;
        lines.text.put(encode::mark(config.encoding));
        if config.header {
            lines.header()?;
        }
        if config.append {
            let head = encode::encode(config.encoding, lines.text.as_bytes());
            let newline = encode::encode(config.encoding, lines.newline());
            if append::copy(config, &head, &newline, &mut file)? {
                lines.text.truncate(0);
            }
        }
        let mut write = |text: &[u8]| {
            let bytes = encode::encode(config.encoding, text);
            file.write_all(&bytes).map_err(|error| unwritable(path, &error))
        };
        while let Some(batch) = input.next()? {
            lines.batch(&batch, &mut write)?;
            ctx.progress(lines.rows, None);
        }
        write(lines.text.as_bytes())?;
        let file = file.finish().map_err(|error| unwritable(path, &error))?;
        ctx.check_cancelled()?;
        target.commit(file)?;
        Ok(Summary { rows_written: Some(lines.rows) })
    }
}

osiris_sdk::export!(CsvWriter);
