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
        let index = find(input.schema()?, &column)?;
        let schema = Schema::new(vec![
            Field::new(&column, DataType::Utf8, false),
            Field::new("characters", DataType::Int64, false),
        ]);
        output.open(&schema)?;
        let mut kept = BatchBuilder::new(&schema);
        while let Some(batch) = input.next()? {
            // Only this column is copied from the host.
            if let Column::Utf8(texts) = batch.column(index)? {
                for text in (0..texts.len()).filter_map(|row| texts.get_str(row)) {
                    push(text, minimum, &mut kept);
                }
            }
            output.send(&mut kept)?;
        }
        Ok(Summary::default())
    }
}

/// Adds the row of a text, if it is long enough.
fn push(text: &str, minimum: usize, kept: &mut BatchBuilder) {
    let characters = text.chars().count();
    if characters >= minimum
        && let [ColumnBuilder::Utf8(texts), ColumnBuilder::Int64(lengths)] = &mut kept.columns[..]
    {
        texts.push_str(text);
        lengths.push(characters as i64);
    }
}

/// Where the column is, which must be one of texts.
fn find(schema: &Schema, column: &str) -> Result<usize> {
    let Some(index) = schema.index_of(column) else {
        let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
        let message = format!("there is no column `{column}`; there are {}", names.join(", "));
        return Err(Error::config(message));
    };
    match &schema.fields[index].data_type {
        DataType::Utf8 => Ok(index),
        other => Err(Error::config(format!("the column `{column}` is of type {other}, not text"))),
    }
}

osiris_sdk::export!(Processor);
