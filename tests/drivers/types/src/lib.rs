//! Sends a table of every type, made with arrow-rs, and checks that the same table comes back.
#![cfg(target_family = "wasm")]
#![expect(unsafe_code, reason = "the bindings export C functions")]

mod bindings;
mod columns;
mod cross;

use bindings::exports::osiris::driver::driver::{Dataset, Guest, Health, Input, Step, Summary};
use bindings::osiris::driver::tables::Writer;
use bindings::osiris::driver::types::Error;

struct Types;

impl Guest for Types {
    fn run(step: Step, inputs: Vec<Input>, output: Option<Writer>) -> Result<Summary, Error> {
        let config: serde_json::Value =
            serde_json::from_str(&step.config).map_err(|error| failed("config", error))?;
        let columns = columns::columns(config["extreme"] == true);
        match (output, inputs.first()) {
            (Some(output), _) => {
                cross::send(&columns, &output).map(|()| Summary { rows_written: None })
            }
            (None, Some(input)) => {
                let rows = cross::expect(&columns, &input.table)?;
                Ok(Summary { rows_written: Some(rows) })
            }
            (None, None) => Err(failed("internal", "there is neither a table nor an output")),
        }
    }

    fn discover(_: String) -> Result<Vec<Dataset>, Error> {
        Err(failed("unsupported", "there is nothing to list"))
    }

    fn doctor(_: String, _: u32) -> Health {
        Health { category: "ok".into(), latency_ms: None, message: String::new() }
    }
}

fn failed(kind: &str, message: impl ToString) -> Error {
    Error { kind: kind.into(), message: message.to_string(), retryable: false }
}

bindings::export!(Types with_types_in bindings);
