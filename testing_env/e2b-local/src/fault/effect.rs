//! Effects of faults on a request.

use std::time::Duration;

/// The effect of a fault on a request. "Done" means that the handler has run.
#[derive(Debug, Clone)]
pub enum Effect {
    /// This answer, and nothing is done.
    Answer(Answer),
    /// This answer, though it was done.
    AnswerDone(Answer),
    /// The connection is dropped, and nothing is done.
    Drop,
    /// The connection is dropped, though it was done.
    DropDone,
    /// The connection is dropped, and it is done so much later.
    DropThenDo(Duration),
    /// It is done so much later.
    Delay(Duration),
    /// It is done at once and answered so much later.
    DelayAnswer(Duration),
    /// The connection is dropped after so many bytes of the answer's body.
    CutAnswer(usize),
    /// This byte of the answer's body, counted from 0, is another one.
    FlipByte(usize),
    /// The connection is dropped after so many bytes of the request's body; what
    /// was written of a file stays.
    CutUpload(usize),
    /// The disk is full after so many bytes of an uploaded file.
    DiskFull(usize),
    /// A stream of a process is dropped before its start event.
    NoStart,
    /// A stream of a process is dropped after its last event, without an end envelope.
    NoEnd,
    /// A stream of a process is dropped in the middle of this line of standard
    /// output, counted from 1.
    CutLine(u64),
    /// A stream of a process has this line of standard output twice.
    RepeatLine(u64),
    /// A stream of a process lacks this line of standard output.
    DropLine(u64),
    /// A stream of a process says nothing after so many events.
    Silence {
        /// The number of events that come before.
        after: usize,
        /// Whether keepalives go on.
        keepalives: bool,
    },
    /// The sandbox that the request is for, if it is for envd, dies first.
    KillSandbox,
    /// Envd of the sandbox that the request is for restarts first.
    RestartEnvd,
}

/// An answer of nobody's server.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status, such as 503.
    pub status: u16,
    /// Its headers, such as `Retry-After`.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// An error as the control plane sends it.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        let body = serde_json::json!({"code": status, "message": message}).to_string();
        Self { status, headers: Vec::new(), body }
            .header("Content-Type", "application/json; charset=utf-8")
    }

    /// The same with another header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}
