//! Fetches drivers with a progress bar.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::try_join_all;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::{AdmissionPolicy, DriverFile};
use osiris_core::fs::layout::SETTINGS_FILE;
use osiris_core::sanitize::escape_control;
use osiris_core::text::{closest_match, join_or, quoted};
use osiris_pipeline::connection::Environment;
use osiris_pipeline::project::Project;
use osiris_registry::index::{IndexSet, LoadedIndex, OfflineCopy};
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

/// Permission for files of the project to name local files and servers.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Local {
    /// Allow files and servers of this machine in osiris.lock and osiris.yaml, like
    /// OSIRIS_ALLOW_LOCAL=1
    #[arg(long)]
    allow_local: bool,
}

impl Local {
    /// Checks a source that `named_in`, a file of the project, names. Returns whether only that
    /// file names the source, and not the user.
    ///
    /// # Errors
    /// Returns an error if the source is a file outside the project.
    pub(super) fn check(
        self,
        recorded: &str,
        source: &Source,
        base: &Path,
        named_in: &str,
    ) -> Result<bool> {
        // Not from `.env`, which comes with a project like the lockfile.
        let exported = std::env::var_os("OSIRIS_ALLOW_LOCAL").is_some_and(|value| value == "1");
        if self.allow_local || exported || known_sources::is_known(recorded) {
            return Ok(false);
        }
        source.check_inside(base, named_in)?;
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
    /// The catalog with the drivers that come with osiris.
    catalog: DriverCatalog,
}

impl<'s> FetchContext<'s> {
    pub(super) fn open(shell: &'s Shell, project: &Project, network: &NetworkArgs) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            let message = format!("cannot start the network runtime: {error}");
            Error::environment(Diagnostic::new(Code::RuntimeFailed, message))
        })?;
        let environment = Environment::read(project.base())?;
        let policy = project.settings.drivers.clone();
        // The fetched bytes are checked by their own rules, not by those of the catalog.
        let catalog = DriverCatalog::open(&project.layout.drivers_dir(), Vec::new())?;
        Ok(Self { shell, environment, runtime, insecure: network.insecure, policy, catalog })
    }

    /// Fetches a driver that the project allows, with a progress bar on a terminal.
    pub(super) fn fetch(&self, source: &Source, expected: Wanted<'_>) -> Result<Fetched> {
        let bar = self.bar(&format!("Fetching {source}"));
        let mut progress = |done: u64, total: Option<u64>| {
            total.iter().for_each(|total| bar.set_length(*total));
            bar.set_position(done);
        };
        let variable = |name: &str| self.variable(name);
        let fetcher = self.fetcher(&variable);
        let fetched = self.runtime.block_on(fetcher.fetch(source, expected, &mut progress));
        bar.finish_and_clear();
        let fetched = fetched?;
        self.policy.admit(&fetched.driver, &fetched.bytes, &fetched.sha256)?;
        Ok(fetched)
    }

    /// Creates a client for a registry, with the user's login.
    pub(super) fn registry(&self, registry: &str) -> Result<Client> {
        let variable = |name: &str| self.variable(name);
        self.fetcher(&variable).registry(registry)
    }

    /// Fetches the indexes of the project, or only the index `only`. Says on stderr that a server
    /// cannot be reached and a copy is used.
    ///
    /// # Errors
    /// Returns an error if the project has no index `only`, or if an index cannot be used.
    pub(super) fn indexes(
        &self,
        project: &Project,
        only: Option<&str>,
        local: Local,
    ) -> Result<IndexSet> {
        let all = &project.settings.indexes;
        if let Some(name) = only.filter(|name| !all.contains_key(*name)) {
            return Err(unknown_index(name, project));
        }
        let chosen = all.iter().filter(|(name, _)| only.is_none_or(|only| only == name.as_str()));
        let mut wanted = Vec::new();
        for (name, index) in chosen {
            let (base, source) = (project.base(), &index.source);
            let from_project = local.check(&source.recorded(base), source, base, SETTINGS_FILE)?;
            wanted.push((name, index, from_project));
        }
        let variable = |name: &str| self.variable(name);
        let fetcher = self.fetcher(&variable);
        let fetches =
            wanted.iter().map(|(name, index, strange)| fetcher.index(name, index, *strange));
        let what = match wanted.len() {
            1 => "Fetching the index".to_owned(),
            count => format!("Fetching {count} indexes"),
        };
        let indexes = match wanted.is_empty() {
            true => Vec::new(),
            false => self.wait(&what, try_join_all(fetches))?,
        };
        for index in &indexes {
            if let Some(copy) = &index.offline
                && !self.shell.json
            {
                self.shell.note(&offline_note(index, copy));
            }
        }
        Ok(IndexSet { indexes })
    }

    /// Returns the driver with a name that comes with osiris.
    pub(super) fn built_in(&self, name: &str) -> Option<&Arc<DriverFile>> {
        self.catalog.built_in(name)
    }

    /// Returns the drivers that come with osiris and are visible in the project.
    pub(super) fn all_built_in(&self) -> impl Iterator<Item = &Arc<DriverFile>> {
        self.catalog.drivers().filter(|driver| driver.built_in)
    }

    fn fetcher<'f>(&'f self, variable: &'f dyn Fn(&str) -> Option<String>) -> Fetcher<'f> {
        Fetcher { insecure: self.insecure, variable, catalog: &self.catalog }
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

fn unknown_index(name: &str, project: &Project) -> Error {
    let names: Vec<&str> = project.settings.indexes.keys().map(String::as_str).collect();
    let message = format!("the project has no index {}", quoted(name));
    let help = match closest_match(name, names.iter().copied()) {
        Some(suggestion) => format!("did you mean `{suggestion}`?"),
        None if names.is_empty() => format!(
            "add the index to `osiris.yaml`: `drivers: {{indexes: {{{name}: {{source: URL, key: KEY}}}}}}`"
        ),
        None => format!("use {}", join_or(&names)),
    };
    let problem = Diagnostic::new(Code::IndexUnknown, message);
    Error::invalid(problem.in_file(&project.layout.settings_file()).help(help))
}

fn offline_note(index: &LoadedIndex, copy: &OfflineCopy) -> String {
    let time = copy.time.and_then(|time| Timestamp::try_from(time).ok());
    let time = time.map(|time| format!(" of {}", time.strftime("%Y-%m-%d %H:%M UTC")));
    let text = format!(
        "note: index `{}`: {}; using the copy{} (sequence {})",
        index.name,
        copy.reason.message,
        time.unwrap_or_default(),
        index.index.sequence
    );
    escape_control(&text).into_owned()
}
