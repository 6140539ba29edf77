//! Events of a process's stream.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Output of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A piece of standard output, split at any byte.
    Stdout(Bytes),
    /// A piece of standard error, split at any byte.
    Stderr(Bytes),
    /// The process ended.
    Exited {
        /// Exit code; -1 if the process was ended by a signal.
        code: i32,
        /// Description of the end: `exit status 3` or `signal: killed`.
        status: String,
    },
    /// No output, but the stream is alive.
    KeepAlive,
}

/// One message of the stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    event: Event,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    start: Option<Start>,
    data: Option<Data>,
    end: Option<End>,
    keepalive: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Start {
    pid: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data {
    stdout: Option<String>,
    stderr: Option<String>,
    pty: Option<String>,
}

/// Fields that are zero or empty are omitted.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct End {
    exit_code: i32,
    status: String,
}

/// A parsed message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ProcessEvent {
    Started(u32),
    Output(Output),
    /// A message of a newer envd.
    Unknown,
}

impl Message {
    /// Parses a message.
    pub(super) fn parse(payload: &[u8]) -> Result<ProcessEvent, &'static str> {
        let Self { event } =
            serde_json::from_slice(payload).map_err(|_| "JSON of an unexpected form")?;
        let bytes = |text: String| {
            STANDARD.decode(text).map(Bytes::from).map_err(|_| "output that is not base64")
        };
        Ok(match event {
            Event { start: Some(start), .. } => ProcessEvent::Started(start.pid),
            Event { data: Some(data), .. } => match (data.stdout.or(data.pty), data.stderr) {
                (Some(stdout), _) => ProcessEvent::Output(Output::Stdout(bytes(stdout)?)),
                (None, Some(stderr)) => ProcessEvent::Output(Output::Stderr(bytes(stderr)?)),
                (None, None) => ProcessEvent::Unknown,
            },
            Event { end: Some(end), .. } => {
                ProcessEvent::Output(Output::Exited { code: end.exit_code, status: end.status })
            }
            Event { keepalive: Some(_), .. } => ProcessEvent::Output(Output::KeepAlive),
            _ => ProcessEvent::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ProcessEvent, &'static str> {
        Message::parse(text.as_bytes())
    }

    #[test]
    fn every_event_type_parses() {
        let output = |output| Ok(ProcessEvent::Output(output));
        assert_eq!(parse(r#"{"event":{"start":{"pid":21}}}"#), Ok(ProcessEvent::Started(21)));
        assert_eq!(
            parse(r#"{"event":{"data":{"stdout":"aGkK"}}}"#),
            output(Output::Stdout("hi\n".into()))
        );
        assert_eq!(
            parse(r#"{"event":{"data":{"stderr":"aGkK"}}}"#),
            output(Output::Stderr("hi\n".into()))
        );
        assert_eq!(parse(r#"{"event":{"keepalive":{}}}"#), output(Output::KeepAlive));
        let end = |code, status: &str| output(Output::Exited { code, status: status.into() });
        assert_eq!(
            parse(r#"{"event":{"end":{"exited":true, "status":"exit status 0"}}}"#),
            end(0, "exit status 0")
        );
        assert_eq!(
            parse(r#"{"event":{"end":{"exitCode":-1, "status":"signal: killed"}}}"#),
            end(-1, "signal: killed")
        );
    }

    #[test]
    fn unknown_events_are_ignored_and_invalid_ones_rejected() {
        assert_eq!(
            parse(r#"{"event":{"checkpoint":{"n":1}},"more":2}"#),
            Ok(ProcessEvent::Unknown)
        );
        assert_eq!(parse("{}"), Ok(ProcessEvent::Unknown));
        assert!(parse("{").is_err());
        assert!(parse(r#"{"event":{"data":{"stdout":"%%%"}}}"#).is_err());
        assert!(parse(r#"{"event":{"start":{}}}"#).is_err());
    }
}
