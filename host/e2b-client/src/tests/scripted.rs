//! A server that follows a script byte for byte, one request at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// Reaction to a request.
pub(super) enum Act {
    /// Answers with these bytes and closes the connection.
    Say(Vec<u8>),
    /// Answers with these bytes and stays silent until the client disconnects.
    Hold(Vec<u8>),
    /// Reads the request and closes the connection.
    Drop,
    /// Reads this many bytes of the body and closes the connection.
    Cut(usize),
}

/// A received request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Method and path, such as `POST /v2/sandboxes`.
    pub(super) line: String,
    /// Headers in order, with names in lower case.
    pub(super) headers: Vec<String>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A server on loopback; stops listening at the end of its script.
pub(super) struct Scripted {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    thread: Option<JoinHandle<()>>,
}

impl Scripted {
    pub(super) fn start(script: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (script, log) = (Vec::from_iter(script), Arc::clone(&requests));
        let thread = thread::spawn(move || {
            for act in script {
                let (stream, _) = listener.accept().unwrap();
                serve(stream, &act, &log);
            }
        });
        Self { url, requests, thread: Some(thread) }
    }

    /// Waits for the end of the script and returns all requests. The client's connections stay open
    /// meanwhile.
    pub(super) async fn requests(mut self) -> Vec<Request> {
        let thread = self.thread.take().unwrap();
        tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
        self.requests.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, act: &Act, log: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(&stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.remove(0).trim_end_matches(" HTTP/1.1").to_owned();
    let headers = lines.into_iter().map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        format!("{}: {}", name.to_lowercase(), value.trim())
    });
    let mut request = Request { line, headers: headers.collect(), body: Vec::new() };
    if request.header("transfer-encoding") == Some("chunked") {
        request.body = chunks(&mut reader);
    } else {
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        let length = if let Act::Cut(length) = act { *length } else { length };
        request.body.resize(length, 0);
        reader.read_exact(&mut request.body).unwrap();
    }
    log.lock().unwrap().push(request);
    match act {
        Act::Say(bytes) => (&stream).write_all(bytes).unwrap(),
        Act::Hold(bytes) => {
            (&stream).write_all(bytes).unwrap();
            // Ends when the client closes the connection, by a FIN or a reset.
            let _ = reader.read_to_end(&mut Vec::new());
        }
        Act::Drop | Act::Cut(_) => {}
    }
}

/// Reads a body in chunked encoding.
fn chunks(reader: &mut impl BufRead) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let start = body.len();
        body.resize(start + length + 2, 0);
        reader.read_exact(&mut body[start..]).unwrap();
        body.truncate(start + length);
        if length == 0 {
            return body;
        }
    }
}

/// Returns a response with more headers, each with its line ending.
pub(super) fn with_headers(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Say(
        format!(
            "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .into_bytes(),
    )
}

/// Returns a JSON response.
pub(super) fn answer(status: u16, body: &str) -> Act {
    with_headers(status, "Content-Type: application/json; charset=utf-8\r\n", body)
}

/// Returns the head of a stream and these bytes in one chunk, with the end only if `end` is set.
pub(super) fn stream(bytes: &[u8], end: bool) -> Vec<u8> {
    let mut all = b"HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\n\
        Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        .to_vec();
    if !bytes.is_empty() {
        all.extend(format!("{:x}\r\n", bytes.len()).bytes());
        all.extend(bytes);
        all.extend(b"\r\n");
    }
    if end {
        all.extend(b"0\r\n\r\n");
    }
    all
}

/// Encodes an envelope.
pub(super) fn envelope(flags: u8, payload: &str) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[flags][..], &length, payload.as_bytes()].concat()
}
