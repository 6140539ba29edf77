//! Attacks on concurrent steps and runs: on their outputs, and on names that they are about to
//! use.

use std::fs;
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::bindings::osiris::driver::context;
use crate::bindings::osiris::driver::types::Error;
use crate::{Table, done, failure, report};

/// Maximum time to wait for the other steps or runs.
const PATIENCE: Duration = Duration::from_secs(30);
/// Number of attempts per race.
const RACES: usize = 20_000;

pub(crate) const ATTACKS: Table = &[
    // Creates the directory of all outputs before any other step needs it.
    ("own-the-folder", |_| {
        let made = fs::create_dir("output").map(none);
        wait("done.txt")?;
        let mut lines = on("output/theirs.txt");
        lines.insert(0, ("make the folder".into(), made));
        lines.push(("list the folder".into(), names("output")));
        lines.push(("move the folder away".into(), fs::rename("output", "output.mine").map(none)));
        report(lines)
    }),
    // Creates the output of another step before that step does.
    ("own-the-name", |_| {
        let made = fs::write("output/theirs.txt", "TAMPERED").map(none);
        let folder = fs::create_dir("output/theirs.txt").map(none);
        fs::write("output/mine.txt.tmp", "TAMPERED").map_err(told)?;
        let moved = fs::rename("output/mine.txt.tmp", "output/theirs.txt").map(none);
        let beside = fs::write("output/mine.txt.theirs", "TAMPERED").map(none);
        wait("done.txt")?;
        let mut lines = on("output/theirs.txt");
        lines.extend([
            ("make it first".to_owned(), made),
            ("make a folder of its name".into(), folder),
            ("move onto it".into(), moved),
            ("make another's that is named like its own".into(), beside),
        ]);
        report(lines)
    }),
    // Takes a name next to its own output that another run then uses. The other run replaces the
    // files made here, and the cleanup of this step removes none of the other run's files.
    ("own-the-name-of-a-run", |_| {
        fs::write("output/mine.txt.theirs", "TAMPERED").map_err(told)?;
        fs::create_dir("output/mine.txt.folder").map_err(told)?;
        fs::write("output/mine.txt.folder/theirs", "TAMPERED").map_err(told)?;
        wait("done.txt")?;
        let mut lines = on("output/mine.txt.theirs");
        lines.extend(on("output/mine.txt.folder/theirs"));
        report(lines)
    }),
    // Attacks the files that another step writes into a directory that this step may write.
    ("own-the-folder-around", |_| {
        fs::write("output/mine.txt", "mine").map_err(told)?;
        wait("done.txt")?;
        let mut lines = on("output/theirs.txt");
        lines.extend(on("output/.theirs.txt.1.tmp"));
        lines.push(("list the folder".into(), names("output")));
        lines.push(("move the folder away".into(), fs::rename("output", "output.mine").map(none)));
        report(lines)
    }),
    // Writes names that other tools trust, next to an output in the project's own directory.
    ("names-beside", |_| {
        let mut lines = Vec::new();
        for path in [
            ".envrc",
            ".npmrc",
            "conftest.py",
            "package.json",
            "Makefile",
            ".cargo/config.toml",
            ".vscode/tasks.json",
            ".husky/pre-commit",
            ".git/hooks/pre-commit",
            "out.txtual",
            "out.tx",
            "..out.txt.tmp",
        ] {
            let made = match path.rsplit_once('/') {
                Some((folder, _)) => fs::create_dir_all(folder),
                None => Ok(()),
            };
            lines.push((path.into(), made.and_then(|()| fs::write(path, "forged")).map(none)));
        }
        for path in ["out.txt.part", "out.txt~", ".out.txt", ".out.txt.0123.tmp", ".out.txt-1"] {
            let made = fs::write(path, "mine").and_then(|()| fs::remove_file(path));
            lines.push((path.into(), made.map(none)));
        }
        let inner = ".out.txt.d/inner";
        let made = fs::create_dir_all(inner)
            .and_then(|()| fs::write(format!("{inner}/x"), "mine"))
            .and_then(|()| fs::remove_dir_all(".out.txt.d"));
        lines.push((inner.into(), made.map(none)));
        report(lines)
    }),
    // One of two steps swaps a directory and a link to another, and the other step reads there.
    ("swap-a-link", |_| {
        let (mut moved, mut refused) = (0, 0);
        for _ in 0..RACES {
            let tried = fs::rename("out/s", "out/t")
                .and_then(|()| fs::rename("out/d", "out/s"))
                .and_then(|()| fs::rename("out/t", "out/d"));
            match tried {
                Ok(()) => moved += 1,
                Err(_) => refused += 1,
            }
            let _ = fs::rename("out/t", "out/s");
        }
        match (moved, refused) {
            (0, RACES) => done(),
            _ => Err(failure("data", format!("the link was moved {moved} times"))),
        }
    }),
    ("read-through-a-swap", |_| {
        let until = Instant::now() + Duration::from_secs(5);
        let (mut read, mut tries) = (0_u32, 0_u32);
        while tries < 20_000 || (read == 0 && Instant::now() < until) {
            tries += 1;
            match fs::read_to_string("out/d/secret.txt") {
                Ok(text) if text == "granted" => read += 1,
                Ok(text) => {
                    return Err(failure("data", format!("at try {tries} it read {text:?}")));
                }
                Err(_) => {}
            }
            // Writes through another link of the same swap, to a path that is not granted.
            if fs::write("out/d/new.txt", "forged").is_ok() {
                let _ = fs::remove_file("out/d/new.txt");
            }
        }
        match read {
            0 => Err(failure("data", "it never read its own file")),
            _ => done(),
        }
    }),
    // Opens many listings of a large directory at the same time.
    ("lists-hoarded", |_| {
        let own = format!("{}/many", context::artifacts_dir());
        fs::create_dir(&own).map_err(told)?;
        for n in 0..5000 {
            fs::write(format!("{own}/{n:0240}"), "").map_err(told)?;
        }
        let mut lists = Vec::new();
        for n in 0..1000 {
            let mut list = fs::read_dir(&own)
                .map_err(|error| failure("data", format!("list {n}: {error}")))?;
            list.next();
            lists.push(list);
        }
        done()
    }),
];

fn told(error: io::Error) -> Error {
    failure("data", error.to_string())
}

fn none<T>(_: T) -> String {
    String::new()
}

/// Waits for a file that another step writes and this step may read.
fn wait(path: &str) -> Result<(), Error> {
    let until = Instant::now() + PATIENCE;
    while fs::metadata(path).is_err() {
        if Instant::now() > until {
            return Err(failure("timeout", format!("`{path}` is still not there")));
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn names(folder: &str) -> io::Result<String> {
    let mut names: Vec<_> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
    names.sort();
    Ok(names.join(" "))
}

/// Tries every operation on another step's file, the most harmful last.
fn on(path: &str) -> Vec<(String, io::Result<String>)> {
    let append = || fs::OpenOptions::new().append(true).open(path).map(none);
    vec![
        (format!("look at {path}"), fs::metadata(path).map(none)),
        (format!("read {path}"), fs::read_to_string(path)),
        (format!("append to {path}"), append()),
        (format!("replace {path}"), {
            let made = fs::write("output/mine.txt.forged", "TAMPERED");
            made.and_then(|()| fs::rename("output/mine.txt.forged", path)).map(none)
        }),
        (format!("write {path}"), fs::write(path, "TAMPERED").map(none)),
        (format!("move {path} away"), fs::rename(path, "output/mine.txt.got").map(none)),
        (format!("remove {path}"), fs::remove_file(path).map(none)),
    ]
}
