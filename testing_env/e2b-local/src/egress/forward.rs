//! Forwards connections that leave a sandbox.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use nix::sys::socket::{getsockopt, sockopt::OriginalDst};
use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::host_name;
use super::rules::{Rules, Verdict};

/// Forwards connections for ever.
pub(super) async fn all(listener: TcpListener, rules: Arc<Rules>) {
    // They end with this task.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // An error concerns that connection only.
            result = listener.accept() => if let Ok((stream, _)) = result {
                connections.spawn(forward(stream, rules.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Forwards one connection, as long as the rules allow it. The client sees its end either way.
async fn forward(mut local: TcpStream, rules: Arc<Rules>) -> io::Result<()> {
    let to = original_destination(&local)?;
    let mut first = Vec::new();
    let mut remote = match rules.verdict((*to.ip()).into(), to.port()) {
        Verdict::Allowed => TcpStream::connect(to).await?,
        Verdict::Denied => return Ok(()),
        Verdict::AllowedByName => {
            let name = host_name::read(&mut local, &mut first).await?;
            let Some(name) = name.filter(|name| rules.allow_name(name)) else { return Ok(()) };
            // E2B asks for the address itself: the client's may be any.
            TcpStream::connect((name, to.port())).await?
        }
    };
    local.set_nodelay(true)?;
    remote.set_nodelay(true)?;
    remote.write_all(&first).await?;
    copy_bidirectional(&mut local, &mut remote).await?;
    Ok(())
}

/// The address that the client connected to.
fn original_destination(stream: &TcpStream) -> io::Result<SocketAddrV4> {
    let to = getsockopt(stream, OriginalDst)?;
    Ok(SocketAddrV4::new(
        Ipv4Addr::from(u32::from_be(to.sin_addr.s_addr)),
        u16::from_be(to.sin_port),
    ))
}
