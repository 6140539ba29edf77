//! A web server with scripted answers, correct or malicious.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A received request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method, like `GET`.
    pub method: String,
    /// Path with the query.
    pub path: String,
    /// Header lines as received.
    pub headers: Vec<String>,
}

impl Request {
    /// Returns the value of a header, by name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// A server on loopback that runs until the test ends.
#[derive(Debug)]
pub struct Web {
    port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Web {
    /// Starts the server. `answer` writes the response to the connection, which is closed
    /// afterwards.
    pub fn start(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (answer, all) = (Arc::new(answer), seen.clone());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (answer, all) = (answer.clone(), all.clone());
                thread::spawn(move || {
                    if let Some(request) = read(&stream) {
                        all.lock().expect("nobody panics with it").push(request.clone());
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        Self { port, seen }
    }

    /// Returns host and port, as used in a reference to a registry.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns the requests received so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("nobody panics with it").clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut start = lines.first()?.split(' ');
    let (method, path) = (start.next()?.to_owned(), start.next()?.to_owned());
    let request = Request { method, path, headers: lines[1..].to_vec() };
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(request)
}

/// Writes a complete response. The client may have disconnected.
pub fn reply(stream: &mut TcpStream, status: &str, headers: &[String], body: &[u8]) {
    let mut head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    headers.iter().for_each(|line| head.push_str(&format!("{line}\r\n")));
    let _ = stream.write_all(&[head.as_bytes(), b"\r\n", body].concat());
}
