//! A TCP connection whose every wait ends.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use osiris_sdk::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::{error::Elapsed, timeout};

use crate::MysqlError;
use crate::error::reason;

/// A connection that blocks, but not for longer than it may. Inside a
/// component only tokio can end a wait.
pub(crate) struct Transport {
    runtime: Runtime,
    stream: TcpStream,
    limit: Limit,
}

/// The end of a wait.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// At that time, all of them together.
    Until(Instant),
    /// After so long, each of them.
    Each(Duration),
}

impl Limit {
    fn left(self) -> Duration {
        match self {
            Self::Until(end) => end.saturating_duration_since(Instant::now()),
            Self::Each(wait) => wait,
        }
    }
}

impl Transport {
    /// Tries each address of the host in turn.
    pub(crate) fn connect(host: &str, port: u16, limit: Limit) -> Result<Self, MysqlError> {
        let addresses: Vec<SocketAddr> = (host, port)
            .to_socket_addrs()
            .map_err(|error| {
                Error::network(format!(
                    "the name {host:?} cannot be resolved: {}; check `host` of the connection",
                    reason(&error)
                ))
            })?
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(
            |error| Error::internal(format!("no runtime for the network: {}", reason(&error))),
        )?;
        let mut last = Error::network(format!("the name {host:?} has no address"));
        for address in addresses {
            match runtime
                .block_on(async { timeout(limit.left(), TcpStream::connect(address)).await })
            {
                Ok(Ok(stream)) => {
                    // Answers come a round trip later without it; everything works all the same.
                    let _ = stream.set_nodelay(true);
                    return Ok(Self { runtime, stream, limit });
                }
                Ok(Err(error)) => {
                    last = Error::network(format!(
                        "nothing can be reached at {host}:{port}: {}; check `host` and `port` of \
                         the connection, and whether the server runs",
                        reason(&error)
                    ));
                }
                Err(Elapsed { .. }) => {
                    last = Error::timeout(format!(
                        "{host}:{port} did not answer in time; check `host` and `port` of the \
                         connection, or raise `connect_timeout`"
                    ));
                }
            }
        }
        Err(last.into())
    }

    pub(crate) fn set_limit(&mut self, limit: Limit) {
        self.limit = limit;
    }
}

impl Read for Transport {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Self { runtime, stream, limit } = self;
        runtime.block_on(async { timeout(limit.left(), stream.read(into)).await? })
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { runtime, stream, limit } = self;
        runtime.block_on(async { timeout(limit.left(), stream.write(bytes)).await? })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
