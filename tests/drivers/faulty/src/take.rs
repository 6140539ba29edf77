//! Reads rows and forwards them, or writes them to a file.

use std::fs::File;
use std::io::{BufWriter, Write};

use osiris_sdk::{Batch, Column, DataType, Error, Input, Kind, Output, Result, Schema, Summary};

use crate::Config;
use crate::connection::nanoseconds;

pub(crate) fn transform(
    config: &Config,
    mut inputs: Vec<Input>,
    mut output: Output,
) -> Result<Summary> {
    let input = inputs.first_mut().ok_or_else(|| Error::config("there is no input"))?;
    look_at_columns(config, input.schema()?)?;
    output.open(input.schema()?)?;
    if config.is("transform-fails") {
        return Err(Error::internal("it is too hard"));
    }
    let (mut batches, mut kept) = (0, Vec::new());
    let mut each = |batch: Batch| {
        look_at_rows(config, &batch)?;
        batches += 1;
        if config.is("transform-keeps-all") {
            kept.push((batch.column(0)?, batch.column(1)?, batch.column(2)?));
        }
        if config.is("transform-one-batch") && batches > 1 {
            return Ok(());
        }
        output.forward(&batch)
    };
    loop {
        match input.next() {
            Ok(Some(batch)) => each(batch)?,
            Ok(None) => break,
            Err(error) if config.is("upstream-ignored") && error.kind == Kind::Upstream => break,
            Err(error)
                if config.is("transform-ends-cancelled") && error.kind == Kind::Cancelled =>
            {
                break;
            }
            Err(error) if config.is("upstream-renamed") && error.kind == Kind::Upstream => {
                return Err(Error::internal(error.message));
            }
            Err(error) => return Err(error),
        }
    }
    if config.is("empty-fails") && batches == 0 {
        return Err(Error::data("there is nothing to transform"));
    }
    Ok(Summary::default())
}

pub(crate) fn write(config: &Config, mut inputs: Vec<Input>) -> Result<Summary> {
    let input = inputs.first_mut().ok_or_else(|| Error::config("there is no input"))?;
    let path = config.path.as_deref().ok_or_else(|| Error::config("path: name the file"))?;
    if config.is("write-fails") {
        return Err(Error::internal("the disk does not like it"));
    }
    let part = format!("{path}.part");
    match copy(config, input, &part) {
        Ok(rows) => {
            std::fs::rename(&part, path)?;
            if config.is("write-litters") {
                std::fs::write(format!("{path}.litter"), "old")?;
            }
            let told = match config.fault.as_str() {
                "write-tells-nothing" => None,
                "write-tells-less" => Some(rows / 2),
                _ => Some(rows),
            };
            Ok(Summary { rows_written: told })
        }
        Err(error) => {
            let commits = (config.is("cancel-commits") && error.kind == Kind::Cancelled)
                || (config.is("upstream-commits") && error.kind == Kind::Upstream);
            if commits {
                std::fs::rename(&part, path)?;
            } else {
                // The file may not have been created yet.
                let _ = std::fs::remove_file(&part);
            }
            match error.kind {
                Kind::Cancelled if config.is("cancel-succeeds") => Ok(Summary::default()),
                Kind::Cancelled if config.is("cancel-renamed") => {
                    Err(Error::internal(error.message))
                }
                Kind::Upstream if config.is("write-upstream-ignored") => Ok(Summary::default()),
                _ => Err(error),
            }
        }
    }
}

fn copy(config: &Config, input: &mut Input, part: &str) -> Result<u64> {
    let schema = input.schema()?.clone();
    let mut file = BufWriter::new(File::create(part)?);
    let header = |file: &mut BufWriter<File>| {
        let names: Vec<String> = schema.fields.iter().map(|field| quoted(&field.name)).collect();
        writeln!(file, "{}", names.join(","))
    };
    header(&mut file)?;
    if config.is("write-at-random") {
        writeln!(file, "{}", nanoseconds())?;
    }
    let (mut rows, mut batches) = (0, 0);
    while let Some(batch) = input.next()? {
        batches += 1;
        if config.is("write-header-again") && batches > 1 {
            header(&mut file)?;
        }
        let columns = (0..schema.fields.len()).map(|index| batch.column(index));
        let columns: Vec<Column> = columns.collect::<Result<_>>()?;
        for row in 0..batch.rows() {
            let line = rows + row as u64;
            if config.is("write-loses-a-row") && line == 70 {
                continue;
            }
            let cells = columns.iter().map(|column| match (column, line) {
                // The fault: a single changed value.
                (Column::Float64(_), 70) if config.is("write-changes-a-value") => "70.5".to_owned(),
                _ => cell(column, row),
            });
            writeln!(file, "{}", cells.collect::<Vec<_>>().join(","))?;
        }
        rows += batch.rows() as u64;
    }
    file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    Ok(rows)
}

/// Formats a value as CSV. Only the types of the conformance kit's own table are supported.
fn cell(column: &Column, row: usize) -> String {
    let text = match column {
        Column::Int64(values) => values.get(row).map(|value| value.to_string()),
        Column::Float64(values) => values.get(row).map(|value| value.to_string()),
        Column::Utf8(values) => values.get_str(row).map(quoted),
        _ => None,
    };
    text.unwrap_or_default()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Applies the faults that depend on the schema.
fn look_at_columns(config: &Config, schema: &Schema) -> Result<()> {
    let types = || schema.fields.iter().map(|field| &field.data_type);
    match config.fault.as_str() {
        "names-panic" if schema.fields.iter().any(|field| field.name.contains('\n')) => {
            panic!("a line break in a name")
        }
        "wide-fails" if schema.fields.len() > 500 => Err(Error::internal("too many columns")),
        "decimals-panic" if types().any(|one| matches!(one, DataType::Decimal128(..))) => {
            panic!("a decimal")
        }
        "lists-unnamed"
            if types().any(
                |one| matches!(one, DataType::List(item) if item.data_type == DataType::Utf8),
            ) =>
        {
            Err(Error::unsupported("this driver takes no lists"))
        }
        "timestamps-internal" if types().any(|one| matches!(one, DataType::Timestamp(..))) => {
            Err(Error::internal("the column conformance_value is a timestamp"))
        }
        "dates-skipped" if types().any(|one| *one == DataType::Date32) => {
            Err(Error::upstream("the column conformance_value is a date"))
        }
        _ => Ok(()),
    }
}

/// Applies the faults that depend on the values of a batch.
fn look_at_rows(config: &Config, batch: &Batch) -> Result<()> {
    let rows = batch.rows();
    match config.fault.as_str() {
        "empty-batch-panics" if rows == 0 => panic!("no first row"),
        "nulls-panic" | "unicode-panics" | "long-panics" => {}
        _ => return Ok(()),
    }
    for index in 1..batch.schema().fields.len() {
        let Column::Utf8(texts) = batch.column(index)? else { continue };
        assert!(
            !(config.is("nulls-panic") && rows > 5 && texts.null_count() == rows),
            "nothing is there"
        );
        for text in (0..rows).filter_map(|row| texts.get_str(row)) {
            assert!(!(config.is("unicode-panics") && text.contains('\0')), "what is {text:?}?");
            assert!(!(config.is("long-panics") && text.len() > 1 << 19), "too long");
        }
    }
    Ok(())
}
