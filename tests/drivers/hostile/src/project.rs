//! Attacks on the project's own files, and on the limits of disk use.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::net::TcpStream;

use crate::bindings::osiris::driver::context;
use crate::{Attack, Outcome, Table, failure, report};

pub(crate) const ATTACKS: Table = &[
    ("read-the-project", |_| {
        let paths = [
            ".env",
            "data/../.env",
            "osiris.yaml",
            "OSIRIS.YAML",
            "osiris_connections.yaml",
            "pipeline.yaml",
            "bystander.txt",
            ".osiris/index/last_compile",
            "not-there",
        ];
        let mut lines: Vec<_> =
            paths.map(|path| (format!("read {path}"), fs::read(path).map(none))).into();
        for folder in [".", "logs", ".osiris", "drivers"] {
            let listed = fs::read_dir(folder).map(|all| all.count().to_string());
            lines.push((format!("list {folder}"), listed));
        }
        for path in [".env", "pipeline.yaml", "not-there"] {
            lines.push((format!("look at {path}"), fs::metadata(path).map(none)));
        }
        let own = context::artifacts_dir();
        let session = own.trim_end_matches("/artifacts/attack");
        for file in ["status.json", "events.jsonl", "artifacts/bystander/cleaned_config.json"] {
            let read = fs::read(format!("{session}/{file}")).map(none);
            lines.push((format!("read {file} of the session"), read));
        }
        report(lines)
    }),
    ("write-the-project", |_| {
        fs::write("out.txt.new", "made by the driver").map_err(told)?;
        let mut lines = Vec::new();
        for path in [
            ".env",
            ".env.local",
            "osiris.yaml",
            "osiris.lock",
            "osiris_connections.yaml",
            "drivers/evil.wasm",
            ".osiris/index/last_compile",
            "logs/forged",
            "pipeline.yaml",
            "bystander.txt",
            "data/new",
        ] {
            lines.push((format!("write {path}"), fs::write(path, "forged").map(none)));
            lines.push((format!("move onto {path}"), fs::rename("out.txt.new", path).map(none)));
        }
        for path in [".osiris", "drivers", "logs", "data", "pipeline.yaml"] {
            lines.push((format!("move {path} away"), fs::rename(path, "out.txt.away").map(none)));
            lines.push((format!("make {path}"), fs::create_dir(path).map(none)));
        }
        // The host reports a file as missing only where the driver could have created one.
        for path in ["pipeline.yaml", "nothing", "out.txt.nothing", "data/nothing"] {
            lines.push((format!("remove {path}"), fs::remove_file(path).map(none)));
        }
        lines.push(("read its own back".into(), fs::read_to_string("out.txt.new")));
        report(lines)
    }),
    ("open-a-pipe", |_| {
        let look = |path| fs::metadata(path).map(|found| found.is_file().to_string());
        report([
            ("look at it".to_owned(), look("data/pipe")),
            ("read it".into(), fs::read("data/pipe").map(none)),
            ("write it".into(), OpenOptions::new().write(true).open("data/pipe").map(none)),
        ])
    }),
    ("half-an-output", |_| {
        halves()?;
        Err(failure("data", "failed when half was written"))
    }),
    ("half-an-output-and-a-trap", |_| {
        halves()?;
        std::process::abort()
    }),
    ("too-many-bytes", |_| fill("", "out.txt")),
    ("too-many-bytes-of-artifacts", |_| fill(&context::artifacts_dir(), "/filler")),
    ("too-many-files", |_| {
        let own = context::artifacts_dir();
        let made = |n: usize| match n % 2 {
            0 => fs::write(format!("{own}/{n}"), "").map(none),
            _ => fs::create_dir(format!("{own}/{n}")).map(none),
        };
        report((0..13).map(|n| (format!("file or folder {n}"), made(n))))
    }),
    ("too-many-sockets", |attack: &mut Attack| {
        let port = attack.connection()?.port;
        let mut hoard = Vec::new();
        let mut lines = Vec::new();
        for n in 0..5 {
            let dialled = TcpStream::connect(("127.0.0.1", port)).map(|stream| hoard.push(stream));
            lines.push((format!("socket {n}"), dialled.map(none)));
        }
        hoard.pop();
        let again = TcpStream::connect(("127.0.0.1", port)).map(none);
        lines.push(("after one is closed".into(), again));
        report(lines)
    }),
];

fn told(error: io::Error) -> crate::bindings::osiris::driver::types::Error {
    failure("data", error.to_string())
}

fn none<T>(_: T) -> String {
    String::new()
}

/// Writes half of the output under its own name, half under names next to it, and a directory.
fn halves() -> Result<(), crate::bindings::osiris::driver::types::Error> {
    fs::write("out.txt", "half").map_err(told)?;
    fs::create_dir_all("out.txt.parts/deep").map_err(told)?;
    fs::write("out.txt.parts/deep/1", "half").map_err(told)?;
    fs::rename("out.txt.parts", "out.txt.moved").map_err(told)?;
    fs::write(".out.txt.tmp", "half").map_err(told)
}

/// Tries every way to write more than a mebibyte.
fn fill(folder: &str, name: &str) -> Outcome {
    let path = format!("{folder}{name}");
    let half = vec![b'x'; 600 << 10];
    let file = File::create(&path).map_err(told)?;
    let longer = |size: u64| file.set_len(size).map(none);
    let write = |at: Option<u64>| {
        let mut file = OpenOptions::new().write(true).append(at.is_none()).open(&path)?;
        if let Some(at) = at {
            file.seek(SeekFrom::Start(at))?;
        }
        file.write_all(&half).map(none)
    };
    report([
        ("make it a mebibyte long".to_owned(), longer(1 << 20)),
        ("make it longer".into(), longer((1 << 20) + 1)),
        ("make it as long as can be".into(), longer(u64::MAX)),
        ("write 600 KiB far behind".into(), write(Some(1 << 40))),
        ("write 600 KiB".into(), write(Some(0))),
        ("write them again".into(), write(Some(0))),
        ("append them".into(), write(None)),
    ])
}
