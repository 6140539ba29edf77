//! Attacks with the permission to write: names, links and files that are meant to end up outside
//! the granted directories.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};

use crate::bindings::osiris::driver::context;
use crate::{Attack, Outcome, Table, done, failure, field, node, report};

unsafe extern "C" {
    // The standard library does not expose this function on this platform.
    #[link_name = "symlink"]
    fn c_symlink(target: *const std::ffi::c_char, link: *const std::ffi::c_char) -> i32;
}

pub(crate) const ATTACKS: Table = &[
    ("names-odd", names_odd),
    ("names-alike", names_alike),
    ("names-renamed", names_renamed),
    ("links-made", links_made),
    ("links-hard", links_hard),
    ("renames-outside", renames_outside),
    ("write-forged-session", |_| forged_session()),
    ("write-sparse", |_| {
        let made = File::create("out.txt.sparse").and_then(|file| file.set_len(1 << 40));
        let gone = fs::remove_file("out.txt.sparse");
        report([("a tebibyte".to_owned(), made.map(none)), ("remove it".into(), gone.map(none))])
    }),
    ("write-beyond-the-largest", |_| {
        let huge = File::create("out.txt.huge").and_then(|file| file.set_len(u64::MAX));
        let gone = fs::remove_file("out.txt.huge");
        report([
            ("2^64 - 1 bytes".to_owned(), huge.map(none)),
            ("remove it".into(), gone.map(none)),
        ])
    }),
    ("fill-the-disk", |_| {
        let piece = vec![b'x'; 64 << 10];
        let filled = File::create("out.txt.filler").and_then(|mut file| {
            loop {
                file.write_all(&piece)?;
            }
        });
        report([("fill".to_owned(), filled)])
    }),
    ("fill-the-artifacts", |_| {
        let piece = vec![b'x'; 64 << 10];
        let name = format!("{}/filler", context::artifacts_dir());
        let filled = File::create(name).and_then(|mut file| {
            loop {
                file.write_all(&piece)?;
            }
        });
        report([("fill".to_owned(), filled)])
    }),
    ("state-through-a-link", |attack| {
        fs::create_dir_all(".osiris").map_err(told)?;
        symlink("../../elsewhere", ".osiris/state").map_err(told)?;
        context::save_state("{\"planted\":true}")?;
        attack.quiet()
    }),
    ("artifacts-through-a-link", |attack| {
        let own = context::artifacts_dir();
        let folder = own.trim_end_matches("/attack");
        fs::rename(folder, format!("{folder}-moved")).map_err(told)?;
        symlink("../../../elsewhere", folder).map_err(told)?;
        attack.quiet()
    }),
    ("session-through-a-link", |attack| {
        let own = context::artifacts_dir();
        let session = own.trim_end_matches("/artifacts/attack");
        fs::rename(session, format!("{session}-moved")).map_err(told)?;
        symlink("../../elsewhere", session).map_err(told)?;
        attack.quiet()
    }),
    ("state-from-a-link", |attack| match context::load_state() {
        Some(state) => Err(failure("data", format!("the state is {state}"))),
        None => {
            // The host reads this path before the next run and passes its content to the driver.
            fs::create_dir_all(".osiris/state/attack").map_err(told)?;
            let environment = "../".repeat(32) + "proc/self/environ";
            symlink(&environment, ".osiris/state/attack/attack.json").map_err(told)?;
            attack.quiet()
        }
    }),
    ("wipe-the-session", |attack| {
        let own = context::artifacts_dir();
        fs::remove_dir_all(own.trim_end_matches("/artifacts/attack")).map_err(told)?;
        attack.quiet()
    }),
    ("swap-folders", swap_folders),
];

fn told(error: io::Error) -> crate::bindings::osiris::driver::types::Error {
    failure("data", error.to_string())
}

fn none<T>(_: T) -> String {
    String::new()
}

fn symlink(target: &str, link: &str) -> io::Result<()> {
    let (target, link) = (CString::new(target)?, CString::new(link)?);
    // SAFETY: both are NUL-terminated strings that are only read.
    match unsafe { c_symlink(target.as_ptr(), link.as_ptr()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Writes a file under `name` and reads it back.
fn there_and_back(name: &str) -> io::Result<String> {
    fs::write(name, name)?;
    let read = fs::read_to_string(name)?;
    let same = read == name;
    fs::remove_file(name)?;
    Ok(if same { "the same" } else { "another file's content" }.into())
}

fn names_odd(_: &mut Attack) -> Outcome {
    let long = |length: usize| "l".repeat(length);
    let names = [
        ("255 bytes", long(255)),
        ("256 bytes", long(256)),
        ("4096 bytes", long(4096)),
        ("a mebibyte", long(1 << 20)),
        ("4000 folders", "./".repeat(4000) + "file"),
        ("NUL", "data/a\0b".into()),
        ("backslashes", "..\\outside".into()),
        ("a drive", "C:\\outside".into()),
        ("a device", "NUL".into()),
        ("three dots", "...".into()),
        ("a dot at the end", "file.".into()),
        ("a slash at the end", "file/".into()),
        ("a dot and a slash at the end", "file/.".into()),
        ("nothing", String::new()),
        ("a dot", ".".into()),
        ("two dots", "..".into()),
        ("out by dots", "data/../../outside".into()),
        ("out and in by dots", "../project/inside".into()),
        ("out by many dots", "../".repeat(64) + "tmp/outside"),
        ("out by slashes", "//tmp/outside".into()),
        ("a line's end", "a\nb".into()),
        ("an escape", "\u{1b}[2J".into()),
        ("turned round", "\u{202e}txt.exe".into()),
        ("no characters", "\u{10ffff}\u{feff}".into()),
    ];
    let own = context::artifacts_dir();
    let is_inside = |name: &str| !name.starts_with('/') && !name.contains("../");
    // Next to its output a driver cannot create such names; among its artifacts it can create any
    // printable name.
    let inside = names.iter().filter(|(_, name)| is_inside(name)).map(|(what, name)| {
        (format!("{what} among its artifacts"), there_and_back(&format!("{own}/{name}")))
    });
    let inside: Vec<_> = inside.collect();
    let beside = names.iter().map(|(what, name)| ((*what).to_owned(), there_and_back(name)));
    report(beside.chain(inside))
}

/// Renames a file to a name that a terminal acts on, and creates one in a new directory.
fn names_renamed(_: &mut Attack) -> Outcome {
    let own = context::artifacts_dir();
    let rename = || {
        fs::write(format!("{own}/plain"), "x")?;
        fs::rename(format!("{own}/plain"), format!("{own}/\u{1b}[2J"))?;
        Ok("renamed".into())
    };
    let create = || {
        fs::create_dir(".out.txt.d")?;
        fs::write(".out.txt.d/plain", "x")?;
        fs::write(".out.txt.d/\u{1b}[2J", "x")?;
        Ok("created".into())
    };
    report([("to an escape".to_owned(), rename()), ("in a directory".to_owned(), create())])
}

/// Checks that two similar names remain two files.
fn names_alike(_: &mut Attack) -> Outcome {
    let pairs = [
        ("composed and not", "\u{e9}", "e\u{301}"),
        ("large and small", "NAME", "name"),
        ("with a dot", "dot", "dot."),
        ("with a space", "space", "space "),
        ("wide", "wide", "\u{ff57}ide"),
        ("joined", "fi", "\u{fb01}"),
        ("with nothing visible", "none", "no\u{200b}ne"),
    ];
    report(pairs.map(|(what, first, second)| {
        let own = context::artifacts_dir();
        let (first, second) = (format!("{own}/{first}"), format!("{own}/{second}"));
        let tried = || {
            fs::write(&first, "first")?;
            fs::write(&second, "second")?;
            let kept = fs::read_to_string(&first)? == "first";
            fs::remove_file(&first)?;
            fs::remove_file(&second)?;
            Ok(if kept { "both are there" } else { "one was overwritten" }.into())
        };
        (what.to_owned(), tried())
    }))
}

/// Makes links, then reads and writes through them.
fn links_made(_: &mut Attack) -> Outcome {
    let targets = [
        ("up", ".."),
        ("up and down", "../project"),
        ("etc", "/etc"),
        ("root", "/"),
        ("far up", "../../../../../../../../etc"),
        ("secret", "../secret.txt"),
        ("process", "/proc/self"),
        ("chain", "up"),
        ("loop", "loop"),
        ("inside", "data"),
    ];
    let mut lines = Vec::new();
    for (name, target) in targets {
        lines.push((format!("make {name}"), symlink(target, name).map(none)));
    }
    for path in ["up/secret.txt", "secret", "chain/secret.txt", "up/project/data/file.txt"] {
        lines.push((format!("read {path}"), fs::read_to_string(path)));
    }
    for path in ["far up/passwd", "etc/passwd", "process/environ", "loop", "loop/x"] {
        lines.push((format!("read {path}"), fs::read(path).map(|bytes| bytes.len().to_string())));
    }
    lines.push(("read inside/file.txt".into(), fs::read_to_string("inside/file.txt")));
    for path in ["up/forged", "chain/forged", "secret", "far up/forged", "loop"] {
        lines.push((format!("write {path}"), fs::write(path, "forged").map(none)));
    }
    lines.push(("list up".into(), fs::read_dir("up").map(|all| all.count().to_string())));
    lines.push(("make a folder up/forged".into(), fs::create_dir("up/forged").map(none)));
    lines.push(("remove up/secret.txt".into(), fs::remove_file("up/secret.txt").map(none)));
    lines.push(("move up/secret.txt here".into(), fs::rename("up/secret.txt", "got").map(none)));
    lines.push(("move data up".into(), fs::rename("data", "up/data").map(none)));
    lines.push(("times of secret".into(), times("secret")));
    // The links are only a means: none of them may remain.
    for (name, _) in targets {
        let _ = fs::remove_file(name);
    }
    report(lines)
}

fn times(path: &str) -> io::Result<String> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_modified(std::time::UNIX_EPOCH).map(none)
}

fn links_hard(_: &mut Attack) -> Outcome {
    let pairs = [
        ("../secret.txt", "got"),
        ("data/link-to-file", "got"),
        ("data/link-to-folder/secret.txt", "got"),
        ("data/link-to-root/etc/passwd", "got"),
        ("/proc/self/environ", "got"),
        ("data/file.txt", "../got"),
        ("data/file.txt", "data/link-to-folder/got"),
        ("data", "got"),
    ];
    report(pairs.map(|(from, to)| {
        let linked = fs::hard_link(from, to).and_then(|()| {
            let read = fs::read_to_string(to);
            fs::remove_file(to)?;
            read
        });
        (format!("{from} as {to}"), linked.map(|text| format!("{text:?}")))
    }))
}

fn renames_outside(_: &mut Attack) -> Outcome {
    let pairs = [
        ("data/file.txt", "../file.txt"),
        ("data/file.txt", "/../file.txt"),
        ("data/file.txt", "data/link-to-folder/file.txt"),
        ("data/file.txt", "data/link-to-root/tmp/file.txt"),
        ("../secret.txt", "got"),
        ("data/link-to-folder/secret.txt", "got"),
        ("data/link-to-folder", "data/link-to-folder/moved"),
        ("data", "../data"),
        ("data", "data/below-itself"),
        (".", "moved"),
        ("..", "moved"),
    ];
    report(pairs.map(|(from, to)| (format!("{from} to {to}"), fs::rename(from, to).map(none))))
}

/// Writes the run's status before the host does.
fn forged_session() -> Outcome {
    let own = context::artifacts_dir();
    let session = own.trim_end_matches("/artifacts/attack");
    let status = "{\"status\":\"success\",\"exit_code\":0}";
    fs::write(format!("{session}/status.json"), status).map_err(told)?;
    fs::write(format!("{session}/status.json.tmp"), status).map_err(told)?;
    Err(failure("data", "failed after it had written that all went well"))
}

/// For each row that the next step writes into `out`, replaces the directory `out` with a link to
/// a directory outside and back.
fn swap_folders(attack: &mut Attack) -> Outcome {
    let writer = attack.writer()?;
    writer.open(&[field("n", "l")])?;
    for _ in 0..2000 {
        let _ = fs::rename("out", "kept");
        let _ = symlink("../elsewhere", "out");
        writer.push(&[]);
        writer.push(&[0; 8]);
        writer.send(1, &[node(1, 0, 2)])?;
        let _ = fs::remove_file("out");
        let _ = fs::rename("kept", "out");
    }
    done()
}
