//! Every type survives the conversion to arrow-rs and back.

mod common;

use std::sync::Arc;

use arrow_array::{Array, LargeStringArray, RecordBatch};
use osiris_sdk::testing::Table;
use osiris_sdk::{DataType, Kind, Schema};
use proptest::prelude::*;
use serde_json::Value;

fn to_arrow(table: &Table) -> RecordBatch {
    table.batches()[0].to_arrow().expect("a batch that was checked")
}

proptest! {
    #[test]
    fn every_type_survives_arrow((schema, rows) in common::table()) {
        let batch = to_arrow(&Table::from_rows(&schema, &rows));
        for column in batch.columns() {
            // Arrow's own validation of the layout.
            column.to_data().validate_full().unwrap();
        }
        prop_assert_eq!(&Schema::try_from(batch.schema_ref().as_ref()).unwrap(), &schema);

        let back = Table::from_arrow(&schema, std::slice::from_ref(&batch));
        prop_assert_eq!(&back.rows(), &rows);
        let again = to_arrow(&back);
        for (one, other) in batch.columns().iter().zip(again.columns()) {
            prop_assert_eq!(one.to_data().null_count(), other.to_data().null_count());
        }
    }

    #[test]
    fn slice_becomes_an_independent_table((schema, rows) in common::table(), cut in 0.0..1.0) {
        let batch = to_arrow(&Table::from_rows(&schema, &rows));
        let rows = rows.as_array().unwrap();
        let from = (rows.len() as f64 * cut) as usize;
        let len = (rows.len() - from).div_ceil(2);

        let slice = Table::from_arrow(&schema, &[batch.slice(from, len)]);
        prop_assert_eq!(slice.rows(), Value::from(rows[from..from + len].to_vec()));
        // Arrays sliced twice and nested arrays, whose offsets do not start at 0.
        let again = to_arrow(&slice);
        prop_assert_eq!(Table::from_arrow(&schema, &[again]).rows(), slice.rows());
    }
}

#[test]
fn unsupported_arrow_type_is_named() {
    let text = LargeStringArray::from(vec!["a"]);
    let batch = RecordBatch::try_from_iter([("name", Arc::new(text) as _)]).unwrap();
    let error = Schema::try_from(batch.schema_ref().as_ref()).unwrap_err();
    assert_eq!(error.kind, Kind::Unsupported);
    assert_eq!(
        error.message,
        "column \"name\": arrow-rs type LargeUtf8 is none of the SDK's; cast the column first"
    );
}

#[test]
fn column_of_another_type_is_rejected() {
    let schema = Schema::new(vec![osiris_sdk::Field::new("n", DataType::Int64, true)]);
    let table = Table::from_rows(&schema, &serde_json::json!([[1], [null]]));
    let column = table.batches()[0].column(0).unwrap();
    let error = column.into_arrow(&DataType::Utf8).unwrap_err();
    assert_eq!(error.message, "the column is not one of Utf8");
}
