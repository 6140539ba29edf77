//! The sample project, with real servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use services::{mariadb, postgres};

use crate::{Osiris, TestProject};

/// MariaDB, shared by all tests of a process.
pub static MYSQL: LazyLock<mariadb::Server> = LazyLock::new(|| {
    mariadb::start(&mariadb::Options { tls: true, ..mariadb::Options::default() })
        .expect("MariaDB starts")
});
/// PostgreSQL, shared by all tests of a process.
pub static POSTGRES: LazyLock<postgres::Postgres> = LazyLock::new(|| {
    postgres::Postgres::start(postgres::Options { tls: true, ..postgres::Options::default() })
        .expect("PostgreSQL starts")
});

/// Returns the directory of the sample project.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testing_env")
}

/// Copies the sample project.
pub fn copy_sample(project: &TestProject) {
    for folder in ["pipelines", "data"] {
        for entry in fs::read_dir(samples().join(folder)).expect("the samples are there") {
            let path = entry.expect("an entry has a name").path();
            let file = path.file_name().expect("it has a name").to_owned();
            let bytes = fs::read(&path).expect("a sample can be read");
            project.write(Path::new(folder).join(file), bytes);
        }
    }
    let connections = fs::read(samples().join("osiris_connections.yaml")).expect("it is there");
    project.write("osiris_connections.yaml", connections);
    project.write("osiris.yaml", "version: 1\n");
}

/// A database of the sample project in each server.
#[derive(Debug)]
pub struct Databases {
    /// MariaDB and the name of its database.
    pub mysql: (&'static mariadb::Server, &'static str),
    /// PostgreSQL and the name of its database.
    pub postgres: (&'static postgres::Postgres, &'static str),
}

impl Databases {
    /// Recreates the databases with the tables of the sample project.
    pub fn fill(&self) {
        let Self { mysql: (mysql, name), .. } = self;
        let tables = fs::read_to_string(samples().join("data/movies.sql")).expect("it is there");
        mysql.database(name).expect("a database");
        mysql.sql(name, &tables).expect("its tables");
        let Self { postgres: (postgres, name), .. } = self;
        postgres
            .sql("postgres", &format!("DROP DATABASE IF EXISTS \"{name}\""))
            .expect("the old one can go");
        postgres.create_database(name).expect("a database");
    }

    /// Configures a command for the databases.
    pub fn reach(&self, osiris: Osiris) -> Osiris {
        let Self { mysql: (mysql, movies), postgres: (postgres, warehouse) } = self;
        osiris
            .env("MYSQL_PORT", mysql.port.to_string())
            .env("MYSQL_DATABASE", movies)
            .env("MYSQL_PASSWORD", mariadb::PASSWORD)
            .env("POSTGRES_PORT", postgres.port.to_string())
            .env("POSTGRES_DATABASE", warehouse)
            .env("POSTGRES_USER", &postgres.user)
            .env("POSTGRES_PASSWORD", &postgres.password)
    }
}

/// A copy of the sample project with separate databases.
#[derive(Debug)]
pub struct Project {
    /// The project.
    pub folder: TestProject,
    /// Name of the databases.
    pub name: &'static str,
    databases: Databases,
}

impl Project {
    /// Creates the project and recreates the databases with this name.
    pub fn new(name: &'static str) -> Self {
        let project = TestProject::new();
        copy_sample(&project);
        let databases = Databases { mysql: (&MYSQL, name), postgres: (&POSTGRES, name) };
        databases.fill();
        Self { folder: project, name, databases }
    }

    /// Returns `osiris` with these arguments, configured for the databases.
    pub fn osiris(&self, arguments: &[&str]) -> Osiris {
        self.reach(self.folder.osiris(arguments))
    }

    /// Configures a command for the databases.
    pub fn reach(&self, osiris: Osiris) -> Osiris {
        self.databases.reach(osiris)
    }

    /// Runs a sample, which must succeed, and returns its output.
    pub fn run(&self, pipeline: &str) -> String {
        let file = format!("pipelines/{pipeline}.yaml");
        self.osiris(&["run", &file]).run().expect(0).stdout
    }

    /// Runs a query in PostgreSQL and returns one line per row.
    pub fn postgres(&self, query: &str) -> String {
        POSTGRES.sql(self.name, query).expect("an answer").trim().to_owned()
    }
}
