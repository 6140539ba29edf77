//! A proxy whose connection breaks.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;

use anyhow::Result;

/// Starts a proxy that forwards one connection to `port` and cuts it after `after` bytes of the
/// reply. Returns the proxy's port.
///
/// # Errors
/// Returns an error if no port is free.
pub fn cutting_proxy(port: u16, after: usize) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let proxy_port = listener.local_addr()?.port();
    thread::spawn(move || {
        let (client, _) = listener.accept()?;
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        // Any error also ends the connection.
        let _ = pass(&server, &client, after);
        server.shutdown(Shutdown::Both)?;
        client.shutdown(Shutdown::Both)
    });
    Ok(proxy_port)
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, mut remaining: usize) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while remaining > 0 {
        let size = remaining.min(buffer.len());
        let count = from.read(&mut buffer[..size])?;
        if count == 0 {
            break;
        }
        to.write_all(&buffer[..count])?;
        remaining -= count;
    }
    Ok(())
}
