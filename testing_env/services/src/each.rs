//! A MariaDB and a MySQL, for tests that must pass on both.

use std::sync::LazyLock;

use serde_json::Value;

use crate::mariadb::Server;

/// A MariaDB and a MySQL server shared by the tests of a process. Each starts on first use.
#[derive(Debug)]
pub struct Servers {
    /// The MariaDB server.
    pub mariadb: LazyLock<Server>,
    /// The MySQL server.
    pub mysql: LazyLock<Server>,
}

/// A new database on one of the servers.
#[derive(Debug)]
pub struct Database {
    /// `MariaDB` or `MySQL`.
    pub kind: &'static str,
    /// The connection of a step to the database.
    pub connection: Value,
    /// The server that has the database.
    pub server: &'static Server,
    name: String,
}

impl Servers {
    /// Creates servers that `mariadb` and `mysql` start on first use.
    #[must_use]
    pub const fn new(mariadb: fn() -> Server, mysql: fn() -> Server) -> Self {
        Self { mariadb: LazyLock::new(mariadb), mysql: LazyLock::new(mysql) }
    }

    /// Runs a check on MariaDB and on MySQL, each with a new database in which the statements have
    /// run.
    ///
    /// # Panics
    /// Panics if a server does not start or a statement fails.
    pub fn on_each(&'static self, name: &str, statements: &str, check: impl Fn(&Database)) {
        for (kind, server) in [("MariaDB", &*self.mariadb), ("MySQL", &*self.mysql)] {
            eprintln!("on {kind}:");
            let connection = server.new_database(name, statements);
            check(&Database { kind, connection, server, name: name.to_owned() });
        }
    }
}

impl Database {
    /// Runs statements and returns the rows: one per line, with tabs between the cells.
    ///
    /// # Panics
    /// Panics if a statement fails.
    pub fn sql(&self, statements: &str) -> String {
        self.server.sql(&self.name, statements).expect("rows")
    }

    /// Returns whether the server is MySQL.
    #[must_use]
    pub fn is_mysql(&self) -> bool {
        self.kind == "MySQL"
    }
}
