//! The ways in which a password is sent: none that others could read, unless the user says so.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use osiris_sdk::{Category, Kind, testing};
use postgres_extractor::PostgresExtractor;
use serde_json::{Value, json};
use services::postgres::{Options, Postgres, Release};
use services::with_fields;
use support::read;

const PASSWORD: &str = "hunter2hunter2";

/// A server without TLS that asks for the password in its own way, and all that it is sent
/// after that.
fn server(request: Vec<u8>, connections: usize) -> (u16, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serve = move |mut stream: TcpStream| {
        let mut message = [0; 4];
        stream.read_exact(&mut message).expect("a length");
        let mut body = vec![0; u32::from_be_bytes(message) as usize - 4];
        stream.read_exact(&mut body).expect("a message");
        if body == 80_877_103_u32.to_be_bytes() {
            stream.write_all(b"N").expect("it listens");
            stream.read_exact(&mut message).expect("a length");
            body = vec![0; u32::from_be_bytes(message) as usize - 4];
            stream.read_exact(&mut body).expect("a message");
        }
        // In two pieces, as networks like it.
        let (first, second) = request.split_at(3);
        stream.write_all(first).expect("it listens");
        thread::sleep(Duration::from_millis(20));
        let _ = stream.write_all(second);
        stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a time");
        let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            heard.extend_from_slice(&buffer[..count]);
        }
        heard
    };
    let heard = thread::spawn(move || {
        let all = listener.incoming().take(connections).flatten();
        all.flat_map(serve).collect()
    });
    (port, heard)
}

fn request(code: u32, more: &[u8]) -> Vec<u8> {
    let length = (8 + more.len() as u32).to_be_bytes();
    [b"R".as_slice(), &length, &code.to_be_bytes(), more].concat()
}

fn to(port: u16, more: &Value) -> Value {
    let connection = json!({
        "host": "127.0.0.1", "port": port, "database": "d", "user": "u", "password": PASSWORD,
    });
    with_fields(&connection, more)
}

fn one(connection: &Value) -> testing::Run<PostgresExtractor> {
    read(connection, json!({"query": "SELECT 1 AS a", "connect_timeout": 5, "read_timeout": 5}))
}

#[test]
fn password_is_never_sent_in_clear_text_or_md5_without_tls() {
    for (asks, form) in [(request(3, b""), "in clear text"), (request(5, b"salt"), "as MD5")] {
        for sslmode in ["prefer", "disable"] {
            let (port, heard) = server(asks.clone(), 2);
            let connection = to(port, &json!({"sslmode": sslmode}));
            let error = one(&connection).expect_err(Kind::Auth);
            assert!(error.message.contains(form), "{error}");
            assert!(error.message.contains("`sslmode: "), "{error}");
            assert!(error.message.contains("allow_insecure_auth: true"), "{error}");
            assert!(!error.retryable && !error.message.contains(PASSWORD), "{error}");
            let health = testing::doctor::<PostgresExtractor>(connection, Duration::from_secs(3));
            assert_eq!(health.category, Category::Auth, "{}", health.message);
            let heard = heard.join().expect("it ends");
            assert_eq!(String::from_utf8_lossy(&heard), "", "{form} {sslmode}");
        }
    }
}

#[test]
fn allow_insecure_auth_sends_the_password() {
    let (port, heard) = server(request(3, b""), 1);
    one(&to(port, &json!({"allow_insecure_auth": true}))).report().result.expect_err("no server");
    let heard = heard.join().expect("it ends");
    assert!(String::from_utf8_lossy(&heard).contains(PASSWORD));
    let (port, heard) = server(request(5, b"salt"), 1);
    one(&to(port, &json!({"allow_insecure_auth": true}))).report().result.expect_err("no server");
    let heard = heard.join().expect("it ends");
    assert!(String::from_utf8_lossy(&heard).contains("md5"));
}

/// Lets the roles `clear`, `md` and `scram` in by the method of their name.
fn roles(server: &Postgres, kind: &str) {
    server
        .sql(
            "postgres",
            "SET password_encryption = 'md5'; CREATE ROLE clear LOGIN PASSWORD 'c'; \
             CREATE ROLE md LOGIN PASSWORD 'm'; SET password_encryption = 'scram-sha-256'; \
             CREATE ROLE scram LOGIN PASSWORD 's'",
        )
        .expect("roles");
    let rules = format!(
        "{kind} all clear 127.0.0.1/32 password\\n{kind} all md 127.0.0.1/32 md5\\n\
         {kind} all all 127.0.0.1/32 scram-sha-256"
    );
    server
        .sql(
            "postgres",
            &format!(
                "DO $$BEGIN EXECUTE format('COPY (SELECT unnest(string_to_array(%L, chr(10)))) TO %L', \
                 replace('{rules}', '\\n', chr(10)), current_setting('hba_file')); END$$; \
                 SELECT pg_reload_conf()"
            ),
        )
        .expect("rules");
    thread::sleep(Duration::from_millis(500));
}

#[test]
fn real_servers_get_only_safe_authentication() {
    for release in [Release::System, Release::Unstable] {
        let naked = Postgres::start(Options { release, ..Options::default() }).expect("a server");
        roles(&naked, "host");
        let secure = Postgres::start(Options { release, tls: true, ..Options::default() })
            .expect("a server");
        roles(&secure, "hostssl");
        let with = |server: &Postgres, user: &str, more: Value| {
            let mut connection = server.connection("postgres");
            connection["user"] = json!(user);
            connection["password"] = json!(&user[..1]);
            with_fields(&connection, &more)
        };
        let ca = json!({"sslmode": "verify-full", "ca_file": secure.ca_file()});
        let own = json!({"sslmode": "require", "ca_file": secure.ca_file()});
        let anyway = json!({"allow_insecure_auth": true});
        for (server, user, more, may) in [
            (&naked, "scram", json!({}), true),
            (&naked, "md", json!({}), false),
            (&naked, "clear", json!({}), false),
            (&naked, "md", anyway.clone(), true),
            (&naked, "clear", anyway.clone(), true),
            (&secure, "scram", json!({}), true),
            (&secure, "md", json!({}), true),
            (&secure, "clear", json!({}), false),
            (&secure, "clear", json!({"sslmode": "require"}), false),
            (&secure, "clear", own, true),
            (&secure, "clear", ca, true),
            (&secure, "clear", anyway, true),
        ] {
            let connection = with(server, user, more);
            if may {
                let _ = one(&connection).expect_ok();
            } else {
                let error = one(&connection).expect_err(Kind::Auth);
                assert!(error.message.contains("the server wants the password"), "{user}: {error}");
            }
        }
    }
}
