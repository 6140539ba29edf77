//! E2B's own SDKs against the emulator: a client cannot tell it from E2B.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use e2b_local::{E2bLocal, Options, Versions};
use services::install;

/// The folder of the scripts.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk");

/// A folder below the target folder that has a package, installed once.
fn install_once(name: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("there is room");
    // Others may run the same test.
    let lock = File::create(folder.join("lock")).expect("there is room");
    lock.lock().expect("is locked");
    if !folder.join("installed").exists() {
        install(&folder);
        File::create(folder.join("installed")).expect("there is room");
    }
    folder
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Runs a script against an emulator, which must be left empty.
fn conforms(command: Command, options: Options) {
    let server = E2bLocal::start(options).expect("starts");
    let mut command = below(&server.command(), command);
    for name in ["E2B_DEBUG", "E2B_DOMAIN", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    assert_eq!(output(command.envs(server.env())), "conforms\n");
    assert_eq!(server.sandboxes(), []);
}

/// The command below the program that leads it to its emulator, if there is one.
fn below(words: &[String], command: Command) -> Command {
    let [program, arguments @ ..] = words else { return command };
    let mut outer = Command::new(program);
    outer.args(arguments).arg(command.get_program()).args(command.get_args());
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    outer.envs(variables);
    outer
}

fn python(version: &str, options: Options) {
    let python = install("python3", "python3", &[]).expect("Python is installed");
    let folder = install_once(&format!("e2b-python-{version}"), |folder| {
        install("pip3", "python3-pip", &[]).expect("pip is installed");
        output(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(["--upgrade", "--target"])
                .arg(folder)
                .arg(format!("e2b=={version}")),
        );
    });
    let mut command = Command::new(python);
    command.arg(format!("{SCRIPTS}/conformance.py")).arg(version);
    command.env("PYTHONPATH", folder).env("PYTHONDONTWRITEBYTECODE", "1");
    conforms(command, options);
}

#[test]
fn python_sdk_conforms() {
    python("2.63.0", Options { versions: Versions::V2, ..Options::default() });
}

#[test]
fn python_sdk_of_the_old_routes_conforms() {
    python("2.45.1", Options { versions: Versions::V1, ..Options::default() });
}

#[test]
fn python_sdk_conforms_at_the_real_names() {
    let domain = Some("e2b.app".to_owned());
    python("2.63.0", Options { domain, ..Options::default() });
}

#[test]
fn javascript_sdk_conforms() {
    let version = "2.51.0";
    let node = install("node", "nodejs", &[]).expect("Node.js is installed");
    let folder = install_once(&format!("e2b-javascript-{version}"), |folder| {
        let npm = install("npm", "npm", &[]).expect("npm is installed");
        output(
            Command::new(npm)
                .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
                .arg(folder)
                .arg(format!("e2b@{version}"))
                .current_dir(folder),
        );
    });
    // Modules are looked for where the script is.
    let script = folder.join("conformance.mjs");
    fs::copy(format!("{SCRIPTS}/conformance.mjs"), &script).expect("there is room");
    let mut command = Command::new(node);
    command.arg(script).arg(version);
    conforms(command, Options::default());
}
