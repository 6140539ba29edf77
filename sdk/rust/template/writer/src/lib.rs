//! Writes a file of JSON lines.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufWriter, Write};
use std::path::Path;

use osiris_sdk::{
    Batch, Column, Context, DataType, Driver, Error, Input, Output, Result, Schema, Step, Summary,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The driver.
pub struct Writer;

/// A step's configuration, which the host has checked against `spec.yaml`.
#[derive(Deserialize)]
pub struct Config {
    path: String,
}

impl Driver for Writer {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        inputs: Vec<Input>,
        _: Option<Output>,
    ) -> Result<Summary> {
        let mut input = Input::only(inputs)?;
        let path = Path::new(&step.config.path);
        let name = path.file_name().ok_or_else(|| Error::config("`path` names no file"))?;
        // Another name each time: a driver may make files beside its own, but change none there.
        let tag = RandomState::new().hash_one(name);
        let temporary = format!(".{}.{tag:016x}.tmp", name.to_string_lossy());
        let temporary = path.with_file_name(temporary);
        let written = write(&mut input, &temporary).and_then(|rows| {
            ctx.check_cancelled()?;
            fs::rename(&temporary, path)?;
            Ok(rows)
        });
        if written.is_err() {
            // What went wrong matters more than whether this does, too.
            let _ = fs::remove_file(&temporary);
        }
        let rows = written.map_err(|error| match error.kind {
            osiris_sdk::Kind::Upstream | osiris_sdk::Kind::Cancelled => error,
            _ => error.context(path.display()),
        })?;
        Ok(Summary { rows_written: Some(rows) })
    }
}

/// Writes all rows to a new file and returns their number.
fn write(input: &mut Input, path: &Path) -> Result<u64> {
    check(input.schema()?)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = BufWriter::new(File::create_new(path)?);
    let mut rows = 0;
    while let Some(batch) = input.next()? {
        write_batch(&batch, &mut file)?;
        rows += batch.rows() as u64;
    }
    file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    Ok(rows)
}

/// Refuses a column that has no place in JSON before anything is written.
fn check(schema: &Schema) -> Result<()> {
    let fits = |data_type: &DataType| {
        use DataType::{Bool, Float32, Float64, Int8, Int16, Int32, Int64, Null, Utf8};
        matches!(data_type, Null | Bool | Int8 | Int16 | Int32 | Int64 | Float32 | Float64 | Utf8)
    };
    match schema.fields.iter().find(|field| !fits(&field.data_type)) {
        None => Ok(()),
        Some(field) => Err(Error::unsupported(format!(
            "the column `{}` is of type {}, which this driver does not write",
            field.name, field.data_type
        ))),
    }
}

fn write_batch(batch: &Batch, file: &mut impl Write) -> Result<()> {
    let names = batch.schema().fields.iter().map(|field| field.name.as_str());
    let names: Vec<&str> = names.collect();
    let columns: Vec<Column> =
        (0..names.len()).map(|index| batch.column(index)).collect::<Result<_>>()?;
    for row in 0..batch.rows() {
        let mut object = Map::new();
        for (name, column) in names.iter().zip(&columns) {
            let value = value(column, row)
                .ok_or_else(|| Error::data(format!("`{name}` holds a number that JSON lacks")))?;
            object.insert((*name).to_owned(), value);
        }
        serde_json::to_writer(&mut *file, &object).map_err(std::io::Error::from)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// A value of a column; none for what JSON does not have, like infinity.
fn value(column: &Column, row: usize) -> Option<Value> {
    if column.is_null(row) {
        return Some(Value::Null);
    }
    Some(match column {
        Column::Bool(values) => values.get(row).into(),
        Column::Int8(values) => values.get(row).into(),
        Column::Int16(values) => values.get(row).into(),
        Column::Int32(values) => values.get(row).into(),
        Column::Int64(values) => values.get(row).into(),
        Column::Float32(values) => float(values.get(row)?.into())?,
        Column::Float64(values) => float(values.get(row)?)?,
        Column::Utf8(values) => values.get_str(row).into(),
        _ => return None,
    })
}

fn float(value: f64) -> Option<Value> {
    serde_json::Number::from_f64(value).map(Value::Number)
}

osiris_sdk::export!(Writer);
