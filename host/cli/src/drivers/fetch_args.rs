//! Fetches drivers with a progress bar.

use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::AdmissionPolicy;
use osiris_core::sanitize::escape_control;
use osiris_pipeline::connection::Environment;
use osiris_pipeline::project::Project;
use osiris_registry::oci::{Client, LOGIN, REGISTRY};
use osiris_registry::trust::Policy;
use osiris_registry::{Fetched, Fetcher, Source, Wanted, known_sources};
use tokio::runtime::{Builder, Runtime};

use super::super::shell::Shell;

/// Options for fetching drivers.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct NetworkArgs {
    /// Allow unencrypted HTTP to other machines, which exposes files and the login
    #[arg(long)]
    insecure: bool,
}

/// Permission for a lockfile to name local files and servers.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Local {
    /// Allow files and servers of this machine in osiris.lock, like OSIRIS_ALLOW_LOCAL=1
    #[arg(long)]
    allow_local: bool,
}

impl Local {
    /// Checks the source in a lockfile. Returns whether only the lockfile names the source.
    ///
    /// # Errors
    /// Returns an error if the source is a file outside the project.
    pub(super) fn check(self, recorded: &str, source: &Source, base: &Path) -> Result<bool> {
        // Not from `.env`, which comes with a project like the lockfile.
        let exported = std::env::var_os("OSIRIS_ALLOW_LOCAL").is_some_and(|value| value == "1");
        if self.allow_local || exported || known_sources::is_known(recorded) {
            return Ok(false);
        }
        source.check_inside(base)?;
        Ok(true)
    }
}

/// The environment and the runtime for fetching drivers.
pub(super) struct FetchContext<'s> {
    shell: &'s Shell,
    environment: Environment,
    runtime: Runtime,
    insecure: bool,
    /// The project's policy for drivers.
    policy: Policy,
}

impl<'s> FetchContext<'s> {
    pub(super) fn open(shell: &'s Shell, project: &Project, network: &NetworkArgs) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            let message = format!("cannot start the network runtime: {error}");
            Error::environment(Diagnostic::new(Code::RuntimeFailed, message))
        })?;
        let environment = Environment::read(project.base())?;
        let policy = project.settings.drivers.clone();
        Ok(Self { shell, environment, runtime, insecure: network.insecure, policy })
    }

    /// Fetches a driver that the project allows, with a progress bar on a terminal.
    pub(super) fn fetch(&self, source: &Source, expected: Wanted<'_>) -> Result<Fetched> {
        let bar = self.bar(&format!("Fetching {source}"));
        let mut progress = |done: u64, total: Option<u64>| {
            total.iter().for_each(|total| bar.set_length(*total));
            bar.set_position(done);
        };
        let variable = |name: &str| self.variable(name);
        let fetcher = Fetcher { insecure: self.insecure, variable: &variable };
        let fetched = self.runtime.block_on(fetcher.fetch(source, expected, &mut progress));
        bar.finish_and_clear();
        let fetched = fetched?;
        self.policy.admit(&fetched.driver, &fetched.bytes, &fetched.sha256)?;
        Ok(fetched)
    }

    /// Creates a client for a registry, with the user's login.
    pub(super) fn registry(&self, registry: &str) -> Result<Client> {
        let variable = |name: &str| self.variable(name);
        Fetcher { insecure: self.insecure, variable: &variable }.registry(registry)
    }

    /// Returns an environment variable. The registry of a login must be set in the same place as
    /// the login, or a project's `.env` could redirect the user's login.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let found = self.environment.variable(name)?;
        let mut login = LOGIN.iter().filter_map(|secret| self.environment.variable(secret));
        let may_lead = name != REGISTRY || login.all(|secret| found.may_lead(&secret));
        may_lead.then_some(found.value)
    }

    /// Waits for `work`, with a spinner on a terminal.
    pub(super) fn wait<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        let bar = self.bar(what);
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        let output = self.runtime.block_on(work);
        bar.finish_and_clear();
        output
    }

    fn bar(&self, what: &str) -> ProgressBar {
        let what = escape_control(what).into_owned();
        if !self.shell.is_watched() {
            if self.shell.verbose && !self.shell.json {
                self.shell.note(&what);
            }
            return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        }
        // The template is a constant that always parses.
        let style = ProgressStyle::with_template("{spinner} {msg}  {binary_bytes}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        ProgressBar::new_spinner().with_style(style).with_message(what)
    }
}
