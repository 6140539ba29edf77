//! Extracting from and loading into real database servers, compared with their own clients and
//! pandas.

use std::fs::File;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use services::{mariadb, postgres};

use super::Row;
use super::boundary::metric;
use super::peer::{NAME, Pandas};
use super::trial::{Trial, in_turn, until_end};
use crate::shell::{build_dir, cargo};

/// Rows of a table of mixed types, about 90 bytes each as CSV.
const ROWS: u64 = 5_000_000;
const DATABASE: &str = "bench";

const EXTRACT: &str = r#"
oml_version: "0.1.0"
name: out
steps:
  - {id: read, component: FAMILY.extractor, mode: read, config: {table: items}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}
"#;

/// Without a reader of the table, so that only reading counts.
const READ: &str = r#"
oml_version: "0.1.0"
name: read
steps:
  - {id: read, component: FAMILY.extractor, mode: read, config: {table: items}}
"#;

const LOAD: &str = r#"
oml_version: "0.1.0"
name: in
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: out.csv, infer_rows: 1000, parse_dates: [day, changed]}}
  - {id: write, component: postgres.writer, mode: write, config: {table: copied, mode: truncate}}
"#;

const PANDAS: &str = "
import pandas, sqlalchemy
url = sqlalchemy.engine.URL.create('DRIVER', 'USER', 'PASSWORD', '127.0.0.1', PORT, 'bench')
engine = sqlalchemy.create_engine(url)
with engine.connect().execution_options(stream_results=True) as connection:
    chunks = pandas.read_sql('SELECT * FROM items', connection, chunksize=100_000)
    for index, chunk in enumerate(chunks):
        chunk.to_csv('pandas.csv', index=False, mode='a' if index else 'w', header=not index)
";

/// Installs the peers and builds the drivers without a sandbox.
fn prepare() -> Result<Pandas> {
    let pandas = Pandas::install()?;
    pandas.add(&["sqlalchemy==2.0.44", "pymysql==1.1.2", "psycopg2-binary==2.9.11"])?;
    cargo(&[
        "build",
        "--release",
        "--examples",
        "-p",
        "mysql-extractor",
        "-p",
        "postgres-extractor",
    ])?;
    Ok(pandas)
}

pub(super) fn mariadb() -> Result<Vec<Row>> {
    let pandas = &prepare()?;
    let server = mariadb::start(&mariadb::Options::default())?;
    server.database(DATABASE)?;
    // pymysql cannot send every password.
    let user = format!("CREATE USER {DATABASE}@'127.0.0.1' IDENTIFIED BY '{DATABASE}'");
    server.sql("", &format!("{user}; GRANT ALL ON {DATABASE}.* TO {DATABASE}@'127.0.0.1'"))?;
    server.sql(
        DATABASE,
        &format!(
            "CREATE TABLE items (id BIGINT PRIMARY KEY, customer INT UNSIGNED, product VARCHAR(40),
               amount DECIMAL(12,2), ratio DOUBLE, day DATE, changed DATETIME(6), paid TINYINT, note TEXT);
             INSERT INTO items SELECT seq, seq * 7919 % 1000003, CONCAT('product-', seq % 99991),
               seq % 1000000 / 100, seq / 7, '2020-01-01' + INTERVAL seq % 2000 DAY,
               '2020-01-01' + INTERVAL seq MICROSECOND, seq % 2, IF(seq % 3, NULL, 'a \"note\", or two')
             FROM seq_1_to_{ROWS}"
        ),
    )?;
    let trial = Trial::new(&EXTRACT.replace("FAMILY", "mysql"))?;
    connect(&trial, "mysql", server.port, DATABASE, DATABASE)?;
    trial.warm()?;
    let out = trial.path().join("client.tsv");
    let client = || {
        let mut client = server.client(DATABASE);
        client.args(["--quick", "-e", "SELECT * FROM items"]).stdout(File::create(&out)?);
        until_end(&mut client)
    };
    let script = script("mysql+pymysql", DATABASE, DATABASE, server.port);
    let names = [
        "MariaDB -> CSV, 5 M rows",
        "MariaDB -> CSV, beside pandas",
        "MariaDB -> CSV, peak memory",
    ];
    let mut rows = extract(&trial, names, "mariadb --batch", client, pandas, &script)?;
    let connection = connection(server.port, DATABASE, DATABASE);
    rows.push(sandbox(&trial, "mysql", "MariaDB read, the price of the sandbox", &connection)?);
    Ok(rows)
}

pub(super) fn postgres() -> Result<Vec<Row>> {
    let pandas = &prepare()?;
    let server = postgres::Postgres::start(postgres::Options::default())?;
    server.create_database(DATABASE)?;
    server.sql(
        DATABASE,
        &format!(
            "CREATE TABLE items AS SELECT i AS id, (i * 7919 % 1000003)::int AS customer,
               'product-' || i % 99991 AS product, (i % 1000000 / 100.0)::numeric(12,2) AS amount,
               i / 7.0::float8 AS ratio, date '2020-01-01' + (i % 2000)::int AS day,
               timestamp '2020-01-01' + i * interval '1 microsecond' AS changed, i % 2 = 0 AS paid,
               CASE WHEN i % 3 = 0 THEN 'a \"note\", or two' END AS note
             FROM generate_series(1, {ROWS}::bigint) AS i"
        ),
    )?;
    server.sql(DATABASE, "CREATE TABLE copied (LIKE items)")?;
    server.sql(DATABASE, "VACUUM ANALYZE items")?;
    let trial = Trial::new(&EXTRACT.replace("FAMILY", "postgres"))?;
    connect(&trial, "postgres", server.port, &server.user, &server.password)?;
    trial.warm()?;
    let copy = |what: &str| {
        let command = format!("\\copy {what} WITH (FORMAT csv, HEADER)");
        until_end(server.client(DATABASE, &command)?.current_dir(trial.path()))
    };
    let script = script("postgresql+psycopg2", &server.user, &server.password, server.port);
    let names = [
        "PostgreSQL -> CSV, 5 M rows",
        "PostgreSQL -> CSV, beside pandas",
        "PostgreSQL -> CSV, peak memory",
    ];
    let mut rows =
        extract(&trial, names, "psql \\copy", || copy("items TO 'client.csv'"), pandas, &script)?;

    let connection = connection(server.port, &server.user, &server.password);
    let name = "PostgreSQL read, the price of the sandbox";
    rows.push(sandbox(&trial, "postgres", name, &connection)?);

    trial.rewrite(LOAD)?;
    trial.warm()?;
    let truncate = || {
        server.sql(DATABASE, "TRUNCATE copied")?;
        server.sql(DATABASE, "CHECKPOINT")
    };
    let (ours, theirs) = in_turn(
        || {
            truncate()?;
            trial.run()
        },
        || {
            truncate()?;
            copy("copied FROM 'out.csv'")
        },
    )?;
    rows.push(Row::less(
        "CSV -> PostgreSQL, 5 M rows",
        "s",
        ours,
        ("psql \\copy", theirs),
        "within 1.3x",
    ));
    Ok(rows)
}

fn extract(
    trial: &Trial,
    [beside_client, beside_pandas, memory]: [&'static str; 3],
    client_name: &'static str,
    client: impl FnMut() -> Result<f64>,
    pandas: &Pandas,
    script: &str,
) -> Result<Vec<Row>> {
    let (ours, theirs) = in_turn(|| trial.run(), client)?;
    let peak = trial.peak_mb()?;
    // Run only once, since it takes minutes.
    let pandas_seconds = pandas.run(script, trial.path())?;
    Ok(vec![
        Row::less(beside_client, "s", ours, (client_name, theirs), ">= 1x"),
        Row::less(beside_pandas, "s", ours, (NAME, pandas_seconds), ">= 3x"),
        Row::alone(memory, "MB", peak, "< 120 MB"),
    ])
}

fn script(driver: &str, user: &str, password: &str, port: u16) -> String {
    let escaped = password.replace('\\', "\\\\").replace('\'', "\\'");
    PANDAS
        .replace("DRIVER", driver)
        .replace("USER", user)
        .replace("PASSWORD", &escaped)
        .replace("PORT", &port.to_string())
}

/// Compares the same code with and without a sandbox.
fn sandbox(trial: &Trial, family: &str, name: &'static str, connection: &Value) -> Result<Row> {
    trial.rewrite(&READ.replace("FAMILY", family))?;
    trial.warm()?;
    let config = json!({"table": "items", "resolved_connection": connection}).to_string();
    let program = build_dir()?.with_file_name("release").join(format!("examples/{family}_native"));
    let ours = || {
        trial.run()?;
        Ok(metric(&trial.session_file("metrics.jsonl")?, "read", "step_duration_ms")? / 1e3)
    };
    let native = || {
        let output = Command::new(&program).arg(&config).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.trim().parse().with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (ours, native) = in_turn(ours, native)?;
    Ok(Row::less(name, "s", ours, ("native", native), "within 1.3x"))
}

fn connection(port: u16, user: &str, password: &str) -> Value {
    json!({
        "host": "127.0.0.1", "port": port, "database": DATABASE, "user": user, "password": password,
    })
}

fn connect(trial: &Trial, family: &str, port: u16, user: &str, password: &str) -> Result<()> {
    let connection = connection(port, user, password);
    let file = json!({"version": 1, "connections": {family: {"default": connection}}});
    std::fs::write(trial.path().join("osiris_connections.yaml"), file.to_string())?;
    Ok(())
}
