//! Reads every column of every batch and measures how fast the bytes arrive.

use std::time::{Duration, Instant};

use osiris_sdk::{
    Column, Context, Driver, Error, Input, MetricValue, Output, Result, Step, Summary,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {}

struct Sink;

impl Driver for Sink {
    type Config = Config;

    fn run(
        ctx: &Context,
        _: Step<Config>,
        mut inputs: Vec<Input>,
        _: Option<Output>,
    ) -> Result<Summary> {
        let input = inputs.first_mut().ok_or_else(|| Error::internal("there is no input"))?;
        let columns = input.schema()?.fields.len();
        let (mut bytes, mut spent) = (0, Duration::ZERO);
        while let Some(batch) = input.next()? {
            let started = Instant::now();
            for index in 0..columns {
                if let Column::Int64(column) = batch.column(index)? {
                    bytes += size_of_val(column.values());
                }
            }
            spent += started.elapsed();
        }
        let rate = bytes as f64 / spent.as_secs_f64() / 1e9;
        ctx.metric("gigabytes_per_second", MetricValue::Float(rate), "GB/s", &[]);
        Ok(Summary::default())
    }
}

osiris_sdk::export!(Sink);
