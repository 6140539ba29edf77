//! Builds the program for 64-bit ARM, runs it in qemu-user, and compares it with the program for
//! this machine: manifests, fingerprints and outputs must be the same bytes.
//!
//! The program runs in a root directory of its own, which contains the C library of the cross
//! compiler. The emulator is registered in a user namespace, so neither the machine's settings nor
//! the rights of root are needed, and the processes that the program starts are emulated, too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cloud::{self, Cloud};
use crate::shell::build_dir;
use crate::{build, dist};

const TARGET: &str = "aarch64-unknown-linux-gnu";
/// Directory with the C library of the cross compiler.
const LIBRARIES: &str = "/usr/aarch64-linux-gnu/lib";
/// Files that are needed, and Debian's packages that contain them.
const NEEDED: [(&str, &str); 4] = [
    ("/usr/bin/aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
    ("/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1", "libc6-arm64-cross"),
    (EMULATOR, "qemu-user-static"),
    ("/usr/bin/unshare", "util-linux"),
];
const EMULATOR: &str = "/usr/bin/qemu-aarch64-static";

/// Registers the emulator for this namespace, and runs a command in a root directory: `sh -c SCRIPT
/// sh ROOT LIBRARIES RULE COMMAND...`.
const SCRIPT: &str = r#"set -e
root=$1 libraries=$2
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
printf '%s' "$3" > /proc/sys/fs/binfmt_misc/register
mount --bind "$libraries" "$root/lib"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
shift 3
exec unshare --root="$root" --wd=/work "$@""#;
/// First bytes of programs for 64-bit ARM, in the format of binfmt_misc. `F` opens the emulator
/// once, so that it is also found in another root directory.
const RULE: &str = r":osiris-arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F";

/// Values of all types that the CSV drivers infer or parse.
const TYPES: &str = "\
id,amount,ratio,day,at,flag,name
1,10.50,0.1,2026-01-31,2026-01-31T10:00:00Z,true,Ada
2,-3.25,3.141592653589793,2024-02-29,2026-06-01T00:00:00.123456Z,false,\"Grace \"\"G\"\", Žofie 数\"
9007199254740993,0.01,-2.5,1969-12-31,1969-12-31T23:59:59Z,,\"\"
";
const COPY: [&str; 7] = [
    "copy",
    "data/types.csv",
    "output/types.csv",
    "--from",
    r#"dtype={"ratio": "float64"}"#,
    "--from",
    "parse_dates=true",
];
/// Rows of the larger file.
const ROWS: u32 = 50_000;

/// Builds and compares the programs. Prints a line for each comparison.
pub(crate) fn run() -> Result<()> {
    check_packages()?;
    build::host()?;
    build::drivers()?;
    cloud::build()?;
    let native = dist::native_target()?;
    let arm = dist::program(TARGET, &native, "dev")?;
    let own = dist::program(&native, &native, "dev")?;
    let dir = build_dir()?.join("arm64");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    let own = Machine::native(&dir, own)?;
    let arm = Machine::emulated(&dir, &arm)?;
    let mut table = Table::default();
    table.versions(&own, &arm)?;
    table.pipelines(&own, &arm)?;
    if native.starts_with("x86_64-") {
        table.sandbox(&own, &arm)?;
    }
    table.print()
}

/// Checks that everything outside of cargo exists.
fn check_packages() -> Result<()> {
    let missing = NEEDED.iter().filter(|(file, _)| !Path::new(file).exists());
    let missing: Vec<_> = missing.map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        let packages = missing.join(" ");
        bail!("cannot run programs for 64-bit ARM: run `apt-get install {packages}`");
    }
    Ok(())
}

/// A program, and the directory in which it runs.
struct Machine {
    /// Root directory of an emulated program.
    root: Option<PathBuf>,
    program: PathBuf,
    work: PathBuf,
    cache: PathBuf,
}

impl Machine {
    fn native(dir: &Path, program: PathBuf) -> Result<Self> {
        let dir = dir.join("native");
        let machine =
            Self { root: None, program, work: dir.join("work"), cache: dir.join("cache") };
        fs::create_dir_all(&machine.work)?;
        Ok(machine)
    }

    fn emulated(dir: &Path, program: &Path) -> Result<Self> {
        let root = dir.join("root");
        for name in ["bin", "dev", "lib", "proc", "tmp", "work"] {
            fs::create_dir_all(root.join(name))?;
        }
        fs::copy(program, root.join("bin/osiris"))?;
        let work = root.join("work");
        let (program, cache) = ("/bin/osiris".into(), "/tmp/cache".into());
        Ok(Self { root: Some(root), program, work, cache })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match &self.root {
            None => Command::new(&self.program),
            Some(root) => {
                let mut command = Command::new("unshare");
                command.args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"]);
                command.arg(root).args([LIBRARIES, RULE]).arg(&self.program);
                command
            }
        };
        command.args(arguments).current_dir(&self.work).env_clear();
        command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").env("HOME", "/tmp");
        command.env("OSIRIS_CACHE", &self.cache);
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command(arguments);
        command.output().with_context(|| format!("cannot start {command:?}"))
    }

    /// Runs a command that must succeed, and returns its stdout.
    fn succeed(&self, arguments: &[&str]) -> Result<String> {
        stdout(self.run(arguments)?, arguments)
    }
}

fn stdout(output: Output, arguments: &[&str]) -> Result<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`osiris {}` failed with {}:\n{text}{stderr}\nEmulation needs Linux 6.7 or later and user namespaces; on Ubuntu, `sysctl kernel.apparmor_restrict_unprivileged_userns=0` allows them",
            arguments.join(" "),
            output.status
        );
    }
    Ok(text)
}

/// Results: a name, a description, and whether the programs agree.
#[derive(Default)]
struct Table(Vec<(&'static str, String, bool)>);

impl Table {
    fn add(&mut self, name: &'static str, text: impl Into<String>, agrees: bool) {
        self.0.push((name, text.into(), agrees));
    }

    fn print(&self) -> Result<()> {
        for (name, text, agrees) in &self.0 {
            println!("{} {name:<12} {text}", if *agrees { "✓" } else { "✗" });
        }
        match self.0.iter().filter(|(.., agrees)| !agrees).count() {
            0 => Ok(()),
            count => bail!("{count} results for 64-bit ARM differ from those for this machine"),
        }
    }

    fn versions(&mut self, own: &Machine, arm: &Machine) -> Result<()> {
        let version = |machine: &Machine| -> Result<Value> {
            Ok(serde_json::from_str(&machine.succeed(&["version", "--json"])?)?)
        };
        let (mut expected, mut found) = (version(own)?, version(arm)?);
        let target = found["target"].as_str().unwrap_or_default().to_owned();
        for version in [&mut expected, &mut found] {
            version["target"] = Value::Null;
        }
        self.add("version", &target, target == TARGET && expected == found);
        let doctor = arm.succeed(&["doctor"])?;
        let landlock = doctor.lines().find_map(|line| line.split_once(" landlock "));
        self.add("doctor", landlock.map_or("no process sandbox", |(_, text)| text.trim()), true);
        let quickstart = |machine: &Machine| -> Result<String> {
            let output = machine.succeed(&["quickstart"])?;
            Ok(output.split_once("planets.csv begins with").unwrap_or_default().1.to_owned())
        };
        let (expected, found) = (quickstart(own)?, quickstart(arm)?);
        self.add("quickstart", "shows the same rows", !found.is_empty() && expected == found);
        Ok(())
    }

    fn pipelines(&mut self, own: &Machine, arm: &Machine) -> Result<()> {
        let mut seconds = Vec::new();
        for machine in [own, arm] {
            machine.succeed(&["init", "."])?;
            fs::write(machine.work.join("data/types.csv"), TYPES)?;
            fs::write(machine.work.join("data/rows.csv"), rows())?;
            machine.succeed(&["compile", "hello"])?;
            machine.succeed(&["run", "hello"])?;
            machine.succeed(&COPY)?;
            let result =
                machine.succeed(&["copy", "data/rows.csv", "output/rows.csv", "--json"])?;
            let result: Value = serde_json::from_str(&result)?;
            seconds.push(result["execution_duration"].as_f64().unwrap_or_default());
        }
        for (name, folder) in [("manifests", ".osiris/build"), ("outputs", "output")] {
            let (expected, found) = (files(&own.work, folder)?, files(&arm.work, folder)?);
            let bytes: usize = found.values().map(Vec::len).sum();
            let text = format!("{} files, {bytes} bytes", found.len());
            self.add(name, text, !found.is_empty() && expected == found);
        }
        let preview = |machine: &Machine| machine.succeed(&["preview", "data/types.csv", "--json"]);
        let (expected, found) = (preview(own)?, preview(arm)?);
        self.add("types", "previews the same columns and values", expected == found);
        let text = format!("{ROWS} rows in {:.2} s, {:.2} s here", seconds[1], seconds[0]);
        self.add("speed", text, true);
        Ok(())
    }

    /// Runs a pipeline in the emulator of E2B, with the program for x86-64.
    fn sandbox(&mut self, own: &Machine, arm: &Machine) -> Result<()> {
        let run = ["run", "hello", "--on", "e2b", "--e2b-install-deps"];
        let cloud = Cloud::start()?;
        let variables = cloud.variables.iter().map(|(name, value)| (name, value));
        let refused = arm.command(&run).envs(variables.clone()).output()?;
        let message = String::from_utf8_lossy(&refused.stderr);
        let is_refused = refused.status.code() == Some(3) && message.contains("OSIRIS_E2B_RUNTIME");
        self.add("e2b", "does not upload the program for 64-bit ARM", is_refused);
        let before = files(&arm.work, "output")?;
        fs::remove_dir_all(arm.work.join("output"))?;
        // Visible below both root directories.
        fs::copy(&own.program, arm.work.join("osiris-x86-64"))?;
        let mut command = arm.command(&run);
        command.envs(variables).env("OSIRIS_E2B_RUNTIME", "/work/osiris-x86-64");
        stdout(command.output()?, &run)?;
        let name = "output/planets.csv";
        let is_same = files(&arm.work, "output")?.get(name) == before.get(name);
        self.add("e2b", "runs the program for x86-64 in a sandbox: same output", is_same);
        Ok(())
    }
}

fn rows() -> String {
    let mut text = String::from("id,price,ratio,name\n");
    for id in 0..ROWS {
        let ratio = f64::from(id) / 7.0;
        text.push_str(&format!("{id},{}.{:02},{ratio},name {}\n", id / 100, id % 100, id % 977));
    }
    text
}

/// Returns the content of all files below a directory, by path, without the times of compilations.
fn files(base: &Path, folder: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(base.join(&folder))? {
            let entry = entry?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else if !name.ends_with("/compiled.json") {
                files.insert(name, fs::read(entry.path())?);
            }
        }
    }
    Ok(files)
}
