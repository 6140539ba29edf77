//! Drivers go to and come from `wkg`, the registry client of the Bytecode Alliance.
//!
//! It takes minutes to build, so `cargo xtask test supply` alone has it built, and
//! names it in `OSIRIS_TEST_WKG`; without that there is nothing to test here.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Arguments, Trial};
use osiris_tests::{Sandbox, built};
use services::registry::Registry;

fn main() {
    let arguments = Arguments::from_args();
    let wkg = std::env::var_os("OSIRIS_TEST_WKG").map(PathBuf::from);
    let trial =
        |wkg| Trial::test("drivers_go_both_ways", move || both_ways(wkg).map_err(Into::into));
    libtest_mimic::run(&arguments, wkg.map(trial).into_iter().collect()).exit();
}

fn both_ways(wkg: PathBuf) -> Result<(), String> {
    let registry = Registry::start(None).map_err(|error| format!("{error:#}"))?;
    let host = registry.host();
    let sandbox = Sandbox::new();
    sandbox.write("osiris.yaml", "version: 1\n");
    let (ours, theirs) = (built::guest("test.source"), built::guest("test.sink"));
    let run = |arguments: &[&str]| -> Result<(), String> {
        let output = Command::new(&wkg)
            .args(arguments)
            .args(["--insecure", &host])
            .current_dir(sandbox.project())
            .env("HOME", sandbox.outside().join("home"))
            .output()
            .map_err(|error| format!("{}: {error}", wkg.display()))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr))),
        }
    };
    let path = |file: &Path| file.display().to_string();

    let reference = format!("oci://{host}/acme/source");
    sandbox.osiris(["drivers", "publish", &path(&ours), &reference]).run().expect(0);
    run(&["oci", "pull", &format!("{host}/acme/source:0.1.0"), "--output", "pulled.wasm"])?;
    same(&ours, &sandbox.path("pulled.wasm"))?;

    run(&["oci", "push", &format!("{host}/acme/sink:0.1.0"), &path(&theirs)])?;
    sandbox.osiris(["drivers", "add", &format!("oci://{host}/acme/sink")]).run().expect(0);
    same(&theirs, &sandbox.path("drivers/test.sink.wasm"))
}

fn same(one: &Path, other: &Path) -> Result<(), String> {
    let read =
        |file: &Path| std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()));
    match read(one)? == read(other)? {
        true => Ok(()),
        false => Err(format!("{} and {} differ", one.display(), other.display())),
    }
}
