//! Invalid schemas and batches that `Output` rejects, and the error messages.

use std::cell::RefCell;

use osiris_sdk::testing::run;
use osiris_sdk::{
    BatchBuilder, ColumnBuilder, Context, DataType, Driver, Error, Field, Input, Output, Result,
    Schema, Step, Summary, TimeUnit,
};

/// Fills a batch.
type Fill = fn(&mut BatchBuilder);

thread_local! {
    /// The schema and the values for the driver, since a configuration cannot hold a function.
    static CASE: RefCell<Option<(Schema, Fill)>> = const { RefCell::new(None) };
}

/// Opens the output with a column of type `data_type` and sends the batch from `fill`.
fn send(data_type: DataType, nullable: bool, fill: Fill) -> String {
    struct Case;

    impl Driver for Case {
        type Config = serde_json::Value;

        fn run(
            _: &Context,
            _: Step<Self::Config>,
            _: Vec<Input>,
            output: Option<Output>,
        ) -> Result<Summary> {
            let (schema, fill) = CASE.take().ok_or_else(|| Error::internal("no case"))?;
            let mut output = output.ok_or_else(|| Error::internal("no output"))?;
            output.open(&schema)?;
            let mut batch = BatchBuilder::new(&schema);
            fill(&mut batch);
            output.send(&mut batch)?;
            Ok(Summary::default())
        }
    }

    let schema = Schema::new(vec![
        Field::new("a", data_type, nullable),
        Field::new("b", DataType::Null, true),
    ]);
    CASE.set(Some((schema, fill)));
    run::<Case>(serde_json::json!({})).report().result.unwrap_err().message
}

/// Completes a row whose first column is already filled.
fn end_row(batch: &mut BatchBuilder) {
    batch.columns[1].push_null();
}

#[test]
fn invalid_types_are_rejected() {
    assert_eq!(
        send(DataType::Time32(TimeUnit::Nanosecond), true, |_| {}),
        "column \"a\": time32[ns]: 32 bits are for s and ms"
    );
    assert_eq!(
        send(DataType::list_of(DataType::Decimal128(3, 4)), true, |_| {}),
        "column \"a\": decimal128(3, 4): a precision is 1 to 38, a scale no more than it"
    );
}

#[test]
fn mismatched_columns_are_rejected() {
    assert_eq!(
        send(DataType::Int64, true, end_row),
        "column \"a\": 0 values in a batch of 1 rows: push one to each column for every row"
    );
    assert_eq!(
        send(DataType::Int64, true, |batch| {
            batch.columns[0] = ColumnBuilder::new(&DataType::Utf8);
        }),
        "column \"a\": the builder is not one of int64: make the batch with `BatchBuilder::new` of \
         the schema of this output"
    );
    assert_eq!(
        send(DataType::Int64, true, |batch| batch.columns.truncate(1)),
        "the batch has 1 columns, the schema of this output 2: make it with `BatchBuilder::new` of \
         that schema"
    );
    assert_eq!(
        send(DataType::list_of(DataType::Int64), true, |batch| {
            let ColumnBuilder::List(lists) = &mut batch.columns[0] else { return };
            lists.push();
            lists.values.push_null();
            end_row(batch);
        }),
        "column \"a\": values were pushed to a list that was not: call `push` after a list's last \
         value"
    );
    assert_eq!(
        send(DataType::Struct(vec![Field::new("x", DataType::Int64, true)]), true, |batch| {
            let ColumnBuilder::Struct(parts) = &mut batch.columns[0] else { return };
            parts.push();
            end_row(batch);
        }),
        "column \"a\": field 0 of a struct has 0 values, the struct 1: push one to each field, then \
         `push` the struct"
    );
}

#[test]
fn invalid_values_are_rejected() {
    assert_eq!(
        send(DataType::Int64, false, |batch| {
            batch.columns[0].push_null();
            end_row(batch);
        }),
        "column \"a\": value 0 is null, and the field is not nullable"
    );
    assert_eq!(
        send(DataType::Utf8, false, |batch| {
            let ColumnBuilder::Utf8(texts) = &mut batch.columns[0] else { return };
            texts.push(&[0xff]);
            end_row(batch);
        }),
        "column \"a\": value 0 is not UTF-8"
    );
    assert_eq!(
        send(DataType::Decimal128(2, 1), false, |batch| {
            let ColumnBuilder::Decimal128(decimals) = &mut batch.columns[0] else { return };
            decimals.push(100);
            end_row(batch);
        }),
        "column \"a\": value 0 has more than 2 digits"
    );
}
