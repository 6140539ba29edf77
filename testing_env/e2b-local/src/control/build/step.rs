//! One step of a build.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::copy::{CopySpec, copy};
use crate::control::{Image, upload};
use crate::sandbox::{Ended, Event, Process, Sandbox, Spec, clean};
use crate::state::State;

/// The reason why a build failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    /// Its number, from 1.
    pub(super) step: String,
}

/// One step of a build.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(rename = "filesHash")]
    hash: Option<String>,
}

impl Step {
    /// The line of the log about the step.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.kind, self.args.join(" "))
    }

    /// Executes the step in a sandbox and returns what it printed.
    pub(super) async fn execute(
        self,
        state: &State,
        sandbox: &Arc<Sandbox>,
        image: &mut Image,
    ) -> Result<String> {
        let argument = |at: usize| self.args.get(at).map(String::as_str).unwrap_or_default();
        match self.kind.as_str() {
            "COPY" => {
                let hash = self.hash.as_deref().context("the step has no filesHash")?;
                let archive = upload::archive_path(state, hash).ok().filter(|file| file.is_file());
                let archive = archive.with_context(|| format!("files {hash} were not uploaded"))?;
                let mode = match argument(3) {
                    "" => None,
                    mode => Some(u32::from_str_radix(mode, 8).context("the mode is not octal")?),
                };
                let spec = CopySpec {
                    archive,
                    source: argument(0).to_owned(),
                    destination: absolute(&image.workdir, argument(1)),
                    mode,
                    of_root: matches!(argument(2).split(':').next(), Some("root" | "0")),
                };
                let sandbox = sandbox.clone();
                tokio::task::spawn_blocking(move || copy(&sandbox, &spec)).await??;
            }
            "RUN" => return run(sandbox, argument(0), &image.workdir).await,
            "ENV" => {
                for pair in self.args.chunks_exact(2) {
                    image.variables.insert(pair[0].clone(), pair[1].clone());
                }
            }
            "WORKDIR" => {
                image.workdir = absolute(&image.workdir, argument(0));
                sandbox.files.make_folders(&image.workdir)?;
            }
            // There is one user.
            "USER" => {}
            other => bail!("steps of type {other} are not known"),
        }
        Ok(String::new())
    }
}

fn absolute(workdir: &str, path: &str) -> String {
    let ends = if path.ends_with('/') { "/" } else { "" };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("{workdir}/{path}") };
    format!("{}{ends}", clean(&path))
}

async fn run(sandbox: &Arc<Sandbox>, command: &str, cwd: &str) -> Result<String> {
    let arguments = ["-l", "-c", command].map(str::to_owned).to_vec();
    let spec = Spec { command: "/bin/bash".to_owned(), arguments, ..Spec::default() };
    let (_process, mut events) = Process::start(sandbox, spec, cwd)?;
    let mut output = Vec::new();
    loop {
        match events.recv().await {
            Some(Event::Stdout(bytes) | Event::Stderr(bytes)) => output.extend_from_slice(&bytes),
            Some(Event::Ended(Ended::Exited(0))) => {
                return Ok(String::from_utf8_lossy(&output).into_owned());
            }
            Some(Event::Ended(Ended::Exited(code))) => {
                let output = String::from_utf8_lossy(&output);
                bail!("failed to run command '{command}': exit status {code}\n{output}")
            }
            Some(Event::Ended(Ended::Killed(signal))) => {
                bail!("failed to run command '{command}': signal {signal}")
            }
            None => bail!("failed to run command '{command}': the sandbox has ended"),
        }
    }
}
