//! Errors on the way to a server.

mod support;

use std::net::TcpListener;
use std::time::Duration;

use osiris_sdk::{Category, Kind, testing};
use postgres_extractor::PostgresExtractor;
use serde_json::{Value, json};
use services::postgres::{Options, Postgres, on_each_server};
use services::with_fields;
use support::read;

const LOTS: &str = "SELECT i, repeat('x', 1000) AS t FROM generate_series(1, 10000000) i";

fn one(connection: &Value) -> testing::Run<PostgresExtractor> {
    read(connection, json!({"query": "SELECT 1 AS a", "connect_timeout": 2, "read_timeout": 2}))
}

/// A server of the same version that takes encrypted connections only.
fn encrypted(plain: &Postgres) -> Postgres {
    let options = Options { release: plain.release(), tls: true, ..Options::default() };
    Postgres::start(options).expect("a server")
}

fn doctor(connection: &Value) -> Category {
    let health = testing::doctor::<PostgresExtractor>(connection.clone(), Duration::from_secs(3));
    assert!(!health.message.contains("hunter2"), "{}", health.message);
    assert!(health.latency.is_some_and(|latency| latency < Duration::from_secs(4)));
    health.category
}

#[test]
fn rejected_login_is_explained() {
    on_each_server(|server| {
        let good = server
            .database("doors", "CREATE TABLE secret (a int); CREATE ROLE guest LOGIN PASSWORD 'g'");
        let with = |field: &str, value: Value| {
            let mut connection = good.clone();
            connection[field] = value;
            connection
        };
        let wrong = with("password", json!("hunter2"));
        let report = one(&wrong).report();
        let error = report.result.expect_err("an error");
        assert_eq!(error.kind, Kind::Auth);
        assert!(error.message.contains("password authentication failed"), "{error}");
        assert!(!error.message.contains("hunter2"), "{error}");
        assert_eq!(report.pauses.len(), 0);
        assert_eq!(doctor(&wrong), Category::Auth);

        let unknown = with("database", json!("nowhere"));
        let error = one(&unknown).expect_err(Kind::NotFound);
        assert!(error.message.contains("\"nowhere\" does not exist"), "{error}");
        assert_eq!(doctor(&unknown), Category::Permission);

        let mut guest = with("user", json!("guest"));
        guest["password"] = json!("g");
        let error = read(&guest, json!({"table": "secret"})).expect_err(Kind::Permission);
        assert!(error.message.contains("permission denied for table secret"), "{error}");
    });
}

#[test]
fn unreachable_server_is_named() {
    let port = services::free().expect("a port");
    let refused = json!({
        "host": "127.0.0.1", "port": port, "database": "d", "user": "u", "password": "hunter2"
    });
    let report = one(&refused).report();
    let error = report.result.expect_err("an error");
    assert_eq!(error.kind, Kind::Network);
    assert!(error.message.contains(&format!("PostgreSQL at 127.0.0.1:{port}")), "{error}");
    assert_eq!(report.pauses.len(), 2);
    assert_eq!(doctor(&refused), Category::Network);

    let mut lost = refused.clone();
    lost["host"] = json!("no-such-host.invalid");
    let error = one(&lost).expect_err(Kind::Network);
    assert!(error.message.contains("cannot be resolved"), "{error}");
    assert_eq!(doctor(&lost), Category::Network);
}

#[test]
fn invalid_hosts_are_rejected_immediately() {
    on_each_server(|server| {
        let connection = server.connection("postgres");
        for (host, why) in [
            ("[::1]", "write it without them, `host: \"::1\"`"),
            ("/var/run/postgresql", "is a Unix socket"),
            ("@socket", "is a Unix socket"),
        ] {
            let mut connection = connection.clone();
            connection["host"] = json!(host);
            let report = one(&connection).report();
            let error = report.result.expect_err("an error");
            assert_eq!(error.kind, Kind::Config, "{error}");
            assert!(error.message.contains(why), "{error}");
            assert_eq!(report.pauses.len(), 0, "{host}");
        }
    });
}

#[test]
fn too_long_names_are_rejected() {
    on_each_server(|server| {
        let connection = server.connection("postgres");
        let name = "x".repeat(64);
        let error = read(&connection, json!({"table": name})).expect_err(Kind::Config);
        assert!(error.message.contains("has 64 bytes"), "{error}");
    });
}

#[test]
fn step_sets_its_own_statement_timeout() {
    on_each_server(|server| {
        let mut connection = server.database(
            "hurried",
            "CREATE ROLE hurried LOGIN PASSWORD 'h'; ALTER ROLE hurried SET statement_timeout = '100ms';
             ALTER ROLE hurried SET idle_in_transaction_session_timeout = '100ms'",
        );
        if server.sql("postgres", "SHOW server_version_num").unwrap().as_str() >= "170000" {
            let limit = "ALTER ROLE hurried SET transaction_timeout = '100ms'";
            server.sql("postgres", limit).unwrap();
        }
        connection["user"] = json!("hurried");
        connection["password"] = json!("h");
        let slow = |more: Value| {
            let config = with_fields(&json!({"query": "SELECT pg_sleep(0.4)::text AS a"}), &more);
            read(&connection, config)
        };
        slow(json!({})).expect_ok();
        slow(json!({"session": {"statement_timeout": "10s"}})).expect_ok();
        for short in [
            json!({"statement_timeout": 0.1}),
            json!({"session": {"statement_timeout": 100}}),
            json!({"session": {"statement_timeout": "100ms"}}),
        ] {
            let error = slow(short).expect_err(Kind::Timeout);
            assert!(error.message.contains("`statement_timeout` of the step or in its"), "{error}");
        }
        let both = json!({"statement_timeout": 1, "session": {"statement_timeout": 1}});
        let error = slow(both).expect_err(Kind::Config);
        assert!(error.message.contains("keep one of them"), "{error}");
    });
}

#[test]
fn transaction_uses_the_settings_of_the_step() {
    on_each_server(|server| {
        let mut connection = server.database(
            "settings",
            "CREATE ROLE boss; CREATE ROLE clerk LOGIN NOINHERIT PASSWORD 'c'; GRANT boss TO clerk;
             CREATE TABLE t (id int); INSERT INTO t VALUES (7); GRANT SELECT ON t TO boss;
             ALTER ROLE clerk SET array_nulls = off; ALTER ROLE clerk SET timezone = 'Asia/Tokyo'",
        );
        connection["user"] = json!("clerk");
        connection["password"] = json!("c");
        read(&connection, json!({"table": "t"})).expect_err(Kind::Permission);
        let session = json!({
            "role": "boss", "work_mem": "5MB", "enable_seqscan": false, "app.tenant": "it's \\ 1",
            "Lock_Timeout": 1234, "search_path": "pg_catalog, public",
        });
        let query = "SELECT id, current_user::text AS a, current_setting('work_mem') AS b, \
                     current_setting('enable_seqscan') AS c, current_setting('app.tenant') AS d, \
                     current_setting('lock_timeout') AS e, current_setting('search_path') AS f, \
                     current_setting('timezone') AS g, '{NULL}'::text[] AS h FROM t";
        let config = json!({"query": query, "session": session});
        read(&connection, config).expect_ok().assert_rows(&json!([[
            7,
            "boss",
            "5MB",
            "off",
            "it's \\ 1",
            "1234ms",
            "pg_catalog, public",
            "UTC",
            [null]
        ]]));
        // The role sees what it may see.
        let config = json!({"resolved_connection": connection, "session": {"role": "boss"}});
        let found = testing::discover::<PostgresExtractor>(config).expect("datasets");
        assert_eq!(found.len(), 1);
        for (session, why) in [
            (json!({"TimeZone": "Asia/Tokyo"}), "session.TimeZone: the driver sets it itself"),
            (json!({"transaction_read_only": false}), "the driver sets it itself"),
            (json!({"a = 1; b": 1}), "letters, digits, `_` and `.` only"),
            (json!({"no_such_setting": 1}), "session.no_such_setting: unrecognized"),
            (json!({"work_mem": "much"}), "session.work_mem: invalid value"),
            (json!({"role": "no_role"}), "session.role: role \"no_role\" does not exist"),
            (json!({"port": 1}), "session.port: parameter \"port\" cannot be changed"),
            (json!({"session_replication_role": "replica"}), "permission denied to set"),
        ] {
            let config = json!({"query": "SELECT 1 AS a", "session": session});
            let error = read(&connection, config).expect_err(Kind::Config);
            assert!(error.message.contains(why), "{error}");
        }
    });
}

#[test]
fn inaccessible_schemas_are_not_listed() {
    on_each_server(|server| {
        let mut connection = server.database(
        "closed",
        "CREATE ROLE visitor LOGIN PASSWORD 'v'; CREATE SCHEMA crm; CREATE TABLE crm.secret (a int);
         CREATE TABLE here (a int)",
    );
        connection["user"] = json!("visitor");
        connection["password"] = json!("v");
        let config = json!({"resolved_connection": connection});
        let found = testing::discover::<PostgresExtractor>(config).expect("datasets");
        assert_eq!(found.iter().map(|set| set.name.as_str()).collect::<Vec<_>>(), ["here"]);
    });
}

#[test]
fn silent_server_times_out() {
    on_each_server(|server| {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let connection = json!({
            "host": "127.0.0.1", "port": silent.local_addr().unwrap().port(), "database": "d",
            "user": "u", "password": "hunter2"
        });
        let config = json!({"query": "SELECT 1", "connect_timeout": 0.2});
        let error = read(&connection, config).expect_err(Kind::Timeout);
        assert!(error.message.contains("said nothing"), "{error}");
        assert_eq!(doctor(&connection), Category::Timeout);

        let slow = server.database("slow", "");
        let config = json!({"query": "SELECT pg_sleep(60)::text AS a", "read_timeout": 0.3});
        let error = read(&slow, config).expect_err(Kind::Timeout);
        assert!(error.message.contains("`read_timeout`"), "{error}");
    });
}

#[test]
fn passwords_may_contain_any_character() {
    on_each_server(|server| {
        let password = r#"a b@c/d:e%f?g#h'i"j\k$l&m=n;o{p}q🐘é"#;
        let quoted = password.replace('\'', "''");
        let mut connection = server.database("odd", "");
        server.sql("odd", &format!("CREATE ROLE \"o'd@d\" LOGIN PASSWORD '{quoted}'")).unwrap();
        connection["user"] = json!("o'd@d");
        connection["password"] = json!(password);
        one(&connection).expect_ok();
    });
}

#[test]
fn killed_server_is_an_error() {
    on_each_server(|plain| {
        let options = Options { release: plain.release(), ..Options::default() };
        let server = Postgres::start(options).expect("a server");
        let connection = server.connection("postgres");
        std::thread::scope(|scope| {
            let reading =
                scope.spawn(|| read(&connection, json!({"query": LOTS})).expect_err(Kind::Network));
            let busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%'";
            while server.sql("postgres", busy).is_ok_and(|count| count == "0") {
                std::thread::sleep(Duration::from_millis(5));
            }
            server.kill().expect("a dead server");
            let error = reading.join().expect("an end");
            assert!(error.retryable, "{error}");
        });
        server.restart().expect("a server");
        one(&connection).expect_ok();
    });
}

#[test]
fn connection_cut_within_a_row_is_an_error() {
    on_each_server(|server| {
        let mut connection = server.database("cut", "");
        let port = services::cutting_proxy(server.port, 300_000).expect("a proxy");
        connection["port"] = json!(port);
        let error = read(&connection, json!({"query": LOTS})).expect_err(Kind::Network);
        assert!(error.message.contains("lost"), "{error}");
    });
}

#[test]
fn other_cipher_suites_are_negotiated() {
    on_each_server(|plain| {
        let settings = [
            ("ssl_max_protocol_version", "TLSv1.2"),
            ("ssl_ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let release = plain.release();
        let options =
            Options { release, tls: true, settings: settings.into(), ..Options::default() };
        let server = Postgres::start(options).expect("a server");
        one(&server.connection("postgres")).expect_ok();
    });
}

#[test]
fn sslmode_determines_the_checks() {
    on_each_server(|plain| {
        let [server, foreign] = [(); 2].map(|()| encrypted(plain));
        let wrong = foreign.ca_file();
        let with = |host: &str, mode: &str, authority: Option<&std::path::Path>| {
            let mut connection = server.connection("postgres");
            connection["host"] = json!(host);
            connection["sslmode"] = json!(mode);
            if let Some(authority) = authority {
                connection["ca_file"] = json!(authority);
            }
            connection
        };
        let ca = server.ca_file();
        for good in [
            with("127.0.0.1", "prefer", None),
            with("127.0.0.1", "require", None),
            with("127.0.0.1", "verify-ca", Some(&ca)),
            with("127.0.0.1", "verify-full", Some(&ca)),
        ] {
            one(&good).expect_ok();
        }
        let error = one(&with("127.0.0.1", "disable", None)).expect_err(Kind::Auth);
        assert!(error.message.contains("no encryption"), "{error}");
        for mode in ["require", "verify-ca", "verify-full"] {
            let error = one(&with("127.0.0.1", mode, Some(&wrong))).expect_err(Kind::Network);
            assert!(error.message.contains("certificate"), "{error}");
        }
        one(&with("127.0.0.1", "verify-full", None)).expect_err(Kind::Network);
        let none = one(&with("127.0.0.1", "verify-full", Some("/nowhere.crt".as_ref())));
        none.expect_err(Kind::NotFound);
        // A server without encryption.
        let mut connection = plain.database("naked", "");
        connection["sslmode"] = json!("require");
        let error = one(&connection).expect_err(Kind::Network);
        assert!(error.message.contains("does not support TLS"), "{error}");
    });
}

#[test]
fn self_signed_certificate_can_be_trusted() {
    on_each_server(|plain| {
        let own = || Options {
            release: plain.release(),
            tls: true,
            self_signed: true,
            ..Options::default()
        };
        let server = Postgres::start(own()).expect("a server");
        let foreign = Postgres::start(own()).expect("a server");
        let with = |mode: &str, host: &str, of: &Postgres| {
            let mut connection = server.connection("postgres");
            connection["sslmode"] = json!(mode);
            connection["host"] = json!(host);
            connection["ca_file"] = json!(of.file("server.crt"));
            connection
        };
        for (mode, host) in
            [("require", "127.0.0.1"), ("verify-ca", "127.0.0.1"), ("verify-full", "localhost")]
        {
            one(&with(mode, host, &server)).expect_ok();
            let error = one(&with(mode, host, &foreign)).expect_err(Kind::Network);
            assert!(error.message.contains("certificate"), "{error}");
        }
        // The name still counts where it is asked for.
        let error = one(&with("verify-full", "127.0.0.1", &server)).expect_err(Kind::Network);
        assert!(error.message.contains("certificate"), "{error}");
    });
}

#[test]
fn client_certificate_is_supported() {
    on_each_server(|plain| {
        let server = encrypted(plain);
        server.sql("postgres", "CREATE ROLE certified LOGIN").expect("a role");
        let mut connection = server.connection("postgres");
        connection["user"] = json!("certified");
        connection["password"] = json!("");
        let _ = one(&connection).expect_err(Kind::Auth);
        connection["client_cert_file"] = json!(server.file("client.crt"));
        let error = one(&connection).expect_err(Kind::Config);
        assert!(
            error.message.contains("`client_cert_file` and `client_key_file` go together"),
            "{error}"
        );
        connection["client_key_file"] = json!(server.file("client.key"));
        one(&connection).expect_ok();
        connection["client_key_file"] = json!(server.file("client.crt"));
        let error = one(&connection).expect_err(Kind::Config);
        assert!(error.message.contains("must be a private key in PEM"), "{error}");
    });
}
