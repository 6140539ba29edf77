//! Ports that refuse connections, or accept and never answer.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use socket2::{Domain, Socket, Type};

/// A local port that is reserved until this value is dropped.
pub(super) struct ReservedPort {
    socket: Socket,
    pub(super) address: SocketAddr,
}

impl ReservedPort {
    /// Reserves a port that refuses connections.
    pub(super) fn closed() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into())?;
        let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { socket, address })
    }

    /// Reserves a port where the kernel accepts connections and no program answers.
    pub(super) fn silent() -> io::Result<Self> {
        let reserved = Self::closed()?;
        reserved.socket.listen(64)?;
        Ok(reserved)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn closed_port_refuses_and_silent_port_accepts() {
        let closed = ReservedPort::closed().unwrap();
        let error = TcpStream::connect(closed.address).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let silent = ReservedPort::silent().unwrap();
        assert!(TcpStream::connect(silent.address).is_ok());
    }
}
