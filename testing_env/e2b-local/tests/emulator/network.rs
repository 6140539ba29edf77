//! Egress rules, as processes feel them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use e2b_local::{Enforce, Options};
use nix::sched::{CloneFlags, unshare};
use reqwest::Method;
use serde_json::{Value, json};
use services::install;

use crate::client::{Emulator, Sandbox, Stream, runs, shell, until};

/// An emulator that holds sandboxes to their rules.
fn enforcing() -> Emulator {
    for (program, package) in [("ip", "iproute2"), ("nft", "nftables"), ("python3", "python3")] {
        install(program, package, &[]).expect("Debian has the package");
    }
    Emulator::with(Options { enforce_network: Enforce::Always, ..Options::default() })
}

fn sandbox(emulator: &Emulator, network: &Value) -> Sandbox {
    let body = json!({"templateID": "base", "network": network});
    let (status, response) = emulator.post("/v2/sandboxes", &body);
    assert_eq!(status, 201, "{response}");
    Sandbox::of(&response)
}

/// The port of a new server on 127.0.0.1.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let port = listener.local_addr().expect("is bound").port();
    serve(listener);
    port
}

/// Says `hello` to all, and then what they said.
fn serve(listener: TcpListener) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Who is gone need not hear it.
            let _ = stream.and_then(|mut stream| {
                stream.write_all(b"hello\n")?;
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest)?;
                stream.write_all(&rest)
            });
        }
    });
}

/// The answer that a process of a sandbox gets from an address to `ping` and its
/// end: nothing if the connection is closed.
fn get(emulator: &Emulator, sandbox: &Sandbox, address: &str, port: u16) -> String {
    let script = format!(
        "exec 2>&1 python3 -c '
import socket, sys
try:
    s = socket.create_connection((\"{address}\", {port}), 3)
except OSError as error:
    sys.exit(error.strerror)
s.settimeout(3)
try:
    s.send(b\"ping\")
    s.shutdown(socket.SHUT_WR)
    while more := s.recv(99): print(more.decode(), end=\"\")
except TimeoutError: print(\"silence\")
except OSError: pass'"
    );
    emulator.run(sandbox, &script).stdout
}

#[test]
fn sandbox_reaches_only_allowed_addresses() {
    let (emulator, port) = (enforcing(), server());
    let rules = json!({"allowOut": ["127.0.0.1/32", "127.0.0.1"], "denyOut": ["0.0.0.0/0"]});
    let allowed = sandbox(&emulator, &rules);
    assert_eq!(get(&emulator, &allowed, "127.0.0.1", port), "hello\nping");
    // All other addresses of loopback are its own.
    assert_eq!(get(&emulator, &allowed, "127.0.0.2", port), "Connection refused\n");
    // As in E2B, a connection seems to succeed, and then there is nothing.
    assert_eq!(get(&emulator, &allowed, "192.0.2.7", port), "");
    let denied = sandbox(&emulator, &json!({"denyOut": ["0.0.0.0/0"]}));
    assert_eq!(get(&emulator, &denied, "127.0.0.1", port), "Connection refused\n");
    assert_eq!(get(&emulator, &denied, "192.0.2.7", port), "");
    assert_eq!(get(&emulator, &denied, "2001:db8::7", port), "Network is unreachable\n");
    let (_, detail) = emulator.get(&format!("/sandboxes/{}", denied.id));
    assert_eq!(detail["networkEnforced"], true);
}

#[test]
fn sandbox_without_rules_shares_the_network() {
    let (emulator, port) = (enforcing(), server());
    assert_eq!(get(&emulator, &emulator.sandbox(), "127.0.0.1", port), "hello\nping");
    let body = json!({"templateID": "base", "allow_internet_access": false});
    let (_, response) = emulator.post("/v2/sandboxes", &body);
    let alone = Sandbox::of(&response);
    assert_eq!(get(&emulator, &alone, "127.0.0.1", port), "Connection refused\n");
}

#[test]
fn sandboxes_have_separate_loopbacks() {
    let emulator = enforcing();
    let one = sandbox(&emulator, &json!({"denyOut": ["0.0.0.0/0"]}));
    let script = "python3 -c '
import socket
server = socket.create_server((\"127.0.0.1\", 7))
client = socket.create_connection((\"127.0.0.1\", 7))
server.accept()[0].send(b\"own\")
print(client.recv(3).decode())'";
    // An unprivileged user may not have the port: the namespace is not the user's.
    let run = emulator.run(&one, &script.replace("7)", "7007)"));
    assert_eq!(run.stdout, "own\n", "{}", run.stderr);
    let run = emulator.run(&one, script);
    assert!(run.stderr.contains("PermissionError"), "{}", run.stderr);
}

#[test]
fn datagrams_follow_the_rules() {
    let emulator = enforcing();
    let echo = UdpSocket::bind("127.0.0.1:0").expect("binds");
    let port = echo.local_addr().expect("is bound").port();
    std::thread::spawn(move || {
        let mut bytes = [0; 100];
        while let Ok((size, from)) = echo.recv_from(&mut bytes) {
            // Who is gone need not hear it.
            let _ = echo.send_to(&bytes[..size], from);
        }
    });
    let script = |address: &str| {
        format!(
            "exec python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
for n in range(3):
    s.sendto(str(n).encode(), (\"{address}\", {port}))
    try:
        answer, sender = s.recvfrom(9)
        print(answer.decode(), sender == (\"{address}\", {port}))
    except TimeoutError: print(\"silence\")'"
        )
    };
    let one = sandbox(&emulator, &json!({"allowOut": ["127.0.0.1"], "denyOut": ["0.0.0.0/0"]}));
    let run = emulator.run(&one, &script("127.0.0.1"));
    assert_eq!(run.stdout, "0 True\n1 True\n2 True\n", "{}", run.stderr);
    let run = emulator.run(&one, &script("192.0.2.7"));
    assert_eq!(run.stdout, "silence\nsilence\nsilence\n", "{}", run.stderr);
}

#[test]
fn sandbox_with_rules_starts_fast_and_cleans_up() {
    let emulator = enforcing();
    let rules = json!({"allowOut": ["127.0.0.1"], "denyOut": ["0.0.0.0/0"]});
    let fastest = |make: &dyn Fn() -> Sandbox| {
        let time = |_| {
            let started = Instant::now();
            let sandbox = make();
            let elapsed = started.elapsed();
            assert!(emulator.server.kill_sandbox(&sandbox.id));
            elapsed
        };
        (0..5).map(time).min().expect("there are five")
    };
    let extra =
        fastest(&|| sandbox(&emulator, &rules)).saturating_sub(fastest(&|| emulator.sandbox()));
    assert!(extra < Duration::from_millis(50), "a namespace takes {extra:?}");

    let one = sandbox(&emulator, &rules);
    let pid = Stream::of(emulator.open(&one, "Start", &shell("exec sleep 600"))).pid();
    let network = |pid: u64| std::fs::read_link(format!("/proc/{pid}/ns/net")).expect("runs");
    let this = network(std::process::id().into());
    until("the process's network", || network(pid) != this);
    let namespace = network(pid);
    let status = emulator.api(Method::DELETE, &format!("/sandboxes/{}", one.id)).send();
    assert_eq!(status.expect("answers").status(), 204);
    assert!(!runs(pid));
    // Nothing holds the namespace, so that it is gone.
    let open_files = || std::fs::read_dir("/proc/self/fd").expect("is there").flatten();
    let is_namespace =
        |file: std::fs::DirEntry| std::fs::read_link(file.path()).ok().as_ref() == Some(&namespace);
    until("the end of the namespace", || !open_files().any(is_namespace));
}

/// Does something in a network that has these addresses and no others, with the
/// emulator and all servers that it starts.
fn in_a_network_of(addresses: &[&str], test: impl FnOnce() + Send) {
    let inside = || {
        unshare(CloneFlags::CLONE_NEWNET).expect("root can make a namespace");
        let ip = |arguments: &[&str]| {
            let status = Command::new("ip").args(arguments).status().expect("runs");
            assert!(status.success(), "{arguments:?}");
        };
        ip(&["link", "set", "lo", "up"]);
        addresses.iter().for_each(|address| ip(&["address", "add", address, "dev", "lo"]));
        test();
    };
    let result = std::thread::scope(|scope| scope.spawn(inside).join());
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[test]
fn allowed_name_is_matched_on_web_ports_and_opens_a_resolver() {
    install("ip", "iproute2", &[]).expect("Debian has the package");
    in_a_network_of(&["8.8.8.8", "192.0.2.7"], || {
        let emulator = enforcing();
        serve(TcpListener::bind("127.0.0.1:80").expect("binds"));
        serve(TcpListener::bind("192.0.2.7:5432").expect("binds"));
        serve(TcpListener::bind("8.8.8.8:5432").expect("binds"));
        let sandbox_with = |more: Value| {
            let mut rules = json!({"allowOut": ["localhost"], "denyOut": ["0.0.0.0/0"]});
            rules
                .as_object_mut()
                .expect("is one")
                .extend(more.as_object().expect("is one").clone());
            sandbox(&emulator, &rules)
        };
        let (open, closed) = (sandbox_with(json!({})), sandbox_with(json!({"dnsServers": []})));
        let ask = |host: &str| {
            let script = format!(
                "exec 3<> /dev/tcp/192.0.2.7/80
                printf 'GET / HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n' >&3
                head -c 5 <&3"
            );
            emulator.run(&open, &script).stdout
        };
        // The address is not looked at, only the name.
        assert_eq!((ask("localhost"), ask("other.example")), ("hello".to_owned(), String::new()));
        // Other ports know addresses only, and the resolver is one of them: on all its ports.
        assert_eq!(get(&emulator, &open, "192.0.2.7", 5432), "");
        assert_eq!(get(&emulator, &open, "8.8.8.8", 5432), "hello\nping");
        assert_eq!(get(&emulator, &closed, "8.8.8.8", 5432), "");
    });
}
