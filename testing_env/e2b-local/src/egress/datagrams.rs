//! Forwards datagrams that leave a sandbox, such as questions to a resolver.

use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket as Blocking};
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use nix::sys::socket::sockopt::{IpTransparent, Ipv4OrigDstAddr, ReuseAddr};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrIn, bind as bind_to,
    connect, recvmsg, setsockopt, socket,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::Namespace;
use super::rules::{Rules, Verdict};

/// The largest datagram that IP carries, in bytes.
const LARGEST: usize = 64 << 10;

/// The longest pause of a session between two addresses.
const IDLE: Duration = Duration::from_secs(30);

/// A datagram that left the sandbox.
#[derive(Debug)]
struct Datagram {
    from: SocketAddrV4,
    to: SocketAddrV4,
    bytes: Vec<u8>,
}

/// Binds the socket of this thread's namespace that gets all that leaves it.
pub(super) fn bind() -> Result<Blocking> {
    let socket = transparent(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
    setsockopt(&socket, Ipv4OrigDstAddr, &true)?;
    Ok(socket)
}

/// Forwards datagrams for ever.
pub(super) async fn all(socket: UdpSocket, rules: Arc<Rules>, namespace: Namespace) {
    // They end with this task.
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            result = socket.async_io(Interest::READABLE, || receive(&socket)) => {
                // An error concerns that datagram only.
                if let Ok(datagram) = result
                    && rules.verdict((*datagram.to.ip()).into(), 0) == Verdict::Allowed
                {
                    sessions.spawn(relay(datagram, namespace.clone()));
                }
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

/// Passes datagrams between two addresses, until none has come for a while.
async fn relay(first: Datagram, namespace: Namespace) -> Result<()> {
    let remote = UdpSocket::bind("0.0.0.0:0").await?;
    remote.connect(first.to).await?;
    remote.send(&first.bytes).await?;
    // From then on, the kernel gives what comes from this address to this socket.
    let local = namespace.enter(|| {
        let socket = transparent(first.to)?;
        connect(socket.as_raw_fd(), &SockaddrIn::from(first.from))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    })?;
    let local = UdpSocket::from_std(local)?;
    let (mut out, mut back) = (vec![0; LARGEST], vec![0; LARGEST]);
    loop {
        tokio::select! {
            size = local.recv(&mut out) => remote.send(&out[..size?]).await?,
            size = remote.recv(&mut back) => local.send(&back[..size?]).await?,
            () = tokio::time::sleep(IDLE) => return Ok(()),
        };
    }
}

/// Makes a socket of this thread's namespace with any address, also one that others have.
fn transparent(address: SocketAddrV4) -> Result<Blocking> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Inet, SockType::Datagram, flags, None)?;
    setsockopt(&socket, ReuseAddr, &true)?;
    setsockopt(&socket, IpTransparent, &true)?;
    bind_to(socket.as_raw_fd(), &SockaddrIn::from(address))?;
    Ok(socket.into())
}

fn receive(socket: &UdpSocket) -> io::Result<Datagram> {
    let mut bytes = vec![0; LARGEST];
    let mut space = nix::cmsg_space!(nix::libc::sockaddr_in);
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let packet = recvmsg::<SockaddrIn>(
        socket.as_raw_fd(),
        &mut slices,
        Some(&mut space),
        MsgFlags::MSG_DONTWAIT,
    )?;
    let to = packet.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::Ipv4OrigDstAddr(to) => Some(SockaddrIn::from(to)),
        _ => None,
    });
    let (Some(from), Some(to)) = (packet.address, to) else {
        return Err(io::Error::other("a datagram without addresses"));
    };
    let size = packet.bytes;
    bytes.truncate(size);
    Ok(Datagram { from: from.into(), to: to.into(), bytes })
}
