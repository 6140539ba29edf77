//! The ways in which a password is sent: none that others could read, unless the user says so.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing;
use osiris_sdk::{Error, Kind};
use serde_json::{Value, json};
use services::with_fields;

const PASSWORD: &str = "hunter2hunter2";

/// The next words of a server that poses as another, once the client has sent its proof.
#[derive(Clone, Copy)]
enum Trick {
    /// `caching_sha2_password`: the whole password, please.
    WholePassword,
    /// The same, with a key to hide it that nobody asked for.
    UnaskedKey,
    /// Another way to log in.
    Switch(&'static str),
}

fn packet(number: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_le_bytes();
    [&length[..3], &[number], content].concat()
}

fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let mut content = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
    stream.read_exact(&mut content).ok()?;
    Some(content)
}

/// A server without TLS. Returns the port, and what it is sent after the trick.
fn server(trick: Trick) -> (u16, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heard = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let capabilities = 0x1_u32 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x8_0000 | 0x20_0000;
        let [a, b, c, d] = capabilities.to_le_bytes();
        let greeting = [
            b"\x0a8.0.36\0\x01\0\0\0saltsalt\0".as_slice(),
            &[a, b, 45, 2, 0, c, d, 21],
            &[0; 10],
            b"moresaltsalt\0caching_sha2_password\0",
        ];
        stream.write_all(&packet(0, &greeting.concat())).expect("it listens");
        receive(&mut stream).expect("a proof");
        let said = match trick {
            Trick::WholePassword => vec![1, 4],
            Trick::UnaskedKey => [b"\x01-----BEGIN PUBLIC KEY-----\n".as_slice(), KEY].concat(),
            Trick::Switch(plugin) => {
                [b"\xfe", plugin.as_bytes(), b"\0moresaltmoresaltsalt\0"].concat()
            }
        };
        stream.write_all(&packet(2, &said)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a time");
        std::iter::from_fn(|| receive(&mut stream)).collect()
    });
    (port, heard)
}

/// The rest of a public key of 1024 bits.
const KEY: &[u8] = b"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3\n6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6\nZ4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw\noYi+1hqp1fIekaxsyQIDAQAB\n-----END PUBLIC KEY-----\n";

fn to(port: u16, more: &Value) -> Value {
    let connection = json!({
        "host": "127.0.0.1", "port": port, "database": "d", "user": "u", "password": PASSWORD,
    });
    with_fields(&connection, more)
}

fn fault(connection: &Value) -> Error {
    let config = json!({
        "query": "SELECT 1", "connect_timeout": 5, "resolved_connection": connection,
    });
    let error = testing::run::<MysqlExtractor>(config).report().result.expect_err("no server");
    assert!(!error.message.contains(PASSWORD), "{error}");
    error
}

#[test]
fn password_is_never_sent_in_clear_text_without_tls() {
    for trick in [
        Trick::WholePassword,
        Trick::UnaskedKey,
        Trick::Switch("mysql_clear_password"),
        Trick::Switch("mysql_old_password"),
    ] {
        for tls in ["preferred", "disabled"] {
            let (port, heard) = server(trick);
            let error = fault(&to(port, &json!({"tls": tls})));
            let heard = heard.join().expect("it ends");
            assert_eq!(heard, Vec::<Vec<u8>>::new(), "{error}");
            if matches!(trick, Trick::WholePassword | Trick::Switch("mysql_clear_password")) {
                assert_eq!(error.kind, Kind::Auth, "{error}");
                assert!(error.message.contains("allow_insecure_auth: true"), "{error}");
            }
        }
    }
}

#[test]
fn allow_insecure_auth_sends_the_password() {
    let (port, heard) = server(Trick::WholePassword);
    fault(&to(port, &json!({"allow_insecure_auth": true})));
    // It asks for the key.
    assert_eq!(heard.join().expect("it ends"), [vec![2]]);
    let (port, heard) = server(Trick::Switch("mysql_clear_password"));
    fault(&to(port, &json!({"allow_insecure_auth": true})));
    let heard = heard.join().expect("it ends");
    assert!(String::from_utf8_lossy(&heard[0]).contains(PASSWORD));
}
