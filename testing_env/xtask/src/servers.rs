//! The databases of the sample project.

use anyhow::Result;
use services::{mariadb, postgres};

use crate::shell::root;

/// Starts the databases, prints the variables for reaching them, and runs them until this process
/// ends.
pub(crate) fn run() -> Result<()> {
    let mysql = mariadb::start(&mariadb::Options::default())?;
    mysql.database("movies")?;
    mysql.sql("movies", &std::fs::read_to_string(root().join("testing_env/data/movies.sql"))?)?;
    let postgres = postgres::Postgres::start(postgres::Options::default())?;
    postgres.create_database("warehouse")?;
    println!("export MYSQL_PORT={} MYSQL_PASSWORD={}", mysql.port, quote(mariadb::PASSWORD));
    println!(
        "export POSTGRES_PORT={} POSTGRES_USER={} POSTGRES_PASSWORD={}",
        postgres.port,
        postgres.user,
        quote(&postgres.password)
    );
    eprintln!(
        "Paste these lines into another shell; there, in testing_env: osiris run pipelines/movies.yaml"
    );
    eprintln!("Ctrl-C stops the servers and removes what they hold.");
    loop {
        std::thread::park();
    }
}

/// Quotes a text for a shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
