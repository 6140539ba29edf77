//! The name of the host that a client wants, in the first bytes that it sends.

use std::io;

use rustls::server::Acceptor;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The most bytes that a client sends before the name.
const LARGEST: usize = 32 << 10;

/// Reads until the name is there: of TLS, the server name; of HTTP, the header
/// `Host`. All that was read is in `first`. Returns `None` if there is no name.
pub(super) async fn read(
    stream: &mut TcpStream,
    first: &mut Vec<u8>,
) -> io::Result<Option<String>> {
    loop {
        if stream.read_buf(first).await? == 0 {
            return Ok(None);
        }
        match find(first) {
            Found::Name(name) => return Ok(Some(name)),
            Found::Nothing => return Ok(None),
            Found::TooFew if first.len() >= LARGEST => return Ok(None),
            Found::TooFew => {}
        }
    }
}

/// The result of a search for a name.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Name(String),
    Nothing,
    /// More bytes have to come.
    TooFew,
}

fn find(first: &[u8]) -> Found {
    // The type of a TLS record with a handshake.
    if first.first() == Some(&0x16) { server_name(first) } else { host(first) }
}

fn server_name(mut first: &[u8]) -> Found {
    let mut acceptor = Acceptor::default();
    while !first.is_empty() {
        if acceptor.read_tls(&mut first).is_err() {
            return Found::Nothing;
        }
        match acceptor.accept() {
            Ok(Some(hello)) => {
                let name = hello.client_hello().server_name().map(str::to_owned);
                return name.map_or(Found::Nothing, Found::Name);
            }
            Ok(None) => {}
            Err(_) => return Found::Nothing,
        }
    }
    Found::TooFew
}

fn host(first: &[u8]) -> Found {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(first) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Found::TooFew,
        Err(_) => return Found::Nothing,
    }
    let host = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("host"));
    let Some(host) = host.and_then(|host| str::from_utf8(host.value).ok()) else {
        return Found::Nothing;
    };
    Found::Name(host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_found_in_an_http_request() {
        let request = b"GET / HTTP/1.1\r\nhost: web.example:80\r\n\r\n";
        assert_eq!(find(request), Found::Name("web.example".to_owned()));
        assert_eq!(find(&request[..30]), Found::TooFew);
        assert_eq!(find(b"GET / HTTP/1.1\r\n\r\n"), Found::Nothing);
        assert_eq!(find(b"\0\0\0\x08\x04\xd2\x16\x2f"), Found::Nothing);
    }

    #[test]
    fn server_name_is_found_in_a_tls_hello() {
        let provider = rustls::crypto::ring::default_provider();
        let client = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .expect("has versions")
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let name = "web.example".try_into().expect("is a name");
        let mut client = rustls::ClientConnection::new(client.into(), name).expect("is a client");
        let mut hello = Vec::new();
        client.write_tls(&mut hello).expect("has room");
        assert_eq!(find(&hello), Found::Name("web.example".to_owned()));
        assert_eq!(find(&hello[..hello.len() - 1]), Found::TooFew);
    }
}
