//! Talks to a service over TCP and leaks its secrets.

mod tell;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use osiris_sdk::{
    BatchBuilder, Category, ColumnBuilder, Context, DataType, Dataset, DatasetColumn, Driver,
    Error, Field, Health, Input, Kind, Output, Result, Schema, Step, Summary,
};
use serde::Deserialize;
use serde_json::Value;

struct Client;

#[derive(Deserialize)]
struct Config {
    dial: Vec<String>,
    tell: bool,
    then: Then,
    resolved_connection: Connection,
}

#[derive(Deserialize)]
struct Connection {
    host: String,
    port: u16,
    password: String,
    dsn: String,
    database: String,
    schema: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Then {
    End,
    Fail,
    Panic,
}

impl Driver for Client {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        _: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let Config { dial, tell, then, resolved_connection: connection } = step.config;
        let mut output = output.ok_or_else(|| Error::internal("there is no output"))?;
        let schema = Schema::new(vec![Field::new("line", DataType::Utf8, false)]);
        output.open(&schema)?;
        let mut lines = vec![format!("{}.{}", connection.database, connection.schema)];
        lines.extend(ask(&connection)?);
        for address in dial {
            let got = match TcpStream::connect(&address) {
                Ok(_) => "reached".to_owned(),
                Err(error) => error.to_string(),
            };
            lines.push(format!("{address}: {got}"));
        }
        if tell {
            tell::everybody(ctx, &[&connection.password, &connection.dsn])?;
        }
        let mut batch = BatchBuilder::new(&schema);
        if let [ColumnBuilder::Utf8(column)] = &mut batch.columns[..] {
            lines.iter().for_each(|line| column.push_str(line));
        }
        output.send(&mut batch)?;
        match then {
            Then::End => Ok(Summary::default()),
            Then::Fail => Err(Error::data(format!("the password is {}", connection.password))),
            Then::Panic => panic!("the password is {}", connection.password),
        }
    }

    fn discover(_: &Context, config: Config) -> Result<Vec<Dataset>> {
        let column = |name: &str| DatasetColumn {
            name: name.to_owned(),
            data_type: DataType::Utf8,
            native_type: "line".to_owned(),
            nullable: false,
            primary_key: false,
        };
        let lines = ask(&config.resolved_connection)?;
        let dataset = |line: &String| Dataset {
            name: line.clone(),
            kind: "stream".to_owned(),
            estimated_rows: Some(line.len() as u64),
            columns: vec![column("line")],
        };
        Ok(lines.iter().map(dataset).collect())
    }

    fn doctor(_: &Context, connection: Value, _: Duration) -> Health {
        let started = Instant::now();
        let connection = match serde_json::from_value::<Connection>(connection) {
            Ok(connection) => connection,
            Err(error) => return Health::unknown(error.to_string()),
        };
        let Connection { password, schema, .. } = &connection;
        if schema == "slow" {
            std::thread::sleep(Duration::from_secs(60));
        }
        match dial(&connection) {
            Ok(_) => Health { latency: Some(started.elapsed()), ..Health::ok("it answers") },
            Err(error) => Health::new(
                Category::Network,
                format!("{} (the password is {password})", error.message),
            ),
        }
    }
}

/// Sends `hello` and returns the lines of the reply.
fn ask(connection: &Connection) -> Result<Vec<String>> {
    let mut stream = dial(connection)?;
    writeln!(stream, "hello").map_err(Error::from)?;
    BufReader::new(stream).lines().map(|line| line.map_err(Error::from)).collect()
}

fn dial(connection: &Connection) -> Result<TcpStream> {
    let Connection { host, port, .. } = connection;
    TcpStream::connect((host.as_str(), *port))
        .map_err(|error| Error::new(Kind::Network, format!("cannot reach {host}:{port}: {error}")))
}

osiris_sdk::export!(Client);
