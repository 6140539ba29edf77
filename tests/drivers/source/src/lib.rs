//! Generates numbered rows, and then returns, fails or waits for a cancellation.

use std::time::Duration;

use osiris_sdk::{
    BatchBuilder, ColumnBuilder, Context, DataType, Driver, Error, Field, Input, Output, Result,
    Schema, Step, Summary,
};
use serde::Deserialize;

struct Source;

#[derive(Deserialize)]
struct Config {
    rows: u64,
    batch: u64,
    text: String,
    then: Then,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Then {
    End,
    Fail,
    Hold,
}

impl Driver for Source {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        _: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let Config { rows, batch: batch_rows, text, then } = step.config;
        let mut output = output.ok_or_else(|| Error::internal("there is no output"))?;
        let schema = Schema {
            fields: vec![
                Field::new("id", DataType::Int64, false),
                Field::new("text", DataType::Utf8, false),
            ],
        };
        output.open(&schema)?;
        let mut batch = BatchBuilder::new(&schema);
        for id in 0..rows {
            if let [ColumnBuilder::Int64(ids), ColumnBuilder::Utf8(texts)] = &mut batch.columns[..]
            {
                ids.push(id as i64);
                texts.push_str(&text);
            }
            if (id + 1) % batch_rows == 0 {
                output.send(&mut batch)?;
            }
        }
        output.send(&mut batch)?;
        match then {
            Then::End => Ok(Summary::default()),
            Then::Fail => {
                Err(Error::data(format!("the source failed on purpose after {rows} rows")))
            }
            Then::Hold => loop {
                ctx.check_cancelled()?;
                std::thread::sleep(Duration::from_millis(1));
            },
        }
    }
}

osiris_sdk::export!(Source);
