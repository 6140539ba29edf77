//! A client that knows as little as possible.

use std::io::{self, Read};
use std::ops::Deref;

use e2b_local::{E2bLocal, Options};
use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

/// An emulator and a client of it.
pub(crate) struct Emulator {
    pub(crate) server: E2bLocal,
    client: EmulatorClient,
}

/// A client of an emulator, wherever that is.
pub(crate) struct EmulatorClient {
    api_url: String,
    sandbox_url: String,
    key: String,
    http: Client,
}

/// A sandbox and what a client knows of it.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// The output and the end of a process.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) pid: u64,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) end: Value,
    /// The error of the stream's end, if it had one.
    pub(crate) error: Value,
}

/// A client that waits for as long as it takes.
pub(crate) fn http() -> Client {
    // Another test of this process may have been first.
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder().no_proxy().timeout(None).build().expect("is a client")
}

impl Emulator {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let server = E2bLocal::start(options).expect("starts");
        let client = EmulatorClient::new(&server.env());
        Self { server, client }
    }
}

impl Deref for Emulator {
    type Target = EmulatorClient;

    fn deref(&self) -> &EmulatorClient {
        &self.client
    }
}

impl EmulatorClient {
    /// A client by the variables that an emulator names.
    pub(crate) fn new<N: AsRef<str>>(variables: &[(N, String)]) -> Self {
        let value = |key: &str| {
            let mut matches = variables.iter().filter(|(name, _)| name.as_ref() == key);
            matches.next().unwrap_or_else(|| panic!("{key} is missing")).1.clone()
        };
        Self {
            api_url: value("E2B_API_URL"),
            sandbox_url: value("E2B_SANDBOX_URL"),
            key: value("E2B_API_KEY"),
            http: http(),
        }
    }

    pub(crate) fn api(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.api_url);
        self.http.request(method, url).header("X-API-Key", &self.key)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.api(Method::POST, path).json(body))
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        answer(self.api(Method::GET, path))
    }

    pub(crate) fn sandbox(&self) -> Sandbox {
        let (status, response) = self.post("/v2/sandboxes", &json!({"templateID": "base"}));
        assert_eq!(status, 201, "{response}");
        Sandbox::of(&response)
    }

    pub(crate) fn envd(&self, sandbox: &Sandbox, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.sandbox_url))
            .header("E2b-Sandbox-Id", &sandbox.id)
            .header("E2b-Sandbox-Port", "49983")
            .header("X-Access-Token", &sandbox.token)
    }

    pub(crate) fn upload(&self, sandbox: &Sandbox, path: &str, body: &[u8]) -> RequestBuilder {
        self.envd(sandbox, Method::POST, &format!("/files?path={path}"))
            .header("Content-Type", "application/octet-stream")
            .body(body.to_vec())
    }

    pub(crate) fn call(&self, sandbox: &Sandbox, call: &str, message: &Value) -> (u16, Value) {
        answer(self.envd(sandbox, Method::POST, &format!("/{call}")).json(message))
    }

    pub(crate) fn open(&self, sandbox: &Sandbox, call: &str, message: &Value) -> RequestBuilder {
        self.envd(sandbox, Method::POST, &format!("/process.Process/{call}"))
            .header("Content-Type", "application/connect+json")
            .body(envelope(message))
    }

    /// A stream of a process that a shell script makes.
    pub(crate) fn start(&self, sandbox: &Sandbox, script: &str) -> Stream {
        Stream::of(self.open(sandbox, "Start", &shell(script)))
    }

    /// The whole run of a shell script.
    pub(crate) fn run(&self, sandbox: &Sandbox, script: &str) -> Run {
        self.start(sandbox, script).rest().expect("ends")
    }
}

impl Sandbox {
    pub(crate) fn of(response: &Value) -> Self {
        let text = |name: &str| response[name].as_str().expect("is text").to_owned();
        Self { id: text("sandboxID"), token: text("envdAccessToken") }
    }
}

pub(crate) fn shell(script: &str) -> Value {
    json!({"process": {"cmd": "/bin/bash", "args": ["-c", script]}, "stdin": false})
}

/// The status and JSON of an answer; text if it is no JSON.
pub(crate) fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().expect("is answered");
    let status = response.status().as_u16();
    let text = response.text().expect("is text");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) fn envelope(message: &Value) -> Vec<u8> {
    let text = message.to_string();
    let length = u32::try_from(text.len()).expect("is short");
    [&[0][..], &length.to_be_bytes(), text.as_bytes()].concat()
}

/// The envelopes of an answer.
pub(crate) struct Stream(Response);

impl Stream {
    pub(crate) fn of(request: RequestBuilder) -> Self {
        let response = request.send().expect("is answered");
        assert_eq!(response.status(), 200);
        Self(response)
    }

    /// The flags and message of the next envelope.
    pub(crate) fn next(&mut self) -> io::Result<(u8, Value)> {
        let mut header = [0; 5];
        self.0.read_exact(&mut header)?;
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
        let mut message = vec![0; length.try_into().expect("fits")];
        self.0.read_exact(&mut message)?;
        Ok((header[0], serde_json::from_slice(&message)?))
    }

    /// The next event, which must come.
    pub(crate) fn event(&mut self) -> Value {
        let (flags, message) = self.next().expect("there is one");
        assert_eq!(flags, 0, "{message}");
        message["event"].clone()
    }

    /// The start event's pid.
    pub(crate) fn pid(&mut self) -> u64 {
        let event = self.event();
        event["start"]["pid"].as_u64().unwrap_or_else(|| panic!("no start event: {event}"))
    }

    /// All to the end of the stream.
    pub(crate) fn rest(mut self) -> io::Result<Run> {
        let mut run = Run::default();
        loop {
            let (flags, message) = self.next()?;
            if flags == 2 {
                run.error = message["error"].clone();
                return Ok(run);
            }
            run.add(&message["event"]);
        }
    }

    /// All that comes before the stream breaks.
    pub(crate) fn broken(mut self) -> Run {
        let mut run = Run::default();
        while let Ok((flags, message)) = self.next() {
            assert_eq!(flags, 0, "the stream has an end: {message}");
            run.add(&message["event"]);
        }
        run
    }
}

impl Run {
    fn add(&mut self, event: &Value) {
        let text = |name: &str| {
            let bytes = event["data"][name].as_str().map(decode).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        self.stdout += &text("stdout");
        self.stderr += &text("stderr");
        if let Some(pid) = event["start"]["pid"].as_u64() {
            self.pid = pid;
        }
        if !event["end"].is_null() {
            self.end = event["end"].clone();
        }
    }
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.decode(text).expect("is base64")
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !is() {
        assert!(started.elapsed().as_secs() < 30, "{what} did not happen");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Returns whether a process runs, and is not a zombie.
pub(crate) fn runs(pid: u64) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}
