//! Packets over a connection.

use std::io::{self, Read, Write};

use db_common::tls::Ciphers;
use rustls::StreamOwned;

use crate::MysqlError;
use crate::connection::Connection;
use crate::tls;
use crate::transport::{Limit, Transport};

/// Bytes of a packet, at most; a longer payload goes into several.
const MAX_PAYLOAD: usize = 0xFF_FFFF;
const HEADER: usize = 4;
/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;
/// A command of up to so many bytes is sent in one piece.
const SMALL: usize = 16 << 10;

enum Stream {
    Plain(Transport),
    Tls(Box<StreamOwned<rustls::ClientConnection, Transport>>),
    /// In between.
    Gone,
}

/// Sends and receives packets.
pub(crate) struct Wire {
    stream: Stream,
    server: String,
    /// The limit of waits, as messages name it.
    wait: String,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    sequence: u8,
}

impl Wire {
    pub(crate) fn connect(
        connection: &Connection,
        limit: Limit,
        wait: String,
    ) -> Result<Self, MysqlError> {
        connection.check()?;
        let transport = Transport::connect(&connection.host, connection.port, limit)?;
        Ok(Self {
            stream: Stream::Plain(transport),
            server: connection.address(),
            wait,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            sequence: 0,
        })
    }

    pub(crate) fn set_limit(&mut self, limit: Limit, wait: String) {
        self.wait = wait;
        match &mut self.stream {
            Stream::Plain(transport) => transport.set_limit(limit),
            Stream::Tls(stream) => stream.sock.set_limit(limit),
            Stream::Gone => {}
        }
    }

    /// Encrypts from here on.
    pub(crate) fn encrypt(
        &mut self,
        connection: &Connection,
        ciphers: Ciphers,
    ) -> Result<(), MysqlError> {
        let Stream::Plain(mut transport) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Ok(());
        };
        let mut client = tls::client(connection, ciphers)?;
        while client.is_handshaking() {
            client.complete_io(&mut transport).map_err(|error| match self.explain(&error) {
                MysqlError::Other(error) => MysqlError::Other(error.retryable(false)),
                error => error,
            })?;
        }
        self.stream = Stream::Tls(Box::new(StreamOwned::new(client, transport)));
        Ok(())
    }

    /// Returns whether the connection is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Begins a new exchange with a command.
    pub(crate) fn command(&mut self, command: u8, body: &[u8]) -> Result<(), MysqlError> {
        self.sequence = 0;
        self.send(&[command], body)
    }

    /// Sends a payload, which is `first` and then `rest`.
    pub(crate) fn send(&mut self, first: &[u8], rest: &[u8]) -> Result<(), MysqlError> {
        let (mut first, mut rest) = (first, rest);
        loop {
            let length = (first.len() + rest.len()).min(MAX_PAYLOAD);
            let (now, later) = rest.split_at(length - first.len());
            let [a, b, c, _] = (length as u32).to_le_bytes();
            let mut head = vec![a, b, c, self.sequence];
            head.extend_from_slice(first);
            self.sequence = self.sequence.wrapping_add(1);
            if now.len() <= SMALL {
                head.extend_from_slice(now);
                self.write(&head)?;
            } else {
                self.write(&head)?;
                self.write(now)?;
            }
            (first, rest) = (&[], later);
            // A full packet is followed by another one, even if that one is empty.
            if length < MAX_PAYLOAD {
                return self.flush();
            }
        }
    }

    /// The payload of the next packet.
    #[inline]
    pub(crate) fn receive(&mut self) -> Result<&[u8], MysqlError> {
        self.need(HEADER)?;
        let mut total = self.header(self.start);
        let mut last = total;
        self.need(HEADER + total)?;
        while last == MAX_PAYLOAD {
            // The next part follows; its header makes way.
            self.need(HEADER + total + HEADER)?;
            let end = self.start + HEADER + total;
            last = self.header(end);
            self.buffer.copy_within(end + HEADER..self.end, end);
            self.end -= HEADER;
            total += last;
            self.need(HEADER + total)?;
        }
        let payload = self.start + HEADER;
        self.start = payload + total;
        Ok(&self.buffer[payload..payload + total])
    }

    /// Reads a packet's header and returns the length of what follows.
    #[inline]
    fn header(&mut self, at: usize) -> usize {
        let [a, b, c, sequence] =
            [self.buffer[at], self.buffer[at + 1], self.buffer[at + 2], self.buffer[at + 3]];
        self.sequence = sequence.wrapping_add(1);
        u32::from_le_bytes([a, b, c, 0]) as usize
    }

    /// Reads until so many bytes are there.
    #[inline]
    fn need(&mut self, bytes: usize) -> Result<(), MysqlError> {
        if self.end - self.start >= bytes { Ok(()) } else { self.fill(bytes) }
    }

    #[cold]
    fn fill(&mut self, bytes: usize) -> Result<(), MysqlError> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if bytes > self.buffer.len() {
            self.buffer.resize(bytes + BUFFER, 0);
        } else if self.buffer.len() > BUFFER && self.end.max(bytes) <= BUFFER {
            // One large value does not keep its memory.
            self.buffer.truncate(BUFFER);
            self.buffer.shrink_to_fit();
        }
        while self.end < bytes {
            let into = &mut self.buffer[self.end..];
            let read = match &mut self.stream {
                Stream::Plain(stream) => stream.read(into),
                Stream::Tls(stream) => stream.read(into),
                Stream::Gone => Ok(0),
            };
            match read {
                Ok(0) => return Err(self.explain(&io::ErrorKind::UnexpectedEof.into())),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.explain(&error)),
            }
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), MysqlError> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes),
            Stream::Gone => Err(io::ErrorKind::BrokenPipe.into()),
        };
        written.map_err(|error| self.explain(&error))
    }

    fn flush(&mut self) -> Result<(), MysqlError> {
        let flushed = match &mut self.stream {
            Stream::Tls(stream) => stream.flush(),
            Stream::Plain(_) | Stream::Gone => Ok(()),
        };
        flushed.map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &io::Error) -> MysqlError {
        MysqlError::io(error, &self.server, &self.wait)
    }
}
