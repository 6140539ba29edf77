//! The faulty driver's connection to a service: its health check and its datasets.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};

use osiris_sdk::{Category, DataType, Dataset, DatasetColumn, Error, Health, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::Config;

#[derive(Deserialize)]
pub(crate) struct Connection {
    host: String,
    port: u16,
    pub(crate) password: String,
    #[serde(default)]
    fault: String,
}

impl Connection {
    // Not `connect_timeout`: on wasm32-wasip2 it can mistake a refusal for a connection.
    fn dial(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect((self.host.as_str(), self.port))
    }
}

/// Returns an error if the service cannot be reached.
pub(crate) fn reach(config: &Config, connection: &Connection) -> Result<()> {
    let Connection { host, port, password, .. } = connection;
    let Err(error) = connection.dial() else { return Ok(()) };
    let message = format!("cannot reach {host}:{port}: {error}");
    Err(match config.fault.as_str() {
        "unreachable-internal" => Error::internal(message),
        "unreachable-panics" => panic!("{message}"),
        "unreachable-final" => Error::network(message).retryable(false),
        "error-bare" => Error::network(""),
        "error-retryable" => Error::auth(message).retryable(true),
        "secret-error" => Error::network(format!("{message} with the password {password}")),
        _ => Error::network(message),
    })
}

pub(crate) fn discover(config: &Config) -> Result<Vec<Dataset>> {
    let column = |name: &str, data_type, native: &str| DatasetColumn {
        name: name.to_owned(),
        data_type,
        native_type: native.to_owned(),
        nullable: false,
        primary_key: name == "id",
    };
    let native = if config.is("discover-native") { "" } else { "text" };
    let dataset = |name: &str| Dataset {
        name: name.to_owned(),
        kind: if config.is("discover-kind") { "sheet" } else { "table" }.to_owned(),
        estimated_rows: None,
        columns: vec![
            column("id", DataType::Int64, "integer"),
            column("name", DataType::Utf8, native),
        ],
    };
    let mut found = vec![dataset("first"), dataset("second")];
    match config.fault.as_str() {
        "discover-fails" => return Err(Error::internal("the list is lost")),
        "discover-panics" => panic!("the list is lost"),
        "discover-changes" => found[0].columns[0].native_type = nanoseconds().to_string(),
        "discover-unsorted" => found.reverse(),
        "discover-twice" => found.push(dataset("second")),
        "discover-nameless" => found.insert(0, dataset("")),
        "discover-column-twice" => found[0].columns.push(column("id", DataType::Utf8, "text")),
        _ => {}
    }
    Ok(found)
}

pub(crate) fn doctor(connection: Value, timeout: Duration) -> Health {
    let started = Instant::now();
    let connection = match serde_json::from_value::<Connection>(connection.clone()) {
        Ok(connection) => connection,
        // The fault of a connection that lacks all other fields is unknown.
        Err(error) => return Health::unknown(format!("no connection: {error}")),
    };
    let fault = connection.fault.as_str();
    if fault == "doctor-panics" {
        panic!("no doctor here");
    }
    let found = match connection.dial() {
        Err(error) if fault == "doctor-secret" => {
            Health::new(Category::Network, format!("{error} for {}", connection.password))
        }
        Err(error) if fault == "doctor-unknown" => Health::unknown(error.to_string()),
        Err(_) if fault == "doctor-bare" => Health::new(Category::Network, ""),
        Err(error) => Health::new(Category::Network, error.to_string()),
        Ok(_) if fault == "doctor-believes" => Health::ok("somebody listens"),
        Ok(stream) => greeting(stream, timeout, fault == "doctor-waits"),
    };
    let hour = Duration::from_secs(3600);
    let latency = if fault == "doctor-latency" { hour } else { started.elapsed() };
    Health { latency: Some(latency), ..found }
}

/// Waits for the first byte of the service.
fn greeting(mut stream: TcpStream, timeout: Duration, is_patient: bool) -> Health {
    // Nothing else ends a read of a silent service: without a limit it waits forever.
    let limit = if is_patient { None } else { Some(timeout.mul_f64(0.8)) };
    let read = stream.set_read_timeout(limit).and_then(|()| stream.read(&mut [0]));
    match read {
        Ok(_) => Health::ok("it answers"),
        Err(_) => Health::new(Category::Timeout, "it does not answer"),
    }
}

pub(crate) fn nanoseconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}
