//! Reads a file of JSON lines.

use std::fs::File;
use std::io::{BufRead, BufReader};

use osiris_sdk::{
    BatchBuilder, ColumnBuilder, Context, DataType, Driver, Error, Field, Input, Output, Result,
    Schema, Step, Summary,
};
use serde::Deserialize;
use serde_json::Value;

/// Rows per batch. Batches of 256 KiB to 1 MiB are fastest.
const BATCH: usize = 8192;

/// The driver.
pub struct Extractor;

/// A step's configuration, which the host has checked against `spec.yaml`.
#[derive(Deserialize)]
pub struct Config {
    path: String,
    columns: Vec<Column>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    #[serde(rename = "type", default)]
    kind: Kind,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Text,
    Integer,
    Number,
    Boolean,
}

impl Driver for Extractor {
    type Config = Config;

    fn run(
        _: &Context,
        step: Step<Config>,
        _: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut output = output.ok_or_else(|| Error::unsupported("this driver only extracts"))?;
        let Config { path, columns } = step.config;
        let schema = schema(&columns);
        let file = File::open(&path).map_err(|error| Error::from(error).context(&path))?;
        output.open(&schema)?;
        let mut batch = BatchBuilder::new(&schema);
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(Error::from);
            line.and_then(|line| push(&line, &columns, &mut batch))
                .map_err(|error| error.context(format_args!("{path}, line {}", index + 1)))?;
            if batch.rows() == BATCH {
                // Waits while the steps behind are busy, and fails once the run is cancelled.
                output.send(&mut batch)?;
            }
        }
        output.send(&mut batch)?;
        Ok(Summary::default())
    }
}

fn schema(columns: &[Column]) -> Schema {
    let field = |column: &Column| {
        let data_type = match column.kind {
            Kind::Text => DataType::Utf8,
            Kind::Integer => DataType::Int64,
            Kind::Number => DataType::Float64,
            Kind::Boolean => DataType::Bool,
        };
        Field::new(&column.name, data_type, true)
    };
    Schema::new(columns.iter().map(field).collect())
}

/// Adds the row of a line.
fn push(line: &str, columns: &[Column], batch: &mut BatchBuilder) -> Result<()> {
    let row: serde_json::Map<String, Value> = serde_json::from_str(line)
        .map_err(|error| Error::data(format!("this is no JSON object: {error}")))?;
    for (column, builder) in columns.iter().zip(&mut batch.columns) {
        let value = row.get(&column.name).unwrap_or(&Value::Null);
        if !push_value(value, builder) {
            let expected = match column.kind {
                Kind::Text => "text",
                Kind::Integer => "an integer of 64 bits",
                Kind::Number => "a number",
                Kind::Boolean => "true or false",
            };
            return Err(Error::data(format!("`{}` is {value}, not {expected}", column.name)));
        }
    }
    Ok(())
}

/// Adds a value, if it is one of the column's type.
fn push_value(value: &Value, builder: &mut ColumnBuilder) -> bool {
    match (builder, value) {
        (builder, Value::Null) => builder.push_null(),
        (ColumnBuilder::Utf8(column), Value::String(text)) => column.push_str(text),
        (ColumnBuilder::Bool(column), Value::Bool(value)) => column.push(*value),
        (ColumnBuilder::Int64(column), Value::Number(number)) => match number.as_i64() {
            Some(number) => column.push(number),
            None => return false,
        },
        (ColumnBuilder::Float64(column), Value::Number(number)) => match number.as_f64() {
            Some(number) => column.push(number),
            None => return false,
        },
        _ => return false,
    }
    true
}

osiris_sdk::export!(Extractor);
