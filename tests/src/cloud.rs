//! E2B for tests: the local emulator, or the real service on request.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use e2b_local::{E2bLocal, Options, Template, TemplateFile};

use crate::wait::wait_for;
use crate::{Osiris, TestProject, built};

/// Variable that requests the real service in suites that support it.
const LIVE: &str = "OSIRIS_TEST_LIVE";
/// Variables that configure the real service.
const SETTINGS: [&str; 4] = ["E2B_API_KEY", "E2B_DOMAIN", "E2B_API_URL", "E2B_SANDBOX_URL"];
/// Template with osiris and every driver.
pub const TEMPLATE: &str = "osiris-test";
/// Time limit of a command that uploads everything to the real service.
const FAR: Duration = Duration::from_secs(300);
/// Maximum time for a sandbox to appear or disappear.
const PATIENCE: Duration = Duration::from_secs(30);

/// An E2B service to run in.
#[derive(Debug)]
pub struct Cloud {
    /// The emulator, or `None` for the real service.
    local: Option<E2bLocal>,
    /// Extra arguments of each run besides `--e2b`.
    arguments: Vec<&'static str>,
}

impl Cloud {
    /// Starts an emulator whose template has everything that runs need, so that they start
    /// immediately.
    pub fn equipped() -> Self {
        let templates = [(TEMPLATE.to_owned(), equipment())].into();
        let local = start(Options { templates, ..Options::default() });
        Self { local: Some(local), arguments: vec!["--e2b-template", TEMPLATE] }
    }

    /// Starts an emulator with only the template `base`.
    pub fn bare() -> Self {
        Self { local: Some(start(Options::default())), arguments: Vec::new() }
    }

    /// Returns an equipped emulator at the real names of a domain's hosts, over TLS.
    pub fn named(domain: &str) -> Self {
        let templates = [(TEMPLATE.to_owned(), equipment())].into();
        let domain = Some(domain.to_owned());
        let local = start(Options { templates, domain, ..Options::default() });
        Self { local: Some(local), arguments: vec!["--e2b-template", TEMPLATE] }
    }

    /// Returns the real service if `OSIRIS_TEST_LIVE=1`, otherwise an equipped emulator.
    ///
    /// # Panics
    /// Panics if the real service is requested without its key.
    pub fn live_or_equipped() -> Self {
        if std::env::var_os(LIVE).is_none_or(|value| value != "1") {
            return Self::equipped();
        }
        assert!(std::env::var_os("E2B_API_KEY").is_some(), "{LIVE}=1 needs E2B_API_KEY");
        Self { local: None, arguments: vec!["--e2b-install-deps"] }
    }

    /// Returns the emulator.
    ///
    /// # Panics
    /// Panics for the real service.
    #[track_caller]
    pub fn local(&self) -> &E2bLocal {
        self.local.as_ref().expect("this test needs the emulator")
    }

    /// Returns the emulator, or `None` for the real service.
    pub fn emulator(&self) -> Option<&E2bLocal> {
        self.local.as_ref()
    }

    /// Returns `osiris` with these arguments, configured for this service and the test drivers.
    pub fn osiris<A: AsRef<OsStr>>(
        &self,
        project: &TestProject,
        arguments: impl IntoIterator<Item = A>,
    ) -> Osiris {
        self.reach(project.osiris(arguments).test_drivers())
    }

    /// Configures a command for this service.
    pub fn reach(&self, osiris: Osiris) -> Osiris {
        let real = |name: &&'static str| Some((*name, std::env::var(name).ok()?));
        let (variables, osiris): (Vec<_>, _) = match &self.local {
            Some(local) => (local.env().into(), osiris.below(&local.command())),
            None => (SETTINGS.iter().filter_map(real).collect(), osiris.patience(FAR)),
        };
        variables.into_iter().fold(osiris, |osiris, (name, value)| osiris.env(name, value))
    }

    /// Appends the arguments that make a command run in this service.
    pub fn arguments<'a>(&self, arguments: &[&'a str]) -> Vec<&'a str> {
        [arguments, &["--e2b"], &self.arguments].concat()
    }

    /// Returns `osiris run` of a file in a sandbox.
    pub fn run(&self, project: &TestProject, file: &str, more: &[&str]) -> Osiris {
        self.osiris(project, self.arguments(&[&["run", file], more].concat()))
    }

    /// Waits for the only sandbox and returns its home directory on this machine.
    pub fn home(&self) -> PathBuf {
        wait_for("a sandbox", PATIENCE, || {
            let id = self.local().sandboxes().first()?.id.clone();
            self.local().home(&id)
        })
    }

    /// Fails the test if a sandbox is still alive.
    #[track_caller]
    pub fn assert_empty(&self) {
        if let Some(local) = &self.local {
            assert_eq!(local.sandboxes(), [], "sandboxes that nobody has ended");
        }
    }
}

fn start(options: Options) -> E2bLocal {
    E2bLocal::start(options).expect("this machine can be the cloud")
}

/// Returns the files that `osiris e2b template` would put into a template.
pub fn equipment() -> Template {
    let file = |from: PathBuf, to: String| TemplateFile { from, to, mode: 0o755 };
    let mut files = vec![file(built::osiris(), "/usr/local/bin/osiris".to_owned())];
    for folder in [built::folder().join("drivers"), built::test_drivers()] {
        for entry in fs::read_dir(folder).expect("drivers are built").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push(file(entry.path(), format!("/usr/local/lib/osiris/drivers/{name}")));
        }
    }
    Template { files, envd_version: None }
}
