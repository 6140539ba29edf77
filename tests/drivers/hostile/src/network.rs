//! Connections to endpoints other than the granted one.

use std::io;
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;
use wasip2::sockets::udp_create_socket::create_udp_socket;

use crate::{Attack, Outcome, Table, report};

pub(crate) const ATTACKS: Table = &[
    ("dial-elsewhere", dial_elsewhere),
    ("names-elsewhere", names_elsewhere),
    ("no-client", no_client),
];

/// Connects to addresses that resemble the granted one.
fn dial_elsewhere(attack: &mut Attack) -> Outcome {
    let port = attack.connection()?.port;
    let addresses = [
        format!("127.0.0.1:{port}"),
        "127.0.0.1:1".into(),
        format!("127.0.0.2:{port}"),
        format!("[::1]:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("[::127.0.0.1]:{port}"),
        format!("0.0.0.0:{port}"),
        format!("[::]:{port}"),
        format!("255.255.255.255:{port}"),
        format!("224.0.0.1:{port}"),
        "169.254.169.254:80".into(),
        format!("169.254.169.254:{port}"),
        "[fd00:ec2::254]:80".into(),
        format!("[fe80::1%1]:{port}"),
        "100.100.100.200:80".into(),
        "127.0.0.1:0".into(),
    ];
    report(addresses.map(|address| {
        let got = TcpStream::connect(&address).map(|_| String::new());
        (address, got)
    }))
}

/// Resolves names and spellings that normally resolve to this machine.
fn names_elsewhere(attack: &mut Attack) -> Outcome {
    let connection = attack.connection()?;
    let names = [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost..",
        ".localhost",
        "local\u{200d}host",
        "localhost\0",
        "ip6-localhost",
        "example.com",
        "metadata.google.internal",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "127.0.0.1",
        "[::1]",
        "::1",
        "",
        "*",
    ];
    report(names.map(|name| {
        let got = (name, connection.port)
            .to_socket_addrs()
            .map(|mut addresses| addresses.find(|address| address.is_ipv4()))
            .and_then(|address| address.ok_or(io::ErrorKind::NotFound.into()))
            .and_then(TcpStream::connect);
        (format!("{name:?}"), got.map(|_| String::new()))
    }))
}

/// Tries every use of the network except connecting.
fn no_client(attack: &mut Attack) -> Outcome {
    let port = attack.connection()?.port;
    let granted = IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) });
    let raw = |got: Result<(), ErrorCode>| {
        got.map(|()| String::new()).map_err(|code| io::Error::other(code.name()))
    };
    report([
        ("listen".to_owned(), TcpListener::bind("127.0.0.1:0").map(|_| String::new())),
        ("listen anywhere".into(), TcpListener::bind("0.0.0.0:0").map(|_| String::new())),
        (
            "listen at the granted port".into(),
            TcpListener::bind(("127.0.0.1", port)).map(|_| String::new()),
        ),
        ("udp".into(), UdpSocket::bind("0.0.0.0:0").map(|_| String::new())),
        ("udp to the granted end".into(), raw(udp(granted))),
        ("bind, then listen".into(), raw(listen())),
    ])
}

fn udp(to: IpSocketAddress) -> Result<(), ErrorCode> {
    let socket = create_udp_socket(IpAddressFamily::Ipv4)?;
    socket.start_bind(&instance_network(), any())?;
    socket.finish_bind()?;
    socket.stream(Some(to)).map(drop)
}

/// Binds a socket to an unspecified address, which is allowed before connecting, and listens on
/// it, which is not.
fn listen() -> Result<(), ErrorCode> {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    socket.start_bind(&instance_network(), any())?;
    socket.finish_bind()?;
    socket.start_listen()?;
    socket.finish_listen()
}

fn any() -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress { port: 0, address: (0, 0, 0, 0) })
}
