//! Attacks the host in every known way, so that the tests can see the host deny them. Built for
//! WebAssembly only: a native driver has no host to attack.
#![cfg(target_family = "wasm")]
#![expect(
    unsafe_code,
    reason = "the bindings export C functions, the spec needs a section's name, and some attacks are calls that no binding would make"
)]

mod abi;
mod answers;
mod batches;
mod bindings;
mod calls;
mod crashes;
mod files;
mod floods;
mod hoards;
mod neighbours;
mod network;
mod order;
mod project;
mod sandbox;
mod schemas;
mod secrets;
mod words;

use bindings::exports::osiris::driver::driver::{Dataset, Guest, Health, Input, Step, Summary};
use bindings::osiris::driver::arrow::{Field, Node};
use bindings::osiris::driver::tables::{Reader, Writer};
use bindings::osiris::driver::types::Error;

struct Hostile;

/// The inputs, output and connection available to an attack.
struct Attack {
    inputs: Vec<Input>,
    output: Option<Writer>,
    connection: Option<Connection>,
}

type Outcome = Result<Summary, Error>;
type Table = &'static [(&'static str, fn(&mut Attack) -> Outcome)];

const TABLES: [Table; 15] = [
    abi::ATTACKS,
    batches::ATTACKS,
    calls::ATTACKS,
    crashes::ATTACKS,
    files::ATTACKS,
    floods::ATTACKS,
    hoards::ATTACKS,
    neighbours::ATTACKS,
    network::ATTACKS,
    order::ATTACKS,
    project::ATTACKS,
    sandbox::ATTACKS,
    schemas::ATTACKS,
    secrets::ATTACKS,
    words::ATTACKS,
];

#[derive(serde::Deserialize)]
struct Config {
    /// `None` if only the connection names the attack.
    attack: Option<String>,
    resolved_connection: Option<Connection>,
}

#[derive(serde::Deserialize)]
struct Connection {
    host: String,
    port: u16,
    password: String,
    attack: String,
    /// Fields that the spec does not declare as secret.
    #[serde(flatten)]
    more: serde_json::Map<String, serde_json::Value>,
}

impl Guest for Hostile {
    fn run(step: Step, inputs: Vec<Input>, output: Option<Writer>) -> Outcome {
        let Config { attack, resolved_connection: connection } = serde_json::from_str(&step.config)
            .map_err(|error| failure("config", error.to_string()))?;
        let of_connection = connection.as_ref().map(|connection| connection.attack.clone());
        let attack = attack.or(of_connection).unwrap_or_default();
        let (_, run) = TABLES
            .iter()
            .flat_map(|table| table.iter())
            .find(|(name, _)| *name == attack)
            .ok_or_else(|| failure("config", format!("there is no attack `{attack}`")))?;
        run(&mut Attack { inputs, output, connection })
    }

    fn discover(config: String) -> Result<Vec<Dataset>, Error> {
        answers::discover(&config)
    }

    fn doctor(connection: String, _: u32) -> Health {
        answers::doctor(&connection)
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

    fn connection(&self) -> Result<&Connection, Error> {
        self.connection.as_ref().ok_or_else(|| failure("internal", "there is no connection"))
    }

    /// Returns successfully with a table of no rows.
    fn quiet(&self) -> Outcome {
        self.writer()?.open(&[field("n", "l")])?;
        done()
    }

    /// Opens the output with one column and sends one batch.
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

/// Returns an error that lists each attempt and its result, for the snapshot.
fn report(lines: impl IntoIterator<Item = (String, std::io::Result<String>)>) -> Outcome {
    let lines = lines.into_iter().map(|(what, got)| match got {
        Ok(got) => format!("{what}: allowed {got}"),
        Err(error) => format!("{what}: {error}"),
    });
    Err(failure("data", lines.collect::<Vec<_>>().join("; ")))
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

/// Encodes the offsets as little-endian 32-bit integers.
fn offsets(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

bindings::export!(Hostile with_types_in bindings);

const TEXT: &[u8] = include_bytes!("../spec.yaml");
#[used]
#[unsafe(link_section = "osiris:spec")]
static SPEC: [u8; TEXT.len()] = *TEXT.first_chunk().unwrap();
