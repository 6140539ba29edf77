//! Faults, and the messages about them.

#[path = "support/proxy.rs"]
mod proxy;
mod support;

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing;
use osiris_sdk::{Category, Error, Kind};
use serde_json::{Value, json};
use services::mariadb::{self, Options, PASSWORD};
use services::mysql;
use support::{SERVERS, database, step};

fn with(connection: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut connection = connection.clone();
    connection[field] = value.into();
    connection
}

fn fault(connection: &Value, kind: Kind) -> Error {
    let config = json!({"query": "SELECT 1", "connect_timeout": 0.3});
    let error = step(connection, config).expect_err(kind);
    assert!(!error.message.contains(PASSWORD), "{error}");
    error
}

fn doctor(connection: &Value) -> Category {
    let start = Instant::now();
    let health = testing::doctor::<MysqlExtractor>(connection.clone(), Duration::from_millis(500));
    assert!(start.elapsed() < Duration::from_secs(2), "{health:?}");
    assert!(!health.message.contains(PASSWORD), "{health:?}");
    health.category
}

#[test]
fn missing_privileges_are_reported() {
    let connection = database("who_may_not", "CREATE TABLE t (id INT)");
    SERVERS
        .mariadb
        .sql(
            "",
            "CREATE OR REPLACE USER nobody@'127.0.0.1' IDENTIFIED BY 'a'; \
             GRANT INSERT ON who_may_not.t TO nobody@'127.0.0.1'; \
             INSTALL SONAME 'auth_ed25519'; \
             CREATE OR REPLACE USER ed@'127.0.0.1' IDENTIFIED VIA ed25519 USING PASSWORD('päß'); \
             GRANT ALL ON who_may_not.* TO ed@'127.0.0.1'",
        )
        .expect("users");
    let wrong = with(&connection, "password", "wrong-secret");
    let error = fault(&wrong, Kind::Auth);
    assert!(error.message.contains("check `user` and `password`"), "{error}");
    assert!(!error.message.contains("wrong-secret"), "{error}");
    assert_eq!(doctor(&wrong), Category::Auth);
    assert_eq!(
        fault(&with(&connection, "database", "absent"), Kind::NotFound).kind,
        Kind::NotFound
    );
    let nobody = with(&with(&connection, "user", "nobody"), "password", "a");
    let error = step(&nobody, json!({"table": "t"})).expect_err(Kind::Permission);
    assert!(error.message.contains("SELECT command denied"), "{error}");
    assert_eq!(doctor(&with(&nobody, "database", "mysql")), Category::Permission);
    let ed = with(&with(&connection, "user", "ed"), "password", "päß");
    let _ = step(&ed, json!({"query": "SELECT 1"})).expect_ok();
}

#[test]
fn unreachable_server_is_reported() {
    let connection = database("where_nobody_is", "");
    let free = services::free().expect("a port");
    let refused = with(&connection, "port", free);
    let report = step(&refused, json!({"query": "SELECT 1"})).report();
    let error = report.result.expect_err("nobody listens");
    assert_eq!((error.kind, error.retryable), (Kind::Network, true), "{error}");
    assert_eq!(report.pauses.len(), 2);
    assert_eq!(doctor(&refused), Category::Network);
    let unknown = with(&connection, "host", "nowhere.invalid");
    assert!(
        fault(&unknown, Kind::Network).message.contains("\"nowhere.invalid\" cannot be resolved")
    );
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = with(&connection, "port", silent.local_addr().expect("an address").port());
    assert!(fault(&silent, Kind::Timeout).message.contains("`connect_timeout`"));
    assert_eq!(doctor(&silent), Category::Timeout);
    let odd = with(&connection, "port", "secret-in-the-wrong-place");
    assert_eq!(doctor(&odd), Category::Unknown);
}

#[test]
fn tls_modes_are_enforced() {
    let connection = database("encryption", "");
    let cipher = |connection: &Value| {
        let query = json!({"query": "SHOW STATUS LIKE 'Ssl_cipher'"});
        step(connection, query).expect_ok().table().rows()[0][1].clone()
    };
    assert_eq!(cipher(&connection), json!(""));
    for (tls, host) in [
        ("preferred", "127.0.0.1"),
        ("required", "127.0.0.1"),
        ("verify_ca", "localhost"),
        ("verify_identity", "localhost"),
        ("verify_identity", "127.0.0.1"),
    ] {
        let secure = with(&with(&connection, "tls", tls), "host", host);
        let secure = with(&secure, "ca_file", SERVERS.mariadb.ca_file().display().to_string());
        assert_ne!(cipher(&secure), json!(""), "{tls}");
        let stranger =
            with(&secure, "ca_file", SERVERS.mariadb.other_ca_file().display().to_string());
        if tls.starts_with("verify") {
            let error = fault(&stranger, Kind::Network);
            assert!(error.message.contains("certificate"), "{error}");
            assert!(!error.retryable);
            let public = with(&with(&connection, "tls", tls), "host", host);
            assert!(fault(&public, Kind::Network).message.contains("certificate"));
        }
    }
    // The certificate does not name the proxy.
    let proxy = proxy::start("127.0.0.2", SERVERS.mariadb.port, |_, _| true);
    let named = with(&with(&connection, "host", "127.0.0.2"), "port", proxy);
    let named = with(&named, "ca_file", SERVERS.mariadb.ca_file().display().to_string());
    assert_ne!(cipher(&with(&named, "tls", "verify_ca")), json!(""));
    let error = fault(&with(&named, "tls", "verify_identity"), Kind::Network);
    assert!(error.message.contains("certificate not valid for name"), "{error}");
    let absent = with(&with(&connection, "tls", "verify_ca"), "ca_file", "/nowhere/ca.pem");
    assert!(fault(&absent, Kind::NotFound).message.contains("ca_file /nowhere/ca.pem"));
}

#[test]
fn slow_query_times_out() {
    let connection = database("too_long", "");
    let config = json!({"query": "SELECT SLEEP(30)", "read_timeout": 0.3});
    let error = step(&connection, config).expect_err(Kind::Timeout);
    assert!(error.message.contains("did not answer within 0.3 s; `read_timeout`"), "{error}");
}

#[test]
fn cut_or_corrupted_connection_is_an_error() {
    let connection = database("cut", "");
    let config = json!({"query": "SELECT seq, REPEAT('MARKER', 20) AS text FROM seq_1_to_100000"});
    let cut = proxy::start("127.0.0.1", SERVERS.mariadb.port, |total, _| total < 3_000_000);
    let error = step(&with(&connection, "port", cut), config.clone()).expect_err(Kind::Network);
    assert!(error.message.contains("reading the query"), "{error}");
    assert!(error.message.contains("closed the connection"), "{error}");
    let spoilt = proxy::start("127.0.0.1", SERVERS.mariadb.port, |total, said| {
        if total > 1_000_000
            && let Some(at) = said.windows(6).position(|part| part == b"MARKER")
        {
            said[at] = 0xFF;
        }
        true
    });
    let error = step(&with(&connection, "port", spoilt), config).expect_err(Kind::Data);
    assert!(error.message.contains(", column \"text\": the value is not UTF-8"), "{error}");
    assert!(error.message.contains("row "), "{error}");
}

#[test]
fn killed_server_is_an_error() {
    let mut server = mariadb::start(&Options::default()).expect("a server");
    server.database("killed").expect("a database");
    let connection = json!({
        "host": "127.0.0.1", "port": server.port, "database": "killed", "user": "root",
        "password": PASSWORD
    });
    let query = json!({"query": "SELECT seq, IF(seq > 50000, SLEEP(100), 0) FROM seq_1_to_100000"});
    let reader = thread::spawn(move || step(&connection, query).expect_err(Kind::Network));
    let sleeping = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";
    while server.sql("", sleeping).expect("an answer") != "1" {
        thread::sleep(Duration::from_millis(10));
    }
    server.kill().expect("an end");
    let error = reader.join().expect("an error");
    assert!(error.retryable, "{error}");
    assert!(error.message.contains("closed the connection: it was stopped"), "{error}");
    assert!(!error.message.contains("os error"), "{error}");
    server.restart().expect("a server");
    assert_eq!(server.sql("", "SELECT 1").expect("an answer"), "1");
}

#[test]
fn stopped_server_is_an_error() {
    for server in [
        mariadb::start(&Options::default()).expect("a server"),
        mysql::start(&Options::default()).expect("a server"),
    ] {
        let connection = server.new_database("stopped", "CREATE TABLE t (id INT)");
        let query = json!({"query": "SELECT 1 AS n UNION ALL SELECT SLEEP(100)"});
        let reader = thread::spawn(move || step(&connection, query).expect_err(Kind::Network));
        let sleeping =
            "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";
        while server.sql("", sleeping).expect("an answer") != "1" {
            assert!(!reader.is_finished(), "{:?}", reader.join());
            thread::sleep(Duration::from_millis(10));
        }
        server.sql("", "SHUTDOWN").expect("an end");
        let error = reader.join().expect("an error");
        assert!(error.retryable, "{error}");
        assert!(error.message.contains("stopped"), "{error}");
        assert!(!error.message.contains("os error"), "{error}");
    }
}

/// Reads a table of 34 MB, and ends the session in the middle of that.
#[test]
fn killed_session_is_an_error() {
    let tables = "CREATE TABLE t (v LONGTEXT); \
         INSERT INTO t VALUES (REPEAT('x', 1000000)), (REPEAT('x', 1000000)); \
         INSERT INTO t SELECT a.v FROM t a, t b, t c, t d, t e";
    SERVERS.on_each("session_killed", tables, |database| {
        let mut connection = database.connection.clone();
        // A reader that has not taken everything has the server wait in the middle.
        let slow = proxy::start("127.0.0.1", database.server.port, |total, _| {
            while total > 10_000_000 && !KILLED.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(10));
            }
            true
        });
        connection["port"] = json!(slow);
        KILLED.store(false, Ordering::SeqCst);
        let reader = thread::spawn(move || {
            step(&connection, json!({"table": "t"})).expect_err(Kind::Network)
        });
        let session = "SELECT MAX(id) FROM information_schema.processlist \
             WHERE db = 'session_killed' AND command IN ('Execute', 'Query') AND time >= 1 \
             AND id <> CONNECTION_ID()";
        let id = loop {
            match database.sql(session) {
                id if id != "NULL" => break id,
                _ if reader.is_finished() => panic!("{:?}", reader.join()),
                _ => thread::sleep(Duration::from_millis(50)),
            }
        };
        database.sql(&format!("KILL {id}"));
        KILLED.store(true, Ordering::SeqCst);
        let error = reader.join().expect("an error");
        assert!(error.retryable, "{error}");
        assert!(error.message.starts_with("reading table \"t\": "), "{error}");
        assert!(error.message.contains("KILL"), "{error}");
        assert!(!error.message.contains("os error"), "{error}");
    });
}

static KILLED: AtomicBool = AtomicBool::new(false);

#[test]
fn too_large_rows_are_reported() {
    let connection = database(
        "beyond_limits",
        "CREATE TABLE t (id INT, a TEXT, v LONGBLOB); \
         INSERT INTO t VALUES (1, 'a', REPEAT('x', 70 << 20)), (2, REPEAT('y', 60000), \
         REPEAT('z', 129 << 20))",
    );
    let config = json!({"table": "t", "filter": "id = 1"});
    let report = step(&connection, config).expect_ok();
    report.assert_logged("row 1 has 73400336 bytes, 73400320 of them in column \"v\"");
    report.assert_logged("set `limits: {batch: 71MiB}`");
    let error = step(&connection, json!({"table": "t"})).expect_err(Kind::Data);
    assert!(error.message.contains("reading table \"t\": row 2, column \"v\": "), "{error}");
    assert!(error.message.contains("has 135266304 bytes"), "{error}");
    assert!(error.message.contains("up to 128 MiB; leave the column out"), "{error}");
}
