//! Sends the same batch of three `int64` columns repeatedly and measures how fast the bytes leave.

use std::time::{Duration, Instant};

use osiris_sdk::{
    BatchBuilder, ColumnBuilder, Context, DataType, Driver, Error, Field, Input, MetricValue,
    Output, Result, Schema, Step, Summary,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    batches: u32,
    rows: u32,
}

struct Source;

impl Driver for Source {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        _: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut output = output.ok_or_else(|| Error::internal("there is no output"))?;
        let schema = Schema::new(
            ["a", "b", "c"].map(|name| Field::new(name, DataType::Int64, false)).to_vec(),
        );
        output.open(&schema)?;
        let values: Vec<i64> = (0..i64::from(step.config.rows)).collect();
        let mut batch = BatchBuilder::new(&schema);
        let (mut bytes, mut spent) = (0, Duration::ZERO);
        for _ in 0..step.config.batches {
            for column in &mut batch.columns {
                if let ColumnBuilder::Int64(column) = column {
                    column.extend_from_slice(&values);
                }
            }
            bytes += batch.bytes();
            let started = Instant::now();
            output.send(&mut batch)?;
            spent += started.elapsed();
        }
        let rate = bytes as f64 / spent.as_secs_f64() / 1e9;
        ctx.metric("gigabytes_per_second", MetricValue::Float(rate), "GB/s", &[]);
        Ok(Summary::default())
    }
}

osiris_sdk::export!(Source);
