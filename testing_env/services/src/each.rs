//! MariaDB and MySQL side by side, for tests that hold on both.

use std::sync::LazyLock;

use serde_json::Value;

use crate::mariadb::Server;

/// A MariaDB and a MySQL that the tests of a process share. Each starts when it
/// is first used.
#[derive(Debug)]
pub struct Servers {
    /// The MariaDB.
    pub mariadb: LazyLock<Server>,
    /// The MySQL.
    pub mysql: LazyLock<Server>,
}

/// A new database on one of the servers.
#[derive(Debug)]
pub struct Database {
    /// `MariaDB` or `MySQL`.
    pub kind: &'static str,
    /// The connection of a step.
    pub connection: Value,
    /// The server that has the database.
    pub server: &'static Server,
    name: String,
}

impl Servers {
    /// Servers that [`mariadb`](Self::mariadb) and [`mysql`](Self::mysql) start.
    #[must_use]
    pub const fn new(mariadb: fn() -> Server, mysql: fn() -> Server) -> Self {
        Self { mariadb: LazyLock::new(mariadb), mysql: LazyLock::new(mysql) }
    }

    /// Runs a check on MariaDB and on MySQL, each with a new database in which the
    /// statements have run.
    ///
    /// # Panics
    /// If a server does not start, or refuses the statements.
    pub fn on_each(&'static self, name: &str, statements: &str, check: impl Fn(&Database)) {
        for (kind, server) in [("MariaDB", &*self.mariadb), ("MySQL", &*self.mysql)] {
            eprintln!("on {kind}:");
            let connection = server.new_database(name, statements);
            check(&Database { kind, connection, server, name: name.to_owned() });
        }
    }
}

impl Database {
    /// Runs statements and returns the rows: a line each, tabs between the cells.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn sql(&self, statements: &str) -> String {
        self.server.sql(&self.name, statements).expect("rows")
    }

    /// Returns whether the server is MySQL.
    #[must_use]
    pub fn is_mysql(&self) -> bool {
        self.kind == "MySQL"
    }
}
