//! Audits all dependencies of osiris: crates, npm packages and Python packages.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::shell::{build_dir, cargo_path, command, root, run as run_command};

const CARGO_DENY: &str = "cargo-deny";
const CARGO_DENY_VERSION: &str = "0.20.2";
/// The lockfile of the packages that `osiris drivers build` installs for Python drivers.
const PYTHON_LOCK: &str = "host/cli/src/drivers/build/python/componentize-py.txt";

/// Builds cargo-deny unless this version exists, and returns its path.
fn cargo_deny() -> Result<PathBuf> {
    let tools = build_dir()?.join("tools");
    let program = tools.join("bin").join(CARGO_DENY);
    let output = Command::new(&program).arg("--version").output();
    let is_current = |text: &[u8]| String::from_utf8_lossy(text).contains(CARGO_DENY_VERSION);
    if output.is_ok_and(|output| is_current(&output.stdout)) {
        return Ok(program);
    }
    eprintln!("Building {CARGO_DENY} (the first time takes some minutes) ...");
    let mut install = command(cargo_path(), &["install", "--locked", "--debug", "--root"]);
    run_command(install.arg(&tools).arg(format!("{CARGO_DENY}@{CARGO_DENY_VERSION}")))?;
    Ok(program)
}

/// Checks licences, sources and bans of all crates, and that every lockfile pins packages by
/// hash. With `online`, also checks the advisory databases of RustSec, npm and PyPI.
pub(crate) fn run(online: bool) -> Result<()> {
    let checks: &[&str] = if online {
        &["advisories", "bans", "licenses", "sources"]
    } else {
        &["bans", "licenses", "sources"]
    };
    let mut deny = command(cargo_deny()?, &["--workspace", "--all-features", "check"]);
    run_command(deny.args(checks))?;
    for lock in npm_locks()? {
        check_npm_lock(&lock)?;
        if online {
            let folder = lock.parent().context("a lock lies in no folder")?;
            run_command(
                Command::new("npm").args(["audit", "--package-lock-only"]).current_dir(folder),
            )?;
        }
    }
    check_python_lock()?;
    if online {
        run_command(&mut command(
            "pip-audit",
            &["--require-hashes", "--disable-pip", "-r", PYTHON_LOCK],
        ))?;
    }
    Ok(())
}

/// Returns the `package-lock.json` files under version control.
fn npm_locks() -> Result<Vec<PathBuf>> {
    let output = command("git", &["ls-files", "*package-lock.json"]).output()?;
    let list = String::from_utf8(output.stdout)?;
    let locks: Vec<PathBuf> = list.lines().map(|lock| root().join(lock)).collect();
    ensure!(!locks.is_empty(), "git lists no package-lock.json");
    Ok(locks)
}

/// Checks that every package has a hash, and comes from npm's registry or from the repository.
fn check_npm_lock(lock: &PathBuf) -> Result<()> {
    let text =
        fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let json: Value = serde_json::from_str(&text)?;
    let packages = json["packages"].as_object().context("the lock lists no packages")?;
    for (path, package) in packages.iter().filter(|(path, _)| path.contains("node_modules/")) {
        if package["link"] == true {
            continue;
        }
        let has_hash =
            package["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-"));
        let url = package["resolved"].as_str();
        let is_trusted = url.is_none_or(|url| url.starts_with("https://registry.npmjs.org/"));
        if !has_hash || !is_trusted {
            bail!("{}: `{path}` needs a sha512 and npm's registry as its source", lock.display());
        }
    }
    Ok(())
}

/// Checks that every requirement names one version and at least one sha256.
fn check_python_lock() -> Result<()> {
    let text = fs::read_to_string(root().join(PYTHON_LOCK))?;
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(str::trim);
    let requirements: Vec<&str> =
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    ensure!(!requirements.is_empty(), "{PYTHON_LOCK} names no package");
    for line in requirements {
        ensure!(
            line.contains("==") && line.contains("--hash=sha256:"),
            "{PYTHON_LOCK}: `{line}` needs a version and a sha256"
        );
    }
    Ok(())
}
