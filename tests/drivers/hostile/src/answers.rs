//! Attacks in `discover` and `doctor`, selected by the connection.

use std::hint::black_box;
use std::time::Duration;

use crate::bindings::exports::osiris::driver::driver::{Column, Dataset, Health};
use crate::bindings::osiris::driver::context::{self, Level};
use crate::bindings::osiris::driver::types::Error;
use crate::{Connection, failure};

/// Clears the screen, sets the title, and overwrites the text on the screen.
const ESCAPES: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}1A\u{202e}\r[ERROR] forged\0";

pub(crate) fn discover(config: &str) -> Result<Vec<Dataset>, Error> {
    #[derive(serde::Deserialize)]
    struct Only {
        resolved_connection: Connection,
    }
    let Only { resolved_connection: connection } =
        serde_json::from_str(config).map_err(|error| failure("config", error.to_string()))?;
    either(&connection);
    match connection.attack.as_str() {
        "many-datasets" => Ok((0..1_100_000).map(|at| dataset(&at.to_string(), 0)).collect()),
        "many-columns" => Ok(vec![dataset("wide", 1_000_000)]),
        "a-hundred-thousand-columns" => Ok(vec![dataset("wide", 100_000)]),
        "names-of-much-text" => {
            Ok((0..20).map(|at| dataset(&format!("{at}{}", "n".repeat(1 << 20)), 0)).collect())
        }
        "long-name" => Ok(vec![dataset(&"n".repeat(1 << 20), 0)]),
        "long-cell" => {
            // With every row padded to the longest cell, the table would take two gibibytes.
            let mut many = dataset("wide", 20_000);
            many.columns[0].name = "n".repeat(100_000);
            Ok(vec![many])
        }
        "secret-in-names" => {
            let mut told = dataset(&connection.password, 1);
            told.columns[0].name = connection.password.clone();
            Ok(vec![told])
        }
        "escapes" => {
            let mut odd = dataset(ESCAPES, 1);
            odd.kind = ESCAPES.into();
            odd.estimated_rows = Some(u64::MAX);
            odd.columns[0].format = ESCAPES.into();
            odd.columns[0].native_type = ESCAPES.into();
            Ok(vec![odd.clone(), odd])
        }
        "error-escapes" => Err(failure(ESCAPES, ESCAPES)),
        "error-flood" => Err(failure("data", "e".repeat(32 << 20))),
        "secret-in-error" => {
            Err(failure("auth", crate::secrets::forms(&connection.password).join(" ")))
        }
        _ => Ok(vec![dataset("quiet", 1)]),
    }
}

pub(crate) fn doctor(connection: &str) -> Health {
    let connection: Connection = match serde_json::from_str(connection) {
        Ok(connection) => connection,
        Err(error) => return health("unknown", error.to_string()),
    };
    either(&connection);
    match connection.attack.as_str() {
        "category" => health("splendid", "there is no such category"),
        "category-escapes" => health(ESCAPES, ESCAPES),
        "message-flood" => health("auth", "m".repeat(32 << 20)),
        "latency-none" => Health { latency_ms: Some(f64::NAN), ..health("ok", "not a number") },
        "latency-endless" => Health { latency_ms: Some(f64::INFINITY), ..health("ok", "endless") },
        "latency-negative" => {
            Health { latency_ms: Some(-1.0e308), ..health("ok", "before it began") }
        }
        "secret-in-message" => {
            health("auth", crate::secrets::forms(&connection.password).join(" "))
        }
        _ => health("ok", "quiet"),
    }
}

/// Runs the attacks that both `discover` and `doctor` can make.
fn either(connection: &Connection) {
    match connection.attack.as_str() {
        "loop" => loop {
            black_box(0);
        },
        "sleep" => std::thread::sleep(Duration::from_secs(u64::from(u32::MAX))),
        "memory" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        "trap" => core::arch::wasm32::unreachable(),
        "exit" => std::process::exit(0),
        "recursion" => {
            black_box(deeper(0));
        }
        "panic" => {
            context::panicked(&format!("the secret is {}; {ESCAPES}", connection.password));
            core::arch::wasm32::unreachable()
        }
        "flood" => {
            for _ in 0..5000 {
                context::log(Level::Error, ESCAPES);
                println!("{}", connection.password);
                context::progress(u64::MAX, Some(0));
            }
        }
        "write" => {
            for path in ["forged", "/forged", "../forged", "logs/forged", "data/file.txt"] {
                if std::fs::write(path, "x").is_ok() {
                    core::arch::wasm32::unreachable();
                }
            }
        }
        _ => {}
    }
}

fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    if frame[0] == u64::MAX {
        return 0;
    }
    deeper(depth + 1) + frame[3]
}

fn health(category: &str, message: impl Into<String>) -> Health {
    Health { category: category.into(), latency_ms: None, message: message.into() }
}

fn dataset(name: &str, columns: usize) -> Dataset {
    let column = |at: usize| Column {
        name: at.to_string(),
        format: "l".into(),
        native_type: "int".into(),
        nullable: true,
        primary_key: false,
    };
    Dataset {
        name: name.into(),
        kind: "table".into(),
        estimated_rows: None,
        columns: (0..columns).map(column).collect(),
    }
}
