//! The beginning of a session, and its end.

mod support;

use std::io::Write;
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::{Error, Kind, testing};
use serde_json::{Value, json};
use services::mariadb::{self, Options, PASSWORD};
use services::mysql;
use services::with_fields;
use support::{SERVERS, database, step};

fn fault(connection: &Value, kind: Kind) -> Error {
    let error = step(connection, json!({"query": "SELECT 1"})).expect_err(kind);
    assert!(!error.message.contains(PASSWORD), "{error}");
    error
}

fn connects(connection: &Value) {
    step(connection, json!({"query": "SELECT 1 AS n"})).expect_ok().assert_rows(&json!([[1]]));
}

/// A server that refuses before it has greeted, in the form without a state.
fn refusing(code: u16, message: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let payload = [&[0xFF], &code.to_le_bytes()[..], message.as_bytes()].concat();
    let head = [payload.len() as u8, 0, 0, 0];
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.write_all(&[&head[..], &payload].concat());
        }
    });
    port
}

#[test]
fn refused_handshake_is_reported() {
    for (code, message, kind, retried) in [
        (1040, "Too many connections", Kind::Network, true),
        (1129, "Host '127.0.0.1' is blocked", Kind::Network, false),
        (1130, "Host '127.0.0.1' is not allowed to connect", Kind::Auth, false),
    ] {
        let connection = json!({
            "host": "127.0.0.1", "port": refusing(code, message), "database": "d", "user": "u"
        });
        let report = step(&connection, json!({"query": "SELECT 1"})).report();
        let error = report.result.expect_err("it refuses");
        assert_eq!((error.kind, error.retryable), (kind, retried), "{error}");
        assert!(error.message.contains(&format!("{message} (MySQL error {code})")), "{error}");
        assert_eq!(report.pauses.is_empty(), !retried, "{error}");
    }
}

#[test]
fn invalid_hosts_are_rejected() {
    let connection = database("no_host", "");
    for (host, part) in [
        ("[::1]", "write the address `::1` without brackets"),
        ("/run/mysqld/mysqld.sock", "unix socket, which drivers cannot use"),
    ] {
        let refused = with_fields(&connection, &json!({"host": host}));
        let report = step(&refused, json!({"query": "SELECT 1"})).report();
        let error = report.result.expect_err("no host");
        assert_eq!(error.kind, Kind::Config, "{error}");
        assert!(error.message.contains(part), "{error}");
        assert!(report.pauses.is_empty());
    }
}

#[test]
fn session_timeouts_allow_slow_steps() {
    SERVERS.on_each("slow_steps", "", |database| {
        database.sql("SET GLOBAL wait_timeout = 7, GLOBAL net_write_timeout = 7");
        let names = "@@wait_timeout AS a, @@net_write_timeout AS b, @@net_read_timeout AS c";
        let query = json!({"query": format!("SELECT {names}")});
        let report = step(&database.connection, query).expect_ok();
        report.assert_rows(&json!([[86_400, 86_400, 86_400]]));
        let session =
            json!({"query": "SELECT @@wait_timeout AS a", "session": {"wait_timeout": 99}});
        step(&database.connection, session).expect_ok().assert_rows(&json!([[99]]));
        for (session, part) in [
            (json!({"sql_mode": ""}), "the driver sets it itself"),
            (json!({"a=1; b": 1}), "letters, digits and `_` only"),
            (json!({"no_such_setting": 1}), "Unknown system variable"),
        ] {
            let config = json!({"query": "SELECT 1", "session": session});
            let error = step(&database.connection, config).expect_err(Kind::Config);
            assert!(error.message.contains(part), "{error}");
        }
    });
}

#[test]
fn authentication_plugins_are_supported() {
    SERVERS.on_each("log_in", "", |database| {
        if !database.is_mysql() {
            return;
        }
        let long = "p".repeat(250);
        database.sql(&format!(
            "CREATE USER long_one@'127.0.0.1' IDENTIFIED BY '{long}'; \
             CREATE USER older@'127.0.0.1' IDENTIFIED WITH sha256_password BY 'päß'; \
             GRANT ALL ON log_in.* TO long_one@'127.0.0.1', older@'127.0.0.1'"
        ));
        let as_user = |user: &str, password: &str, more: Value| {
            let user =
                with_fields(&database.connection, &json!({"user": user, "password": password}));
            with_fields(&user, &more)
        };
        let bare = json!({"tls": "disabled", "allow_insecure_auth": true});
        let error = fault(&as_user("long_one", &long, bare.clone()), Kind::Auth);
        assert!(error.message.contains("the password has 250 bytes"), "{error}");
        assert!(error.message.contains("set `tls: required`"), "{error}");
        connects(&as_user("long_one", &long, json!({})));
        connects(&as_user("older", "päß", json!({})));
        database.sql("FLUSH PRIVILEGES");
        connects(&as_user("older", "päß", bare));
        let error = fault(&as_user("older", "päß", json!({"tls": "disabled"})), Kind::Auth);
        assert!(error.message.contains("only sent over TLS"), "{error}");
    });
}

#[test]
fn users_requiring_tls_are_supported() {
    SERVERS.on_each("need_tls", "", |database| {
        database.sql(
            "CREATE USER secure@'127.0.0.1' IDENTIFIED BY 'a' REQUIRE SSL; \
             CREATE USER known@'127.0.0.1' IDENTIFIED BY 'a' REQUIRE X509; \
             GRANT ALL ON need_tls.* TO secure@'127.0.0.1'; \
             GRANT ALL ON need_tls.* TO known@'127.0.0.1'",
        );
        let as_user = |user: &str, more: Value| {
            let user = with_fields(&database.connection, &json!({"user": user, "password": "a"}));
            with_fields(&user, &more)
        };
        connects(&as_user("secure", json!({"tls": "required"})));
        let bare = json!({"tls": "disabled", "allow_insecure_auth": true});
        let error = fault(&as_user("secure", bare), Kind::Auth);
        assert!(error.message.contains("set `tls: required` if the user has to"), "{error}");
        let error = fault(&as_user("known", json!({})), Kind::Auth);
        assert!(error.message.contains("set `client_cert_file`"), "{error}");
        let [certificate, key] = database.server.client_files().map(|file| json!(file));
        let files = json!({"client_cert_file": certificate, "client_key_file": key});
        connects(&as_user("known", files.clone()));
        let half = json!({"client_cert_file": certificate});
        let error = fault(&as_user("known", half), Kind::Config);
        assert!(error.message.contains("go together"), "{error}");
        let error = fault(
            &as_user("known", with_fields(&files, &json!({"tls": "disabled"}))),
            Kind::Config,
        );
        assert!(error.message.contains("needs TLS"), "{error}");
        let wrong = with_fields(&files, &json!({"client_key_file": certificate}));
        let error = fault(&as_user("known", wrong), Kind::Config);
        assert!(error.message.contains("client_key_file"), "{error}");
    });
}

#[test]
fn self_signed_certificate_is_verified() {
    let server = mariadb::start(&Options { tls: true, ..Options::default() }).expect("a server");
    server.database("own").expect("a database");
    let folder = server.ca_file().parent().expect("a folder").to_owned();
    let made = Command::new("openssl")
        .current_dir(&folder)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", "server.key"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-out", "server.pem"])
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{made:?}");
    server.sql("", "FLUSH SSL").expect("it reads them again");
    let connection = json!({
        "host": "localhost", "port": server.port, "database": "own", "user": "root",
        "password": PASSWORD, "tls": "verify_identity", "ca_file": folder.join("server.pem")
    });
    connects(&connection);
    let by_address = with_fields(&connection, &json!({"host": "127.0.0.1"}));
    connects(&with_fields(&by_address, &json!({"tls": "verify_ca"})));
    let error = fault(&by_address, Kind::Network);
    assert!(error.message.contains("not valid for name"), "{error}");
    let other = with_fields(&connection, &json!({"ca_file": folder.join("other.pem")}));
    let error = fault(&other, Kind::Network);
    assert!(error.message.contains("certificate"), "{error}");
}

#[test]
fn cipher_suites_are_negotiated() {
    let cipher = |connection: &Value| {
        let query = json!({"query": "SHOW STATUS LIKE 'Ssl_cipher'"});
        step(connection, query).expect_ok().table().rows()[0][1].clone()
    };
    SERVERS.on_each("ciphers", "", |database| {
        assert_eq!(cipher(&database.connection), "TLS_CHACHA20_POLY1305_SHA256");
    });
    // One that has only others is asked again.
    let server = mysql::start(&Options {
        tls: true,
        arguments: vec!["--tls-ciphersuites=TLS_AES_256_GCM_SHA384".into()],
    })
    .expect("a server");
    server.database("ciphers").expect("a database");
    let connection = json!({
        "host": "127.0.0.1", "port": server.port, "database": "ciphers", "user": "root",
        "password": PASSWORD, "tls": "verify_ca", "ca_file": server.ca_file()
    });
    assert_eq!(cipher(&connection), "TLS_AES_256_GCM_SHA384");
}

#[test]
fn large_rows_get_separate_batches() {
    let connection = database("large_rows", "");
    let query = "SELECT REPEAT('x', 20 << 20) AS v UNION ALL SELECT 'y' UNION ALL \
                 SELECT REPEAT('z', 32 << 20) UNION ALL SELECT 'y'";
    let report = testing::run::<MysqlExtractor>(json!({
        "resolved_connection": connection, "query": query
    }))
    .expect_ok();
    let sizes: Vec<_> = report.table().batches().iter().map(osiris_sdk::Batch::rows).collect();
    assert_eq!(sizes, [1, 1, 1, 1]);
}
