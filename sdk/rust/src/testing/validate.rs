//! Checks of a host on each batch, because a driver can send anything.

use std::rc::Rc;

use crate::bindings::osiris::driver::types;
use crate::{Batch, Column, DataType, Error, Field, Result, Schema, host};

/// Checks that a batch is consistent and has a schema.
pub(crate) fn batch(schema: &Schema, batch: &host::Batch) -> Result<(), types::Error> {
    let view = Batch::new(batch.clone(), Rc::new(schema.clone()));
    for (index, field) in schema.fields.iter().enumerate() {
        let column = view.column(index)?;
        check(field, &column, &|_| true)
            .map_err(|error| error.context(format_args!("column {:?}", field.name)))?;
    }
    Ok(())
}

/// Checks that a column's values match its field. Values whose parent is null are ignored.
fn check(field: &Field, column: &Column, counts: &dyn Fn(usize) -> bool) -> Result<()> {
    check_nulls(field, column, counts)?;
    let counts = |row: usize| counts(row) && !column.is_null(row);
    match (column, &field.data_type) {
        (Column::Utf8(texts), _) => {
            let is_text = |row| texts.get(row).is_none_or(|text| std::str::from_utf8(text).is_ok());
            match (0..texts.len()).find(|&row| !is_text(row)) {
                Some(row) => Err(Error::data(format!("value {row} is not UTF-8"))),
                None => Ok(()),
            }
        }
        (Column::Decimal128(decimals), &DataType::Decimal128(precision, _)) => {
            let limit = 10_u128.pow(precision.into());
            let fits = |row| decimals.get(row).is_none_or(|digits| digits.unsigned_abs() < limit);
            match (0..decimals.len()).find(|&row| !fits(row)) {
                Some(row) => {
                    Err(Error::data(format!("value {row} has more than {precision} digits")))
                }
                None => Ok(()),
            }
        }
        (Column::List(lists), DataType::List(item)) => {
            let mut used = vec![false; lists.values().len()];
            for range in
                (0..lists.len()).filter(|row| counts(*row)).filter_map(|row| lists.get(row))
            {
                used[range].fill(true);
            }
            check(item, lists.values(), &|row| used[row])
        }
        (Column::Struct(parts), DataType::Struct(fields)) => {
            fields.iter().zip(parts.fields()).try_for_each(|(field, part)| {
                check(field, part, &|row| row < parts.len() && counts(row))
                    .map_err(|error| error.context(format_args!("field {:?}", field.name)))
            })
        }
        _ => Ok(()),
    }
}

/// Checks that nulls are allowed where they occur, and that their number is that of the node.
fn check_nulls(field: &Field, column: &Column, counts: &dyn Fn(usize) -> bool) -> Result<()> {
    let nulls = (0..column.len()).filter(|row| column.is_null(*row)).count();
    if nulls != column.null_count() {
        return Err(Error::data(format!(
            "{} nulls by its node, {nulls} by its bitmap",
            column.null_count()
        )));
    }
    match (0..column.len()).find(|&row| counts(row) && column.is_null(row)) {
        Some(row) if !field.nullable => {
            Err(Error::data(format!("value {row} is null, and the field is not nullable")))
        }
        _ => Ok(()),
    }
}
