//! Does whatever a driver must not do, so that the tests can see the host
//! refuse it. Only a component has anything to attack.
#![cfg(target_family = "wasm")]
#![expect(
    unsafe_code,
    reason = "the bindings export C functions, and the spec needs a section's name"
)]

mod batches;
mod bindings;
mod crashes;
mod floods;
mod order;
mod sandbox;
mod schemas;
mod words;

use bindings::exports::osiris::driver::driver::{Dataset, Guest, Health, Input, Step, Summary};
use bindings::osiris::driver::arrow::{Field, Node};
use bindings::osiris::driver::tables::{Reader, Writer};
use bindings::osiris::driver::types::Error;

struct Hostile;

/// What an attack has to work with.
struct Attack {
    inputs: Vec<Input>,
    output: Option<Writer>,
}

type Outcome = Result<Summary, Error>;
type Table = &'static [(&'static str, fn(&mut Attack) -> Outcome)];

const TABLES: [Table; 7] = [
    batches::ATTACKS,
    crashes::ATTACKS,
    floods::ATTACKS,
    order::ATTACKS,
    sandbox::ATTACKS,
    schemas::ATTACKS,
    words::ATTACKS,
];

#[derive(serde::Deserialize)]
struct Config {
    attack: String,
}

impl Guest for Hostile {
    fn run(step: Step, inputs: Vec<Input>, output: Option<Writer>) -> Outcome {
        let Config { attack } = serde_json::from_str(&step.config)
            .map_err(|error| failure("config", error.to_string()))?;
        let (_, run) = TABLES
            .iter()
            .flat_map(|table| table.iter())
            .find(|(name, _)| *name == attack)
            .ok_or_else(|| failure("config", format!("there is no attack `{attack}`")))?;
        run(&mut Attack { inputs, output })
    }

    fn discover(_: String) -> Result<Vec<Dataset>, Error> {
        Err(failure("unsupported", "nothing to discover"))
    }

    fn doctor(_: String, _: u32) -> Health {
        Health { category: "ok".into(), latency_ms: None, message: String::new() }
    }
}

impl Attack {
    fn writer(&self) -> Result<&Writer, Error> {
        self.output.as_ref().ok_or_else(|| failure("internal", "there is no output"))
    }

    fn reader(&self) -> Result<&Reader, Error> {
        match self.inputs.first() {
            Some(input) => Ok(&input.table),
            None => Err(failure("internal", "there is no input")),
        }
    }

    /// Opens the output with one column and sends one batch of it.
    fn send(&self, column: Field, rows: u64, nodes: &[Node], buffers: &[&[u8]]) -> Outcome {
        self.send_tree(&[column], rows, nodes, buffers)
    }

    fn send_tree(&self, schema: &[Field], rows: u64, nodes: &[Node], buffers: &[&[u8]]) -> Outcome {
        let writer = self.writer()?;
        writer.open(schema)?;
        for buffer in buffers {
            writer.push(buffer);
        }
        writer.send(rows, nodes)?;
        done()
    }
}

fn done() -> Outcome {
    Ok(Summary { rows_written: None })
}

fn failure(kind: &str, message: impl Into<String>) -> Error {
    Error { kind: kind.into(), message: message.into(), retryable: false }
}

fn field(name: &str, format: &str) -> Field {
    parent(name, format, 0)
}

fn parent(name: &str, format: &str, children: u32) -> Field {
    Field {
        name: name.into(),
        format: format.into(),
        nullable: true,
        metadata: Vec::new(),
        children,
    }
}

fn node(length: u64, null_count: u64, buffers: u32) -> Node {
    Node { length, null_count, buffers }
}

/// Little-endian 32-bit offsets.
fn offsets(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

bindings::export!(Hostile with_types_in bindings);

const TEXT: &[u8] = include_bytes!("../spec.yaml");
#[used]
#[unsafe(link_section = "osiris:spec")]
static SPEC: [u8; TEXT.len()] = *TEXT.first_chunk().unwrap();
