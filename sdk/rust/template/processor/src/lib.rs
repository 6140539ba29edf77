//! Keeps the texts that are long enough, with their lengths.

use osiris_sdk::{
    BatchBuilder, Column, ColumnBuilder, Context, DataType, Driver, Error, Field, Input, Output,
    Result, Schema, Step, Summary,
};
use serde::Deserialize;

/// The driver.
pub struct Processor;

/// A step's configuration, which the host has checked against `spec.yaml`.
#[derive(Deserialize)]
pub struct Config {
    column: String,
    #[serde(default = "one")]
    minimum: usize,
}

/// The default in `spec.yaml`; the host fills it in, a native test does not.
fn one() -> usize {
    1
}

impl Driver for Processor {
    type Config = Config;

    fn run(
        _: &Context,
        step: Step<Config>,
        inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut input = Input::only(inputs)?;
        let mut output = output.ok_or_else(|| Error::unsupported("this driver has an output"))?;
        let Config { column, minimum } = step.config;
        let index = input.schema()?.find(&column, &DataType::Utf8)?;
        let schema = Schema::new(vec![
            Field::new(&column, DataType::Utf8, false),
            Field::new("characters", DataType::Int64, false),
        ]);
        output.open(&schema)?;
        let mut kept = BatchBuilder::new(&schema);
        while let Some(batch) = input.next()? {
            // Only this column is copied from the host.
            let Column::Utf8(texts) = batch.column(index)? else { unreachable!() };
            for text in (0..texts.len()).filter_map(|row| texts.get_str(row)) {
                push(text, minimum, &mut kept);
            }
            output.send(&mut kept)?;
        }
        Ok(Summary::default())
    }
}

/// Adds the row of a text, if it is long enough.
fn push(text: &str, minimum: usize, kept: &mut BatchBuilder) {
    let characters = text.chars().count();
    if characters >= minimum {
        let [ColumnBuilder::Utf8(texts), ColumnBuilder::Int64(lengths)] = &mut kept.columns[..]
        else {
            unreachable!("these are the types of the schema")
        };
        texts.push_str(text);
        lengths.push(characters as i64);
    }
}

osiris_sdk::export!(Processor);
