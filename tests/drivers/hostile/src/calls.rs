//! Calls that would block the host, keep it busy or make it hold too many resources.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read};
use std::net::TcpStream;

use wasip2::clocks::monotonic_clock::{subscribe_duration, subscribe_instant};
use wasip2::io::poll::{Pollable, poll};
use wasip2::random::random::get_random_bytes;
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::IpAddressFamily;
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

use crate::bindings::osiris::driver::context;
use crate::bindings::osiris::driver::types::Error;
use crate::{Attack, Table, done, failure, field, node};

/// A wait in nanoseconds that never ends in practice.
const EVER: u64 = u64::MAX / 2;

pub(crate) const ATTACKS: Table = &[
    ("poll-forever", |_| {
        begin();
        poll(&[&subscribe_duration(EVER)]);
        done()
    }),
    ("poll-forever-twice", |_| {
        begin();
        poll(&[&subscribe_duration(EVER), &subscribe_instant(u64::MAX)]);
        done()
    }),
    ("poll-without-end", |_| {
        begin();
        let now = subscribe_duration(0);
        loop {
            now.block();
        }
    }),
    ("poll-nothing", |_| {
        poll(&[]);
        done()
    }),
    ("poll-a-million", |_| {
        let never = subscribe_duration(EVER);
        let now = subscribe_duration(0);
        let mut many: Vec<&Pollable> = vec![&never; 1 << 20];
        many.push(&now);
        black_box(poll(&many));
        Err(failure("internal", "the host took it"))
    }),
    ("pollables-hoarded", |_| {
        let mut hoard = Vec::new();
        loop {
            hoard.push(subscribe_duration(EVER));
        }
    }),
    ("random-too-much", |_| {
        black_box(get_random_bytes(u64::MAX));
        done()
    }),
    ("random-without-end", |_| {
        loop {
            black_box(get_random_bytes(8 << 20));
        }
    }),
    ("clock-without-end", |_| {
        loop {
            black_box(wasip2::clocks::monotonic_clock::now());
        }
    }),
    ("read-without-end", |_| {
        loop {
            black_box(fs::read("data/file.txt")).ok();
        }
    }),
    ("state-without-end", |_| {
        let state = format!("\"{}\"", "s".repeat(8 << 20));
        loop {
            context::save_state(&state)?;
        }
    }),
    ("stdin-forever", |attack| {
        io::read_to_string(io::stdin()).map_err(|error| failure("data", error.to_string()))?;
        attack.quiet()
    }),
    ("files-hoarded", |_| {
        Err(failure("data", format!("the last of many files: {}", hoard_files().1)))
    }),
    ("files-held", |attack| {
        let (hoard, _) = hoard_files();
        attack.send(field("n", "l"), 1, &[node(1, 0, 2)], &[&[], &[0; 8]])?;
        // While this step holds every file that it could open, the next step opens its own.
        poll(&[&subscribe_duration(500_000_000)]);
        drop(hoard);
        done()
    }),
    ("sockets-hoarded", |_| {
        let mut hoard = Vec::new();
        let error = loop {
            match create_tcp_socket(IpAddressFamily::Ipv4) {
                Ok(socket) => hoard.push(socket),
                Err(error) => break error,
            }
        };
        Err(failure("data", format!("the last of many sockets: {}", error.name())))
    }),
    ("look-ups-hoarded", |attack| {
        let name = &attack.connection()?.host;
        let network = instance_network();
        let mut hoard = Vec::new();
        loop {
            match resolve_addresses(&network, name) {
                Ok(stream) => hoard.push(stream),
                Err(error) => break Err(failure("data", error.name())),
            }
        }
    }),
    ("look-up-forever", |attack| {
        begin();
        let name = &attack.connection()?.host;
        let answer = resolve_addresses(&instance_network(), name)
            .map_err(|error| failure("network", error.name()))?;
        answer.subscribe().block();
        Err(failure("network", "the look-up came to an end"))
    }),
    ("socket-forever", |attack| {
        let mut stream = dial(attack)?;
        begin();
        stream.read(&mut [0]).map_err(|error| failure("network", error.to_string()))?;
        done()
    }),
    ("loop-until-cancelled", |_| {
        begin();
        loop {
            black_box(0);
        }
    }),
    ("output-forever", |attack| {
        begin();
        let writer = attack.writer()?;
        writer.open(&[field("n", "l")])?;
        loop {
            writer.push(&[]);
            writer.push(&[0; 8 << 10]);
            writer.send(1 << 10, &[node(1 << 10, 0, 2)])?;
        }
    }),
    ("input-forever", |attack| {
        begin();
        while attack.reader()?.next()?.is_some() {}
        done()
    }),
];

/// Opens the same file until opening fails.
fn hoard_files() -> (Vec<File>, io::Error) {
    let mut hoard = Vec::new();
    loop {
        match File::open("data/file.txt") {
            Ok(file) => hoard.push(file),
            Err(error) => return (hoard, error),
        }
    }
}

/// Signals to the test that the wait begins.
fn begin() {
    // If the file cannot be written, the test that waits for the file reports it.
    let _ = fs::write(format!("{}/begun", context::artifacts_dir()), "begun");
}

fn dial(attack: &Attack) -> Result<TcpStream, Error> {
    let connection = attack.connection()?;
    TcpStream::connect((connection.host.as_str(), connection.port))
        .map_err(|error| failure("network", error.to_string()))
}
