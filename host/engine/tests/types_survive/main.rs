//! Checks that every table arrives as it was sent: through the edges of a run, through drivers in
//! the real engine, and through the spill file.

mod pass;
mod tables;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use proptest::prelude::*;
use proptest::test_runner::Config;

use self::pass::{Fixture, arrived};

/// Fewer cases than the default, because each case runs a driver.
fn cases() -> Config {
    Config { cases: 96, max_shrink_iters: 500, ..Config::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn contract_types_survive_a_driver(batches in tables::of(tables::contract(), 0..5)) {
        let outputs = Fixture::of("test.mirror").pass(&batches, "{}");
        for reader in outputs {
            prop_assert_eq!(&reader.schema, &batches[0].schema());
            prop_assert_eq!(reader.batches, batches.clone());
        }
    }

    #[test]
    fn sdk_types_survive_rebuilding(batches in tables::of(tables::sdk(), 1..5)) {
        let schema = batches[0].schema();
        let all = concat_batches(&schema, &batches).unwrap();
        for rebuild in ["false", "true"] {
            let config = format!("{{\"rebuild\": {rebuild}}}");
            for reader in Fixture::of("test.passthrough").pass(&batches, &config) {
                prop_assert_eq!(&reader.schema, &schema);
                prop_assert_eq!(concat_batches(&schema, &reader.batches).unwrap(), all.clone());
            }
        }
    }

    #[test]
    fn slices_survive_a_driver(
        batches in tables::of(tables::contract(), 0..5),
        cut in 0.0..1.0,
    ) {
        let slices: Vec<RecordBatch> = batches.iter().map(|batch| {
            let from = (batch.num_rows() as f64 * cut) as usize;
            batch.slice(from, (batch.num_rows() - from).div_ceil(2))
        }).collect();
        for reader in Fixture::of("test.mirror").pass(&slices, "{}") {
            prop_assert_eq!(reader.batches, slices.clone());
        }
    }
}

#[test]
fn changed_value_is_detected() {
    let table = |value: i64| {
        let column = arrow::array::Int64Array::from(vec![Some(value), None]);
        RecordBatch::try_from_iter([("n", std::sync::Arc::new(column) as _)]).unwrap()
    };
    let outputs = Fixture::of("test.mirror").pass(&[table(1)], "{}");
    assert!(outputs.iter().all(|reader| arrived(reader, &[table(1)])));
    assert!(!outputs.iter().any(|reader| arrived(reader, &[table(2)])));
}
