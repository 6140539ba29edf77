//! The sample project with real servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use services::{mariadb, postgres};

use crate::{Osiris, Sandbox};

/// MariaDB, for all tests of a process.
pub static MYSQL: LazyLock<mariadb::Server> = LazyLock::new(|| {
    mariadb::start(&mariadb::Options { tls: true, ..mariadb::Options::default() })
        .expect("MariaDB starts")
});
/// PostgreSQL, for all tests of a process.
pub static POSTGRES: LazyLock<postgres::Postgres> = LazyLock::new(|| {
    postgres::Postgres::start(postgres::Options { tls: true, ..postgres::Options::default() })
        .expect("PostgreSQL starts")
});

/// The sample project.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testing_env")
}

/// A project like the sample one, with databases of its own.
#[derive(Debug)]
pub struct Project {
    /// The project.
    pub sandbox: Sandbox,
    /// What its databases are called.
    pub name: &'static str,
}

impl Project {
    /// Has databases of this name made anew.
    pub fn new(name: &'static str) -> Self {
        let sandbox = Sandbox::new();
        for folder in ["pipelines", "data"] {
            for entry in fs::read_dir(samples().join(folder)).expect("the samples are there") {
                let path = entry.expect("an entry has a name").path();
                let file = path.file_name().expect("it has a name").to_owned();
                let bytes = fs::read(&path).expect("a sample can be read");
                sandbox.write(Path::new(folder).join(file), bytes);
            }
        }
        let connections = fs::read(samples().join("osiris_connections.yaml")).expect("it is there");
        sandbox.write("osiris_connections.yaml", connections);
        sandbox.write("osiris.yaml", "version: 1\n");
        MYSQL.database(name).expect("a database");
        MYSQL.sql(name, &sandbox.read("data/movies.sql")).expect("its tables");
        POSTGRES
            .sql("postgres", &format!("DROP DATABASE IF EXISTS \"{name}\""))
            .expect("the old one can go");
        POSTGRES.create_database(name).expect("a database");
        Self { sandbox, name }
    }

    /// `osiris` with the way to the databases.
    pub fn osiris(&self, arguments: &[&str]) -> Osiris {
        self.reach(self.sandbox.osiris(arguments))
    }

    /// Lets a command find the databases.
    pub fn reach(&self, osiris: Osiris) -> Osiris {
        osiris
            .env("MYSQL_PORT", MYSQL.port.to_string())
            .env("MYSQL_DATABASE", self.name)
            .env("MYSQL_PASSWORD", mariadb::PASSWORD)
            .env("POSTGRES_PORT", POSTGRES.port.to_string())
            .env("POSTGRES_DATABASE", self.name)
            .env("POSTGRES_USER", &POSTGRES.user)
            .env("POSTGRES_PASSWORD", &POSTGRES.password)
    }

    /// Runs a sample, which must end well; what it printed.
    pub fn run(&self, pipeline: &str) -> String {
        let file = format!("pipelines/{pipeline}.yaml");
        self.osiris(&["run", &file]).run().expect(0).stdout
    }

    /// What PostgreSQL answers, a line a row.
    pub fn postgres(&self, query: &str) -> String {
        POSTGRES.sql(self.name, query).expect("an answer").trim().to_owned()
    }
}
