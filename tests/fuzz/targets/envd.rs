//! Responses of a sandbox's daemon: process streams, files and errors. The first byte selects the
//! kind of response, so that a seed can be written by hand.
#![no_main]

use bytes::Bytes;
use e2b_client::{Output, fuzzing};
use futures_util::stream;
use libfuzzer_sys::arbitrary::{self, Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use reqwest::{Body, Response};
use serde_json::json;

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    osiris_fuzz::wait(async {
        match kind {
            b's' => watch(rest).await,
            b'p' => process(rest).await,
            b'f' => {
                let _ = fuzzing::entry(answer(rest)).await;
            }
            b'd' => {
                for from in [0, 7] {
                    let _ = fuzzing::download(&answer(rest), from);
                }
            }
            b'e' => {
                let error = fuzzing::refusal(answer(rest)).await;
                let message = error.expect("the client can be made").message;
                assert!(!message.contains(char::is_control), "{message:?}");
                assert!(message.len() < 1000, "{message}");
            }
            _ => {}
        }
    });
});

/// Checks that a stream yields the same messages regardless of its chunks.
async fn watch(bytes: &[u8]) {
    let piece = 1 + bytes.len() % 13;
    let pieces = bytes.chunks(piece).map(Bytes::copy_from_slice).collect();
    let outputs = fuzzing::watch(streamed(pieces)).await;
    let whole = fuzzing::watch(streamed(vec![Bytes::copy_from_slice(bytes)])).await;
    assert_eq!(format!("{outputs:?}"), format!("{whole:?}"));
}

/// A message of a process. Envelopes are valid, but come in any order.
#[derive(Debug, Arbitrary)]
enum Said<'a> {
    Start(u32),
    Stdout(&'a str),
    Stderr(&'a str),
    ExitStatus(i32, &'a str),
    KeepAlive,
    End,
    Error(&'a str),
    Other(&'a str),
}

async fn process(bytes: &[u8]) {
    let Ok(says) = Vec::<Said<'_>>::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let pieces = says.iter().map(Said::envelope).collect();
    if let Ok(outputs) = fuzzing::watch(streamed(pieces)).await {
        assert!(matches!(says.last(), Some(Said::End)), "a stream ends with its end");
        let exits = outputs.iter().filter(|output| matches!(output, Output::Exited { .. }));
        assert_eq!(
            exits.count(),
            says.iter().filter(|said| matches!(said, Said::ExitStatus(..))).count()
        );
    }
}

impl Said<'_> {
    fn envelope(&self) -> Bytes {
        let event = match self {
            Self::Start(pid) => json!({"start": {"pid": pid}}),
            Self::Stdout(text) => json!({"data": {"stdout": text}}),
            Self::Stderr(text) => json!({"data": {"stderr": text}}),
            Self::ExitStatus(code, text) => json!({"end": {"exitCode": code, "status": text}}),
            Self::KeepAlive => json!({"keepalive": {}}),
            Self::Other(text) => json!({"checkpoint": text}),
            Self::End => return framed(2, "{}"),
            Self::Error(text) => {
                let error = json!({"error": {"code": text, "message": text}});
                return framed(2, &error.to_string());
            }
        };
        framed(0, &json!({ "event": event }).to_string())
    }
}

fn framed(flags: u8, payload: &str) -> Bytes {
    let mut bytes = vec![flags];
    bytes.extend((payload.len() as u32).to_be_bytes());
    bytes.extend(payload.as_bytes());
    bytes.into()
}

fn streamed(pieces: Vec<Bytes>) -> Response {
    let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
    http::Response::new(Body::wrap_stream(stream::iter(pieces))).into()
}

/// Parses a response in the form of HTTP/1.1 without the version: status, headers, an empty line
/// and the body.
fn answer(bytes: &[u8]) -> Response {
    let (mut body, mut status, mut headers) = (bytes, None, http::HeaderMap::new());
    while let Some(end) = body.iter().position(|byte| *byte == b'\n') {
        let line = &body[..end];
        body = &body[end + 1..];
        if line.is_empty() {
            break;
        }
        if status.is_none() {
            status = Some(http::StatusCode::from_bytes(line).unwrap_or(http::StatusCode::OK));
        } else if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && let Ok(name) = http::HeaderName::from_bytes(&line[..colon])
            && let Ok(value) = http::HeaderValue::from_bytes(line[colon + 1..].trim_ascii())
        {
            headers.insert(name, value);
        }
    }
    let mut response = http::Response::new(body.to_vec());
    *response.status_mut() = status.unwrap_or_default();
    *response.headers_mut() = headers;
    response.into()
}
