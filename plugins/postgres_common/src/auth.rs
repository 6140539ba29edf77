//! The requests for the password that are answered.
//!
//! A server chooses how a password is sent, and so does whoever poses as it. SCRAM shows
//! nothing of a password to either. A password in clear text belongs to whoever asks for
//! it, and one as MD5 to whoever listens and guesses.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{Connection, SslMode};

/// The forms of the password that can be sent besides SCRAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowed {
    clear_text: bool,
    md5: bool,
}

impl Allowed {
    /// Returns what can be sent over a connection that is encrypted or not.
    pub(crate) fn of(connection: &Connection, encrypted: bool) -> Self {
        let checked = match connection.sslmode {
            SslMode::VerifyFull => true,
            // Without `ca_file`, everybody's certificate would do.
            SslMode::VerifyCa | SslMode::Require => connection.ca_file.is_some(),
            SslMode::Prefer | SslMode::Disable => false,
        };
        Self {
            clear_text: connection.allow_insecure_auth || encrypted && checked,
            md5: connection.allow_insecure_auth || encrypted,
        }
    }
}

/// A request for the password that is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    ClearText,
    Md5,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (form, unless, mode) = match self {
            Self::ClearText => (
                "in clear text",
                "over TLS to a server whose certificate is checked",
                "verify-full",
            ),
            Self::Md5 => ("as MD5", "over TLS", "require"),
        };
        write!(
            f,
            "the server wants the password {form}, which is only sent {unless}; set `sslmode: \
             {mode}` in the connection, or have the server use scram-sha-256 (set its \
             `password_encryption` to it, then the user's password anew), or, if you trust \
             everything between here and the server, set `allow_insecure_auth: true`"
        )
    }
}

impl std::error::Error for Refused {}

/// A stream that ends with [`Refused`] where the server asks for what is not
/// [`Allowed`], before the client sees it.
#[derive(Debug)]
pub(crate) struct Guarded<S> {
    stream: S,
    allowed: Allowed,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The answer to the question for TLS comes, one byte.
    Negotiation,
    /// Messages come. Of the next one there is so much, or so much of the last one is still
    /// to come.
    Messages { head: Vec<u8>, rest: usize },
    /// Nothing more is asked for: the user is in, or what follows is encrypted.
    Open,
}

/// Bytes of a message's type and length, and with the kind of a request.
const HEAD: usize = 5;
const REQUEST: usize = 9;

impl<S> Guarded<S> {
    /// Looks at messages from the first byte on, or behind the answer to the question for TLS.
    pub(crate) fn new(stream: S, allowed: Allowed, negotiates: bool) -> Self {
        let state = match negotiates {
            true => State::Negotiation,
            false => State::Messages { head: Vec::new(), rest: 0 },
        };
        Self { stream, allowed, state }
    }

    fn look(&mut self, mut bytes: &[u8]) -> Result<(), Refused> {
        while let [first, after @ ..] = bytes {
            match &mut self.state {
                State::Open => return Ok(()),
                State::Negotiation => {
                    self.state = match first {
                        b'S' => State::Open,
                        _ => State::Messages { head: Vec::new(), rest: 0 },
                    };
                    // An error is a message.
                    if matches!(first, b'S' | b'N') {
                        bytes = after;
                    }
                }
                State::Messages { rest, .. } if *rest > 0 => {
                    let skipped = bytes.len().min(*rest);
                    *rest -= skipped;
                    bytes = &bytes[skipped..];
                }
                State::Messages { head, rest } => {
                    head.push(*first);
                    bytes = after;
                    let is_request = head[0] == b'R';
                    if head.len() < if is_request { REQUEST } else { HEAD } {
                        continue;
                    }
                    let number = |at: usize| {
                        u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
                    };
                    let (length, seen) = (number(1) as usize, head.len() - 1);
                    match is_request.then(|| number(HEAD)) {
                        Some(0) => self.state = State::Open,
                        Some(3) if !self.allowed.clear_text => return Err(Refused::ClearText),
                        Some(5) if !self.allowed.md5 => return Err(Refused::Md5),
                        _ => {
                            *rest = length.saturating_sub(seen);
                            head.clear();
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if let Err(refused) = self.look(&buffer.filled()[before..]) {
            buffer.set_filled(before);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::PermissionDenied, refused)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Allowed = Allowed { clear_text: false, md5: false };

    fn request(code: u32, more: &[u8]) -> Vec<u8> {
        let length = (8 + more.len() as u32).to_be_bytes();
        [b"R".as_slice(), &length, &code.to_be_bytes(), more].concat()
    }

    /// Returns the answers to bytes that arrive in pieces.
    fn looked(
        allowed: Allowed,
        negotiates: bool,
        bytes: &[u8],
        piece: usize,
    ) -> Result<(), Refused> {
        let mut guarded = Guarded::new((), allowed, negotiates);
        bytes.chunks(piece).try_for_each(|piece| guarded.look(piece))
    }

    #[test]
    fn insecure_auth_request_is_found_in_any_split() {
        let notice = [b"N".as_slice(), &9_u32.to_be_bytes(), b"hello"].concat();
        for (code, refused) in [(3, Refused::ClearText), (5, Refused::Md5)] {
            let bytes = [notice.clone(), request(10, b"SCRAM-SHA-256\0\0"), request(code, b"salt")];
            for piece in 1..40 {
                assert_eq!(looked(NONE, false, &bytes.concat(), piece), Err(refused), "{piece}");
                let after_no = [b"N".to_vec(), bytes.concat()].concat();
                assert_eq!(looked(NONE, true, &after_no, piece), Err(refused), "{piece}");
            }
        }
    }

    #[test]
    fn allowed_requests_and_later_bytes_pass() {
        let all = Allowed { clear_text: true, md5: true };
        assert_eq!(looked(all, false, &[request(3, b""), request(5, b"salt")].concat(), 3), Ok(()));
        // Behind the door, and in what is encrypted, such bytes are data.
        let inside = [request(0, b""), request(3, b"")].concat();
        assert_eq!(looked(NONE, false, &inside, 4), Ok(()));
        assert_eq!(looked(NONE, true, &[b"S".to_vec(), request(3, b"")].concat(), 4), Ok(()));
    }
}
