//! A connection that spoils what the server says.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

/// Looks at what the server said so far and may change the newest of it; false
/// cuts the connection.
pub(crate) type Spoil = fn(total: usize, said: &mut [u8]) -> bool;

/// A port at an address of this machine that leads to one of 127.0.0.1.
pub(crate) fn start(host: &str, to: u16, spoil: Spoil) -> u16 {
    let listener = TcpListener::bind((host, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        while let Ok((client, _)) = listener.accept() {
            let server = TcpStream::connect(("127.0.0.1", to)).expect("the server");
            let (client_in, server_out) = (client.try_clone(), server.try_clone());
            let (Ok(client_in), Ok(server_out)) = (client_in, server_out) else { return };
            thread::spawn(move || forward(client_in, server_out, |_, _| true));
            thread::spawn(move || forward(server, client, spoil));
        }
    });
    port
}

fn forward(mut from: TcpStream, mut to: TcpStream, spoil: Spoil) {
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0;
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        total += read;
        if !spoil(total, &mut buffer[..read]) || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
