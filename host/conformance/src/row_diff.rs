//! Rows as text, and the comparison of written rows with those read back.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options, concat_batches};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use osiris_core::text::quoted;
use serde_json::{Map, Value};

/// The values of a row as text; `None` for null.
pub(super) type Row = Vec<Option<String>>;

/// Columns of a row that a case expects to read back.
pub(super) type ExpectedRow = Map<String, Value>;

/// Maximum number of values displayed per row.
const SHOWN: usize = 8;

/// Returns all rows of a batch.
pub(super) fn rows(batch: &RecordBatch) -> Vec<Row> {
    across(batch.columns().iter().map(texts).collect(), batch.num_rows())
}

/// Describes the difference between written rows and those read back: in column names, or in rows,
/// whose order does not matter. A column is compared if the reader returns the same type or if both
/// hold numbers.
pub(super) fn diff_written(written: &RecordBatch, actual: &[RecordBatch]) -> Option<String> {
    let actual = whole(actual)?;
    let names = names(written);
    if let Some(difference) = diff_names(&names, &self::names(&actual)) {
        return Some(difference);
    }
    let (mut compared, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for (name, expected) in names.into_iter().zip(written.columns()) {
        let Some(column) = actual.column_by_name(&name) else { continue };
        if let Some(column) = comparable(column, expected.data_type()) {
            compared.push(name);
            before.push(texts(expected));
            after.push(texts(&column));
        }
    }
    let (before, after) = (across(before, written.num_rows()), across(after, actual.num_rows()));
    difference(&compared, before, after)
}

/// Describes the difference between the rows read back and those that a case expects. Columns that
/// the case does not mention can hold anything.
pub(super) fn diff_expected(expected: &[ExpectedRow], actual: &[RecordBatch]) -> Option<String> {
    let mut names: Vec<String> = expected.iter().flat_map(Map::keys).cloned().collect();
    names.sort_unstable();
    names.dedup();
    let count: usize = actual.iter().map(RecordBatch::num_rows).sum();
    if count != expected.len() {
        return Some(format!("{count} rows were read back, not {}", expected.len()));
    }
    let actual = whole(actual)?;
    let mut columns = Vec::new();
    for name in &names {
        let Some(column) = actual.column_by_name(name) else {
            return Some(format!("the column {} is missing", quoted(name)));
        };
        columns.push(texts(column));
    }
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let row = |row: &ExpectedRow| names.iter().map(|name| row.get(name).and_then(text)).collect();
    difference(&names, expected.iter().map(row).collect(), across(columns, actual.num_rows()))
}

/// Concatenates batches; returns `None` without any rows.
fn whole(batches: &[RecordBatch]) -> Option<RecordBatch> {
    concat_batches(&batches.first()?.schema(), batches).ok()
}

fn names(batch: &RecordBatch) -> Vec<String> {
    batch.schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn diff_names(expected: &[String], actual: &[String]) -> Option<String> {
    if let Some(name) = expected.iter().find(|name| !actual.contains(name)) {
        return Some(format!("the column {} is missing", quoted(name)));
    }
    let more = actual.iter().find(|name| !expected.contains(name))?;
    Some(format!("the column {} is unexpected", quoted(more)))
}

/// Converts a column to a type, if that makes the two comparable.
fn comparable(actual: &ArrayRef, expected: &DataType) -> Option<ArrayRef> {
    if actual.data_type() == expected {
        return Some(actual.clone());
    }
    let is_text = matches!(actual.data_type(), DataType::Utf8 | DataType::LargeUtf8);
    let is_number = |data_type: &DataType| data_type.is_numeric();
    if !is_number(expected) || !(is_text || is_number(actual.data_type())) {
        return None;
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    // A value that is not such a number is shown unchanged.
    Some(cast_with_options(actual, expected, &strict).unwrap_or_else(|_| actual.clone()))
}

fn texts(array: &ArrayRef) -> Row {
    let options = FormatOptions::default();
    let Ok(shown) = ArrayFormatter::try_new(array, &options) else {
        return vec![None; array.len()];
    };
    (0..array.len()).map(|row| array.is_valid(row).then(|| shown.value(row).to_string())).collect()
}

fn across(columns: Vec<Row>, rows: usize) -> Vec<Row> {
    (0..rows).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect()
}

/// Describes a missing row, and the new row most similar to it.
fn difference(names: &[String], before: Vec<Row>, after: Vec<Row>) -> Option<String> {
    let mut counts: BTreeMap<Row, i64> = BTreeMap::new();
    after.into_iter().for_each(|row| *counts.entry(row).or_default() -= 1);
    before.into_iter().for_each(|row| *counts.entry(row).or_default() += 1);
    let missing = counts.iter().find(|(_, count)| **count > 0)?.0;
    let alike = |row: &&Row| row.iter().zip(missing).filter(|(one, other)| one == other).count();
    let new = counts.iter().filter(|(_, count)| **count < 0).map(|(row, _)| row).max_by_key(alike);
    let missing = shown(names, missing);
    Some(match new {
        None => format!("the row {missing} is missing"),
        Some(new) => format!("the row {missing} came back as {}", shown(names, new)),
    })
}

fn shown(names: &[String], row: &Row) -> String {
    let value = |(name, value): (&String, &Option<String>)| match value {
        None => format!("{name}: none"),
        Some(text) => format!("{name}: {}", quoted(text)),
    };
    let mut values: Vec<String> = names.iter().zip(row).take(SHOWN).map(value).collect();
    if row.len() > SHOWN {
        values.push("…".to_owned());
    }
    format!("({})", values.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array, StringArray};
    use serde_json::json;

    use super::*;

    fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, column)| (name, column, true)),
        )
        .unwrap()
    }

    fn ids(ids: [Option<i64>; 3]) -> ArrayRef {
        Arc::new(Int64Array::from(ids.to_vec()))
    }

    #[test]
    fn row_order_and_number_type_are_ignored() {
        let names = |names: [&str; 3]| Arc::new(StringArray::from(names.to_vec())) as ArrayRef;
        let written =
            table(vec![("id", ids([Some(1), Some(2), None])), ("name", names(["a", "b", "c"]))]);
        let floats = Arc::new(Float64Array::from(vec![None, Some(2.0), Some(1.0)])) as ArrayRef;
        let actual = table(vec![("name", names(["c", "b", "a"])), ("id", floats)]);
        assert_eq!(diff_written(&written, &[actual]), None);
        let actual = table(vec![("name", names(["c", "b", "a"])), ("id", names(["", "2", "1x"]))]);
        let expected = "the row (id: none, name: `c`) came back as (id: ``, name: `c`)";
        assert_eq!(diff_written(&written, &[actual]).unwrap(), expected);
    }

    #[test]
    fn changed_row_and_missing_column_are_shown() {
        let written = table(vec![("id", ids([Some(1), Some(2), None]))]);
        let diff =
            |name, values| diff_written(&written, &[table(vec![(name, ids(values))])]).unwrap();
        assert_eq!(
            diff("id", [Some(1), Some(3), None]),
            "the row (id: `2`) came back as (id: `3`)"
        );
        assert_eq!(
            diff("id", [Some(1), Some(1), None]),
            "the row (id: `2`) came back as (id: `1`)"
        );
        assert_eq!(diff("ID", [Some(1), Some(2), None]), "the column `id` is missing");
    }

    #[test]
    fn expected_rows_of_a_case_are_compared() {
        let actual = [table(vec![("id", ids([Some(1), Some(2), None])), ("more", ids([None; 3]))])];
        let rows = |rows: Value| -> Vec<ExpectedRow> { serde_json::from_value(rows).unwrap() };
        assert_eq!(
            diff_expected(&rows(json!([{"id": null}, {"id": "2"}, {"id": 1}])), &actual),
            None
        );
        let difference =
            diff_expected(&rows(json!([{"id": null}, {"id": 2}, {"id": 3}])), &actual).unwrap();
        assert_eq!(difference, "the row (id: `3`) came back as (id: `1`)");
        let difference = diff_expected(&rows(json!([{"id": 1}])), &actual).unwrap();
        assert_eq!(difference, "3 rows were read back, not 1");
    }
}
