//! `osiris e2b doctor`.

use std::time::{Duration, Instant};

use e2b_client::{Command, Control, Create, Envd, Error, Kind, Settings};
use osiris_core::diagnostic::Result;
use osiris_e2b::sweep::{self, Owner};

use super::super::checks::{self, Check};
use super::super::shell::{CommandOutput, Shell};
use super::super::version;
use super::{control, runtime};

const EXAMPLES: &str = "\
Examples:
  osiris e2b doctor                               with the template `base`
  osiris e2b doctor --template my-osiris --json

Creates a sandbox for a few seconds to check it. Exits with 3 if a check fails.";

/// Maximum lifetime of the sandbox.
const LIFE: Duration = Duration::from_secs(60);
/// Timeout of each request.
const PATIENCE: Duration = Duration::from_secs(20);

/// Check the access to E2B and the template
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Template to check
    #[arg(long, value_name = "NAME", default_value = "base")]
    template: String,
}

pub(super) fn doctor(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let project = shell.project()?;
    let (control, settings) = control(&project)?;
    let owner = Owner::of(project.base());
    let checks = runtime()?.block_on(examine(&control, &settings, &owner, &args.template));
    Ok(checks::answer(&checks))
}

async fn examine(
    control: &Control,
    settings: &Settings,
    owner: &Owner,
    template: &str,
) -> Vec<Check> {
    let control = control.with_timeout(PATIENCE);
    let mut checks = Vec::new();
    let started = Instant::now();
    let result = control.list(&sweep::all_tags()).await.map(|sandboxes| {
        format!(
            "{} responded in {}; {} sandboxes of osiris",
            settings.api_url(),
            since(started),
            sandboxes.len()
        )
    });
    let is_reachable = result.is_ok();
    checks.push(Check { name: "key", result: result.map_err(into_message) });
    if !is_reachable {
        return checks;
    }
    let started = Instant::now();
    let create = Create {
        template: template.to_owned(),
        timeout: LIFE,
        metadata: owner.metadata(),
        ..Create::default()
    };
    let sandbox = match control.create(&create).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            let help = match error.kind {
                Kind::NotFound => {
                    "; name an existing template with `--template`, or build one with `osiris e2b template`"
                }
                _ => "",
            };
            let why = format!("{}{help}", error.message);
            checks.push(Check { name: "template", result: Err(why) });
            return checks;
        }
    };
    let message = format!(
        "created a sandbox from `{template}` in {}, envd {}",
        since(started),
        sandbox.envd_version
    );
    checks.push(Check { name: "template", result: Ok(message) });
    let limits = control.info(&sandbox.id).await.map_err(into_message).and_then(|info| {
        let info = info.ok_or("the sandbox no longer exists")?;
        Ok(format!(
            "{} CPUs, {} MiB memory, {} MiB disk",
            info.cpu_count, info.memory_mib, info.disk_mib
        ))
    });
    checks.push(Check { name: "limits", result: limits });
    let osiris = match Envd::new(settings, &sandbox) {
        Ok(envd) => template_version(&envd.with_timeout(PATIENCE)).await,
        Err(error) => Err(into_message(error)),
    };
    checks.push(Check { name: "runtime", result: osiris });
    let result = control.kill(&sandbox.id).await.map(|()| "removed the sandbox".to_owned());
    checks.push(Check { name: "kill", result: result.map_err(into_message) });
    checks
}

/// Returns the version of osiris in the template. A template without osiris is also valid.
async fn template_version(envd: &Envd) -> Result<String, String> {
    let cmd = "/usr/local/bin/osiris".to_owned();
    let command = Command { cmd, args: vec!["--version".to_owned()], ..Command::default() };
    let finished = envd.run(&command).await.map_err(into_message)?;
    let actual = String::from_utf8_lossy(&finished.stdout).trim().to_owned();
    let expected = format!("osiris {}", version::LONG);
    match finished.exit_code {
        0 if version::matches(&actual) => Ok(format!("the template contains {actual}")),
        0 => Err(format!(
            "the template contains {actual}, but this is {expected}; build the template again with `osiris e2b template`"
        )),
        _ => Ok(
            "the template does not contain osiris: run with `--e2b-install-deps`, or build a template with `osiris e2b template`"
                .to_owned(),
        ),
    }
}

fn since(started: Instant) -> String {
    format!("{} ms", started.elapsed().as_millis())
}

fn into_message(error: Error) -> String {
    error.message
}
