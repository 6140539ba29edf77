//! The local emulator of E2B's cloud.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::shell::{build_dir, cargo, run};

/// Builds the emulator with the same features as everything else.
pub(crate) fn build() -> Result<()> {
    cargo(&["build", "--workspace", "--bin", "e2b-local"])
}

/// Builds the emulator, prints the variables for reaching it, and runs it until Ctrl-C.
pub(crate) fn serve() -> Result<()> {
    build()?;
    eprintln!("Paste these lines into another shell; there, in testing_env:");
    eprintln!("  osiris run pipelines/penguins.yaml --on e2b --e2b-install-deps --verbose");
    run(&mut command()?)
}

/// A running emulator, stopped when dropped.
pub(crate) struct Cloud {
    process: Child,
    /// Environment variables for reaching the emulator.
    pub(crate) variables: Vec<(String, String)>,
}

impl Cloud {
    /// Starts an emulator on free ports.
    pub(crate) fn start() -> Result<Self> {
        let mut command = command()?;
        command.args(["--api-port", "0", "--sandbox-port", "0"]).stdout(Stdio::piped());
        let mut process =
            command.stderr(Stdio::null()).spawn().context("cannot start e2b-local")?;
        let lines = BufReader::new(process.stdout.take().context("it has a stdout")?).lines();
        let variables = lines
            .take(3)
            .map(|line| {
                let line = line?;
                let (name, value) = line
                    .strip_prefix("export ")
                    .and_then(|line| line.split_once('='))
                    .with_context(|| format!("e2b-local says {line:?}"))?;
                Ok((name.to_owned(), value.to_owned()))
            })
            .collect::<Result<_>>()?;
        Ok(Self { process, variables })
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // After SIGTERM, the emulator removes its sandboxes; after SIGKILL, they would remain.
        let pid = self.process.id().to_string();
        let is_signaled =
            Command::new("kill").arg(pid).status().is_ok_and(|status| status.success());
        if !is_signaled {
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}

fn command() -> Result<Command> {
    let name = build_dir()?.join("e2b-local").with_extension(std::env::consts::EXE_EXTENSION);
    Ok(Command::new(name))
}
