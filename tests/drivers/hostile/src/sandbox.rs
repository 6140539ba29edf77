//! Ways out of the sandbox. Each returns what it obtained, so that the test's snapshot shows every
//! denial.

use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::{Instant, UNIX_EPOCH};

use wasip2::cli::environment::{get_arguments, get_environment, initial_cwd};
use wasip2::cli::terminal_stderr::get_terminal_stderr;
use wasip2::cli::terminal_stdin::get_terminal_stdin;
use wasip2::cli::terminal_stdout::get_terminal_stdout;
use wasip2::filesystem::preopens::get_directories;
use wasip2::random::insecure_seed::insecure_seed;
use wasip2::random::random::get_random_u64;

use crate::bindings::osiris::driver::context;
use crate::{Outcome, Table};

pub(crate) const ATTACKS: Table = &[
    ("read-outside", |_| {
        report(&[
            ("/etc/passwd", || fs::read("/etc/passwd").map(len)),
            ("../secret.txt", || fs::read("../secret.txt").map(len)),
            ("data/../../secret.txt", || fs::read("data/../../secret.txt").map(len)),
            ("data/link-to-file", || fs::read("data/link-to-file").map(len)),
            ("data/link-to-folder/secret.txt", || {
                fs::read("data/link-to-folder/secret.txt").map(len)
            }),
            ("data/link-to-root/etc/passwd", || fs::read("data/link-to-root/etc/passwd").map(len)),
            ("/proc/self/environ", || fs::read("/proc/self/environ").map(len)),
            ("..", || fs::read_dir("..").map(|entries| entries.count().to_string())),
        ])
    }),
    ("write-without-grant", |_| {
        report(&[
            ("create data/new", || fs::write("data/new", "x").map(none)),
            ("overwrite data/file.txt", || fs::write("data/file.txt", "x").map(none)),
            ("append to data/file.txt", || {
                fs::OpenOptions::new().append(true).open("data/file.txt").map(none)
            }),
            ("truncate data/file.txt", || {
                fs::OpenOptions::new().write(true).truncate(true).open("data/file.txt").map(none)
            }),
            ("remove data/file.txt", || fs::remove_file("data/file.txt").map(none)),
            ("rename data/file.txt", || fs::rename("data/file.txt", "data/other").map(none)),
            ("link data/file.txt", || fs::hard_link("data/file.txt", "data/other").map(none)),
            ("make data/folder", || fs::create_dir("data/folder").map(none)),
            ("write osiris.yaml", || fs::write("osiris.yaml", "x").map(none)),
        ])
    }),
    ("write-outside-artifacts", |_| {
        report(&[
            ("artifacts/../../../forged", || {
                fs::write(format!("{}/../../../forged", context::artifacts_dir()), "x").map(none)
            }),
            ("artifacts/../../status.json", || {
                fs::write(format!("{}/../../status.json", context::artifacts_dir()), "x").map(none)
            }),
            ("artifacts of bystander", || {
                let other = context::artifacts_dir().replace("attack", "bystander");
                fs::write(format!("{other}/cleaned_config.json"), "x").map(none)
            }),
        ])
    }),
    ("dial", |_| {
        report(&[
            ("tcp 127.0.0.1:22", || TcpStream::connect("127.0.0.1:22").map(none)),
            ("tcp 169.254.169.254:80", || TcpStream::connect("169.254.169.254:80").map(none)),
            ("tcp [::1]:80", || TcpStream::connect("[::1]:80").map(none)),
            ("name localhost", || "localhost:80".to_socket_addrs().map(none)),
            ("listen 127.0.0.1:0", || TcpListener::bind("127.0.0.1:0").map(none)),
            ("udp 127.0.0.1:0", || UdpSocket::bind("127.0.0.1:0").map(none)),
        ])
    }),
    ("ask-the-machine", |_| {
        report(&[
            ("arguments", || Ok(get_arguments().len().to_string())),
            ("environment", || Ok(get_environment().len().to_string())),
            ("working directory", || Ok(initial_cwd().unwrap_or("none".into()))),
            ("a terminal", || {
                let none = get_terminal_stdin().is_none()
                    && get_terminal_stdout().is_none()
                    && get_terminal_stderr().is_none();
                Ok(if none { "none" } else { "there is one" }.into())
            }),
            ("the time", || {
                let passes = Instant::now() <= Instant::now();
                let after_2020 = UNIX_EPOCH.elapsed().is_ok_and(|since| since.as_secs() > 1 << 30);
                Ok(format!("goes on {passes}, is now {after_2020}"))
            }),
            ("chance", || {
                let same = get_random_u64() == get_random_u64() || insecure_seed() == (0, 0);
                Ok(if same { "the same each time" } else { "another each time" }.into())
            }),
            ("folders", || {
                Ok(get_directories()
                    .iter()
                    .map(|(_, name)| plain(name))
                    .collect::<Vec<_>>()
                    .join(" "))
            }),
        ])
    }),
    ("look-around", |_| {
        report(&[
            ("arguments", || Ok(std::env::args().count().to_string())),
            ("environment", || Ok(std::env::vars().count().to_string())),
            ("stdin", || io::read_to_string(io::stdin()).map(|text| text.len().to_string())),
            ("artifacts", || {
                Ok(String::from(if context::artifacts_dir().ends_with("/artifacts/attack") {
                    "mine"
                } else {
                    "elsewhere"
                }))
            }),
            ("data", || {
                let mut names: Vec<_> = fs::read_dir("/data")?
                    .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                    .collect::<io::Result<_>>()?;
                names.sort();
                Ok(names.join(" "))
            }),
        ])
    }),
];

/// Name of an attempt, and the attempt itself.
type Try = (&'static str, fn() -> io::Result<String>);

/// Makes each attempt and returns an error that lists the results.
fn report(tries: &[Try]) -> Outcome {
    crate::report(tries.iter().map(|(what, attempt)| ((*what).to_owned(), attempt())))
}

/// Replaces the artifacts directory in `name`, which contains the session's id.
fn plain(name: &str) -> String {
    name.replace(&context::artifacts_dir(), "[its artifacts]")
}

fn len(bytes: Vec<u8>) -> String {
    bytes.len().to_string()
}

fn none<T>(_: T) -> String {
    String::new()
}
