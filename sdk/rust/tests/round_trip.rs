//! Everything that a driver can build, a driver can read.

mod common;

use osiris_sdk::testing::{Table, run};
use osiris_sdk::{Context, Driver, Input, Mode, Output, Result, Step, Summary};
use proptest::prelude::*;
use serde_json::json;

/// Forwards its input.
struct Pass;

impl Driver for Pass {
    type Config = serde_json::Value;

    fn run(
        _: &Context,
        _: Step<Self::Config>,
        mut inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut input = inputs.remove(0);
        let mut output = output.expect("a transform step has an output");
        output.open(input.schema()?)?;
        while let Some(batch) = input.next()? {
            output.forward(&batch)?;
        }
        Ok(Summary::default())
    }
}

proptest! {
    #[test]
    fn every_type_survives_a_round_trip((schema, rows) in common::table()) {
        let table = Table::from_rows(&schema, &rows);
        prop_assert_eq!(&table.rows(), &rows);

        let report = run::<Pass>(json!({})).mode(Mode::Transform).input("df_a", &table).expect_ok();
        prop_assert_eq!(report.table().schema(), &schema);
        prop_assert_eq!(report.table().rows(), rows);
    }
}
