//! Properties of every path: it resolves to its target, never out of the base path, and the opened
//! file is the checked file.

use crate::code::Code;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::TempDir;

use super::*;

/// Returns a resolver that uses the kernel, and one that walks.
fn both(base: &Path) -> [Resolver; 2] {
    [Resolver::open(base).unwrap(), Resolver::walking(base).unwrap()]
}

/// Creates a project next to a directory outside of it.
fn project() -> (TempDir, PathBuf) {
    let around = tempfile::tempdir().unwrap();
    let base = around.path().join("project");
    for folder in ["project/in/deep", "project/out/d", "project/private", "elsewhere"] {
        fs::create_dir_all(around.path().join(folder)).unwrap();
    }
    for (file, text) in [
        ("project/in/a", "granted"),
        ("project/in/deep/b", "granted"),
        ("project/private/secret", "private"),
        ("project/out/d/secret", "granted"),
        ("elsewhere/secret", "private"),
    ] {
        fs::write(around.path().join(file), text).unwrap();
    }
    for (link, target) in [
        ("in/to-a", "a"),
        ("in/to-deep", "deep"),
        ("in/chain", "to-deep/../to-deep"),
        ("in/private", "../private"),
        ("in/up", "../.."),
        ("in/far", "../../elsewhere"),
        ("in/root", "/etc"),
        ("in/loop", "loop"),
        ("in/nowhere", "not/there"),
        ("in/base", ".."),
    ] {
        symlink(target, base.join(link)).unwrap();
    }
    (around, base)
}

fn text(location: &Location) -> io::Result<String> {
    let mut text = String::new();
    Resolver::open_file(location)?.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn paths_resolve_through_symlinks() {
    let (_around, base) = project();
    for resolver in both(&base) {
        for (path, leads_to) in [
            ("", ""),
            ("in/a", "in/a"),
            ("in/to-a", "in/a"),
            ("in/to-deep/b", "in/deep/b"),
            ("in/chain/b", "in/deep/b"),
            ("in/private/secret", "private/secret"),
            ("in/base", ""),
            ("in/base/in/a", "in/a"),
            ("in/nowhere", "in/not/there"),
            ("new/folder/file", "new/folder/file"),
            ("in/to-deep/new", "in/deep/new"),
            ("in/to-deep/new/er", "in/deep/new/er"),
        ] {
            let location = resolver.resolve(Path::new(path), true).unwrap();
            assert_eq!(location.path, Path::new(leads_to), "{path}");
            assert_eq!(location.found.is_some(), base.join(leads_to).exists(), "{path}");
            if let (Some(parent), Some(found)) = (&location.parent, location.found) {
                assert_eq!(Stat::at(parent, &location.name), Ok(found), "{path}");
            }
        }
        for path in ["in/up", "in/up/elsewhere/secret", "in/far/secret", "in/root/passwd"] {
            let error = resolver.resolve(Path::new(path), true).unwrap_err();
            assert!(leads_outside(&error), "{path}: {error}");
        }
        for path in ["in/loop", "in/a/b", "in/a/b/c"] {
            let error = resolver.resolve(Path::new(path), true).unwrap_err();
            assert!(!leads_outside(&error), "{path}: {error}");
        }
        let link = resolver.resolve(Path::new("in/root"), false).unwrap();
        assert_eq!(link.found.unwrap().kind, FileKind::Link);
        assert!(text(&link).is_err());
    }
}

/// Swaps a directory with a link to a directory without permission, and back, while the directory
/// is opened.
#[test]
fn swapping_folder_and_link_never_opens_a_forbidden_file() {
    let (_around, base) = project();
    symlink("../private", base.join("out/s")).unwrap();
    for resolver in both(&base) {
        let done = AtomicBool::new(false);
        let (mut read, mut seen_link) = (0, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (d, s) = (base.join("out/d"), base.join("out/s"));
                while !done.load(Ordering::Relaxed) {
                    renameat_with(CWD, &d, CWD, &s, RenameFlags::EXCHANGE).unwrap();
                }
            });
            for _ in 0..30_000 {
                let Ok(location) = resolver.resolve(Path::new("out/d/secret"), true) else {
                    continue;
                };
                if !location.path.starts_with("out") {
                    seen_link += 1;
                    continue;
                }
                if let Ok(text) = text(&location) {
                    assert_eq!(text, "granted");
                    read += 1;
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        assert!(read > 0 && seen_link > 0, "{read} read, {seen_link} times it was a link");
    }
}

/// Moves, links and removes random paths in a project: any file that a step may open is one of its
/// permitted files.
#[test]
fn random_moves_and_links_open_only_permitted_files() {
    for seed in 1..=40_u64 {
        let (_around, base) = project();
        let (reads, writes) = (["in".to_owned()], ["out".to_owned()]);
        let others = Others::default();
        let sources = PermissionSources {
            reads: &reads,
            writes: &writes,
            artifacts: None,
            others: &others,
            allow_read: &[],
        };
        let resolvers = both(&base);
        let permissions = Permissions::new(&resolvers[0], sources);
        let mut state = seed;
        let mut next = |below: usize| {
            // A deterministic generator, so that a failure is reproduced by its seed.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below
        };
        let names =
            ["in", "out", "private", "in/deep", "out/d", "in/a", "out/x", "in/to-deep", "secret"];
        for _ in 0..60 {
            let (one, other) = (names[next(9)], names[next(9)]);
            let target = ["..", "../private", "../..", "/etc", "deep", "../in", "../../elsewhere"];
            // Most operations fail and change nothing.
            let _ = match next(5) {
                0 => symlink(target[next(7)], base.join(one).join("link")),
                1 => fs::rename(base.join(one), base.join(other)),
                2 => fs::create_dir(base.join(one).join("x")),
                3 => fs::rename(base.join(one).join("link"), base.join(other).join("d")),
                _ => fs::remove_file(base.join(one).join("link")),
            };
            for resolver in &resolvers {
                let path = Path::new(one).join(["link", "d/secret", "link/secret", "x"][next(4)]);
                let Ok(location) = resolver.resolve(&path, true) else { continue };
                assert!(location.path.components().all(|part| part.as_os_str() != ".."));
                let Some(found) = location.found else { continue };
                let real = base.join(&location.path);
                assert_eq!(
                    real.canonicalize().unwrap(),
                    base.canonicalize().unwrap().join(&location.path)
                );
                if found.kind == FileKind::File && permissions.of(&location.path).read {
                    assert!(location.path.starts_with("in") || location.path.starts_with("out"));
                    text(&location).unwrap();
                }
            }
        }
    }
}

#[test]
fn rename_does_not_replace_an_existing_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let opened: std::os::fd::OwnedFd = fs::File::open(folder.path()).unwrap().into();
    for in_steps in [false, true] {
        let rename = |from: &str, to: &str| match in_steps {
            true => resolver::rename_in_steps(&opened, from, to),
            false => rename_new((&opened, from.as_ref()), (&opened, to.as_ref())),
        };
        fs::write(path("mine"), "mine").unwrap();
        fs::write(path("theirs"), "theirs").unwrap();
        fs::create_dir(path("folder")).unwrap();
        for from in ["mine", "folder"] {
            assert_eq!(rename(from, "theirs"), Err(rustix::io::Errno::EXIST));
        }
        rename("mine", "new").unwrap();
        rename("folder", "moved").unwrap();
        assert_eq!(fs::read_to_string(path("theirs")).unwrap(), "theirs");
        assert_eq!(fs::read_to_string(path("new")).unwrap(), "mine");
        assert!(path("moved").is_dir() && !path("mine").exists());
        fs::remove_dir(path("moved")).unwrap();
        fs::remove_file(path("new")).unwrap();
    }
}

#[test]
fn file_identity_changes_when_a_name_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let opened = fs::File::open(folder.path()).unwrap();
    let write = |name: &str| {
        fs::write(folder.path().join(name), name).unwrap();
        Stat::at(&opened, name.as_ref()).unwrap().identity
    };
    let mine = write("name");
    assert_eq!(
        Stat::of(fs::File::open(folder.path().join("name")).unwrap()).unwrap().identity,
        mine
    );
    let theirs = write("other");
    fs::rename(folder.path().join("other"), folder.path().join("name")).unwrap();
    let now = Stat::at(&opened, "name".as_ref()).unwrap().identity;
    assert!(now == theirs && now != mine);
}

#[test]
fn forbidden_path_in_config_is_reported_with_help() {
    let (_around, base) = project();
    fs::write(base.join(".env"), "private").unwrap();
    symlink("../.env", base.join("in/env")).unwrap();
    let check_path = |path: &str, access, allow: &[&str]| {
        let allow: Vec<_> = allow.iter().map(|path| ProjectPath::new(path).unwrap()).collect();
        check(&base, path, access, &allow)
            .map_err(|refusal| (refusal.code, refusal.message, refusal.help.unwrap_or_default()))
    };
    for path in ["output/../osiris.lock", "x/../.env", "././/drivers/x", "sub/.git/hooks/x"] {
        let (code, message, _) =
            check_path(path, AccessMode::Write, &["drivers", ".env"]).unwrap_err();
        assert_eq!(code, Code::PathReserved);
        assert!(message.starts_with(&format!("`{path}` ")), "{message}");
    }
    let (_, message, help) = check_path("in/env", AccessMode::Read, &["logs"]).unwrap_err();
    assert_eq!(
        message,
        "`in/env` leads to `.env`, which is a reserved path, and no driver may read it"
    );
    assert!(help.ends_with("add `files: {allow_read: [\".env\"]}` to `osiris.yaml`"), "{help}");
    assert!(check_path("in/env", AccessMode::Read, &[".env"]).is_ok());
    assert!(check_path("in/to-a", AccessMode::Read, &[]).is_ok());
    for path in ["in/far/secret", "../x", "in/root", "/etc/passwd", ""] {
        assert_eq!(
            check_path(path, AccessMode::Read, &[]).unwrap_err().0,
            Code::PathOutside,
            "{path}"
        );
    }
}

/// Removes a file while another thread puts a result in its place.
#[test]
fn removal_never_deletes_a_file_put_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (name, result) = (folder.path().join("name"), folder.path().join("result"));
    let opened = fs::File::open(folder.path()).unwrap();
    for in_turn in 0..3000 {
        fs::write(&name, "mine").unwrap();
        let mine = Stat::at(&opened, "name".as_ref()).unwrap().identity;
        fs::write(&result, "theirs").unwrap();
        let start = std::sync::Barrier::new(2);
        let removed = std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                // Varies the delay, so that the replacement happens at every point of the removal.
                for _ in 0..in_turn % 300 {
                    std::hint::spin_loop();
                }
                fs::rename(&result, &name).unwrap();
            });
            start.wait();
            remove_own(&opened, "name".as_ref(), mine)
        });
        assert_eq!(fs::read_to_string(&name).unwrap(), "theirs", "{removed:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
