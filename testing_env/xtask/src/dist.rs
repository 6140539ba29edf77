//! Builds release archives: one program with the drivers inside, its completions, its manual pages
//! and the licenses, for each target; checksums of them, their signature, and the installer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build::{drivers, host};
use crate::shell::{build_dir, cargo_path, command, osiris, root, run};
use crate::{alone, image, notices};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Target of the program that needs no other file of the system.
const STATIC: &str = "x86_64-unknown-linux-musl";

/// Shells, and the places of their completions below `share/`.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/osiris"),
    ("zsh", "zsh/site-functions/_osiris"),
    ("fish", "fish/vendor_completions.d/osiris.fish"),
];

/// Builds the archives into `<target folder>/dist`. Without targets, builds one of this machine.
/// `url` is the directory that the installer downloads from, and `key` the path of the Ed25519 key
/// that signs the release, in PEM. `with_image` adds a container image of the static program.
pub(crate) fn build(
    targets: &[String],
    profile: &str,
    url: &str,
    key: Option<&Path>,
    with_image: bool,
) -> Result<()> {
    host()?;
    drivers()?;
    let out = build_dir()?.join("dist");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    let native = native_target()?;
    let mut targets = targets.to_vec();
    if targets.is_empty() {
        targets.push(native.clone());
    }
    if with_image && !targets.iter().any(|target| target == STATIC) {
        targets.push(STATIC.to_owned());
    }
    let mut archives = Vec::new();
    for target in &targets {
        let program = program(target, &native, profile)?;
        if target == STATIC {
            alone::check(&program)?;
        }
        archives.push(archive(&out, target, &program)?);
        if with_image && target == STATIC {
            archives.push(image::write(&out, target, &program)?);
        }
    }
    installer(&out, url, key)?;
    archives.push("install.sh".to_owned());
    let sums = command("sha256sum", &[]).args(&archives).current_dir(&out).output()?;
    if !sums.status.success() {
        bail!("sha256sum failed: {}", String::from_utf8_lossy(&sums.stderr));
    }
    fs::write(out.join("SHA256SUMS"), sums.stdout)?;
    match key {
        Some(key) => sign(&out, key)?,
        None => eprintln!("Not signed: there is no key"),
    }
    println!("{}", out.display());
    Ok(())
}

/// Returns the target of this machine.
pub(crate) fn native_target() -> Result<String> {
    let output = command("rustc", &["--print", "host-tuple"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Builds the program for a target, with the drivers inside, and returns its path.
pub(crate) fn program(target: &str, native: &str, profile: &str) -> Result<PathBuf> {
    let mut cargo = command(
        cargo_path(),
        &[
            "build",
            "--bin",
            "osiris",
            "--features",
            "osiris/embedded-drivers",
            "--profile",
            profile,
        ],
    );
    cargo.env("OSIRIS_EMBED_DRIVERS", build_dir()?.join("drivers"));
    let commit = command("git", &["log", "-1", "--format=%h %cs"]).output()?;
    cargo.env("OSIRIS_COMMIT", String::from_utf8(commit.stdout)?.trim());
    let profile_dir = if profile == "dev" { "debug" } else { profile };
    let target_dir = build_dir()?.join("..");
    // A build for this machine shares the dependencies of other builds.
    let program = if target == native {
        target_dir.join(profile_dir)
    } else {
        run(&mut command("rustup", &["target", "add", target]))?;
        cargo.args(["--target", target]).envs(cross_tools(target)?);
        target_dir.join(target).join(profile_dir)
    };
    run(&mut cargo)?;
    Ok(program.join("osiris"))
}

/// Installs the C compiler for another target, and returns the variables that lead to it.
fn cross_tools(target: &str) -> Result<Vec<(String, String)>> {
    let (compiler, package) = match target {
        STATIC => ("musl-gcc", "musl-tools"),
        "aarch64-unknown-linux-gnu" => ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
        _ => bail!("{target} is no target of releases"),
    };
    services::install(compiler, package, &[])?;
    let variable = target.replace('-', "_");
    let mut variables = vec![(format!("CC_{variable}"), compiler.to_owned())];
    // `musl-gcc` would link a program that needs musl's loader; Rust brings what a static one needs.
    if target != STATIC {
        let linker = format!("CARGO_TARGET_{}_LINKER", variable.to_uppercase());
        variables.push((linker, compiler.to_owned()));
    }
    Ok(variables)
}

/// Packs the archive of a target and returns its name.
fn archive(out: &Path, target: &str, program: &Path) -> Result<String> {
    let name = format!("osiris-{VERSION}-{target}");
    let dir = out.join(&name);
    let share = dir.join("share");
    let doc = share.join("doc/osiris");
    fs::create_dir_all(dir.join("bin"))?;
    fs::create_dir_all(&doc)?;
    fs::copy(program, dir.join("bin/osiris"))?;
    for file in ["LICENSE", "CHANGELOG.md"] {
        fs::copy(root().join(file), doc.join(file))?;
    }
    notices::run()?;
    fs::copy(build_dir()?.join(notices::FILE), doc.join(notices::FILE))?;
    for (shell, file) in COMPLETIONS {
        let file = share.join(file);
        fs::create_dir_all(file.parent().context("a completion lies in a folder")?)?;
        let output = command(osiris()?, &["completions", shell]).output()?;
        fs::write(file, output.stdout)?;
    }
    let manual = share.join("man/man1");
    fs::create_dir_all(&manual)?;
    run(command(osiris()?, &["man"]).arg(&manual))?;
    // The same bytes for the same files: sorted, and of nobody at no time.
    let tar = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
    let file = format!("{name}.tar.gz");
    run(Command::new("tar")
        .args(tar)
        .args(["--use-compress-program", "gzip --no-name -9", "--create", "--file", &file, &name])
        .current_dir(out))?;
    fs::remove_dir_all(dir)?;
    Ok(file)
}

/// Writes the installer with the version, the address and the public key of this release.
fn installer(out: &Path, url: &str, key: Option<&Path>) -> Result<()> {
    let script = fs::read_to_string(root().join("host/cli/dist/install.sh"))?;
    let public_key = match key {
        None => String::new(),
        Some(key) => {
            let output =
                Command::new("openssl").args(["pkey", "-pubout", "-in"]).arg(key).output()?;
            if !output.status.success() {
                bail!("cannot read the key: {}", String::from_utf8_lossy(&output.stderr));
            }
            String::from_utf8(output.stdout)?.trim().to_owned()
        }
    };
    let script = script
        .replace("@VERSION@", VERSION)
        .replace("@URL@", url)
        .replace("@PUBLIC_KEY@", &public_key);
    fs::write(out.join("install.sh"), script)?;
    Ok(())
}

/// Builds an archive of this machine for the tests, quickly, signed with a key of its own.
pub(crate) fn for_tests() -> Result<()> {
    services::install("openssl", "openssl", &[])?;
    let key = build_dir()?.join("test-release-key.pem");
    if !key.exists() {
        run(Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&key))?;
    }
    build(&[], "dev", "", Some(&key), false)?;
    // Has the layout of a release, with the program of this machine.
    let out = build_dir()?.join("test-image");
    fs::create_dir_all(&out)?;
    image::write(&out, &native_target()?, &osiris()?).map(drop)
}

/// Signs the checksums.
fn sign(out: &Path, key: &Path) -> Result<()> {
    run(Command::new("openssl")
        .args(["pkeyutl", "-sign", "-rawin", "-in", "SHA256SUMS", "-out", "SHA256SUMS.sig"])
        .arg("-inkey")
        .arg(key)
        .current_dir(out))
}
