//! Forwards every batch, alternately unchanged and as a copy of its buffers, for any types.
#![cfg(target_family = "wasm")]
#![expect(
    unsafe_code,
    reason = "the bindings export C functions, and the spec needs a section's name"
)]

mod bindings;

use bindings::exports::osiris::driver::driver::{Dataset, Guest, Health, Input, Step, Summary};
use bindings::osiris::driver::tables::{Batch, Writer};
use bindings::osiris::driver::types::Error;

struct Mirror;

impl Guest for Mirror {
    fn run(_: Step, inputs: Vec<Input>, output: Option<Writer>) -> Result<Summary, Error> {
        let (Some(input), Some(output)) = (inputs.first(), output) else {
            return Err(failure("it takes one input and one output"));
        };
        output.open(&input.table.schema()?)?;
        let mut copies = false;
        while let Some(batch) = input.table.next()? {
            if copies {
                copy(&batch, &output)?
            } else {
                output.forward(&batch)?
            }
            copies = !copies;
        }
        Ok(Summary { rows_written: None })
    }

    fn discover(_: String) -> Result<Vec<Dataset>, Error> {
        Err(failure("there is nothing to discover"))
    }

    fn doctor(_: String, _: u32) -> Health {
        Health { category: "unknown".into(), latency_ms: None, message: "no connection".into() }
    }
}

fn copy(batch: &Batch, output: &Writer) -> Result<(), Error> {
    let nodes = batch.nodes();
    for index in 0..nodes.iter().map(|node| node.buffers).sum() {
        output.push(&batch.buffer(index));
    }
    output.send(batch.rows(), &nodes)
}

fn failure(message: &str) -> Error {
    Error { kind: "unsupported".into(), message: message.into(), retryable: false }
}

bindings::export!(Mirror with_types_in bindings);

const TEXT: &[u8] = include_bytes!("../spec.yaml");
#[used]
#[unsafe(link_section = "osiris:spec")]
static SPEC: [u8; TEXT.len()] = *TEXT.first_chunk().unwrap();
