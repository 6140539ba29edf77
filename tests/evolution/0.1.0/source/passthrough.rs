//! Sends on its inputs as they are, one after the other.

use osiris_sdk::{Context, Driver, Error, Input, Output, Result, Step, Summary};
use serde::Deserialize;

struct Passthrough;

#[derive(Deserialize)]
struct Config {}

impl Driver for Passthrough {
    type Config = Config;

    fn run(
        _: &Context,
        _: Step<Config>,
        mut inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut output = output.ok_or_else(|| Error::internal("there is no output"))?;
        let first = inputs.first().ok_or_else(|| Error::config("there is no input"))?;
        output.open(first.schema()?)?;
        for input in &mut inputs {
            while let Some(batch) = input.next()? {
                output.forward(&batch)?;
            }
        }
        Ok(Summary::default())
    }
}

osiris_sdk::export!(Passthrough);
