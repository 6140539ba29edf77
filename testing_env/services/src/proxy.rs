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
    let here = listener.local_addr()?.port();
    thread::spawn(move || {
        let (near, _) = listener.accept()?;
        let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        let (mut upward, mut to) = (near.try_clone()?, far.try_clone()?);
        thread::spawn(move || std::io::copy(&mut upward, &mut to));
        // Any error also ends the connection.
        let _ = pass(&far, &near, after);
        far.shutdown(Shutdown::Both)?;
        near.shutdown(Shutdown::Both)
    });
    Ok(here)
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, mut left: usize) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while left > 0 {
        let room = left.min(buffer.len());
        let count = from.read(&mut buffer[..room])?;
        if count == 0 {
            break;
        }
        to.write_all(&buffer[..count])?;
        left -= count;
    }
    Ok(())
}
