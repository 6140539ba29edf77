//! Ports on loopback.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Returns a free port below the range from which Linux assigns ephemeral ports, so that no other
/// program takes the port by chance before the server does.
///
/// # Errors
/// Returns an error if 100 random ports are all taken.
pub fn free() -> Result<u16> {
    let random = RandomState::new();
    let mut ports = (0..100).map(|attempt| 10_000 + (random.hash_one(attempt) % 20_000) as u16);
    let free = ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.context("no port is free on 127.0.0.1")
}

/// Waits until `port` accepts connections and `ready` returns true.
///
/// # Errors
/// Returns an error after a minute, or the error of `alive`, which checks that the server still
/// runs.
pub fn wait(
    port: u16,
    mut alive: impl FnMut() -> Result<()>,
    mut ready: impl FnMut() -> bool,
) -> Result<()> {
    let started = Instant::now();
    loop {
        alive()?;
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() && ready() {
            return Ok(());
        }
        if started.elapsed() > Duration::from_secs(60) {
            bail!("nothing answers on 127.0.0.1:{port} after a minute");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
