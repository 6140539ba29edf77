//! Copies values one by one from the SDK's columns into its builders.

use osiris_sdk::{Batch, BatchBuilder, Column, ColumnBuilder, Error, Output, Result};

/// Sends a batch with the same values.
pub(crate) fn send(batch: &Batch, builder: &mut BatchBuilder, output: &mut Output) -> Result<()> {
    for (index, into) in builder.columns.iter_mut().enumerate() {
        let column = batch.column(index)?;
        for row in 0..column.len() {
            push(&column, row, into)?;
        }
    }
    output.send(builder)
}

fn push(from: &Column, row: usize, into: &mut ColumnBuilder) -> Result<()> {
    use {Column as C, ColumnBuilder as B};
    if from.is_null(row) {
        into.push_null();
        return Ok(());
    }
    match (from, into) {
        (C::Bool(from), B::Bool(into)) => into.push_option(from.get(row)),
        (C::Int8(from), B::Int8(into)) => into.push_option(from.get(row)),
        (C::Int16(from), B::Int16(into)) => into.push_option(from.get(row)),
        (C::Int32(from), B::Int32(into))
        | (C::Date32(from), B::Date32(into))
        | (C::Time32(from), B::Time32(into)) => into.push_option(from.get(row)),
        (C::Int64(from), B::Int64(into))
        | (C::Time64(from), B::Time64(into))
        | (C::Timestamp(from), B::Timestamp(into)) => into.push_option(from.get(row)),
        (C::UInt8(from), B::UInt8(into)) => into.push_option(from.get(row)),
        (C::UInt16(from), B::UInt16(into)) => into.push_option(from.get(row)),
        (C::UInt32(from), B::UInt32(into)) => into.push_option(from.get(row)),
        (C::UInt64(from), B::UInt64(into)) => into.push_option(from.get(row)),
        (C::Float32(from), B::Float32(into)) => into.push_option(from.get(row)),
        (C::Float64(from), B::Float64(into)) => into.push_option(from.get(row)),
        (C::Utf8(from), B::Utf8(into)) | (C::Binary(from), B::Binary(into)) => {
            into.push_option(from.get(row));
        }
        (C::Decimal128(from), B::Decimal128(into)) => into.push_option(from.get(row)),
        (C::List(from), B::List(into)) => {
            for item in from.get(row).unwrap_or_default() {
                push(from.values(), item, &mut into.values)?;
            }
            into.push();
        }
        (C::Struct(from), B::Struct(into)) => {
            for (part, into) in from.fields().iter().zip(&mut into.fields) {
                push(part, row, into)?;
            }
            into.push();
        }
        _ => return Err(Error::internal("a column and a builder of two types")),
    }
    Ok(())
}
