//! Forwards its inputs one after the other.

mod rebuild;

use osiris_sdk::{BatchBuilder, Context, Driver, Error, Input, Output, Result, Step, Summary};
use serde::Deserialize;

struct Passthrough;

#[derive(Deserialize)]
struct Config {
    rebuild: bool,
}

impl Driver for Passthrough {
    type Config = Config;

    fn run(
        _: &Context,
        step: Step<Config>,
        mut inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut output = output.ok_or_else(|| Error::internal("there is no output"))?;
        let first = inputs.first().ok_or_else(|| Error::config("there is no input"))?;
        output.open(first.schema()?)?;
        let mut builder = BatchBuilder::new(first.schema()?);
        for input in &mut inputs {
            while let Some(batch) = input.next()? {
                match step.config.rebuild {
                    true => rebuild::send(&batch, &mut builder, &mut output)?,
                    false => output.forward(&batch)?,
                }
            }
        }
        Ok(Summary::default())
    }
}

osiris_sdk::export!(Passthrough);
