//! E2B for tests: the stand-in on loopback, or the real service where that is asked for.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use e2b_local::{E2bLocal, Options, Template, TemplateFile};

use crate::wait::wait_for;
use crate::{Osiris, Sandbox, built};

/// Asks for the real service where a suite can use it.
const LIVE: &str = "OSIRIS_TEST_LIVE";
/// What leads to the real service.
const SETTINGS: [&str; 4] = ["E2B_API_KEY", "E2B_DOMAIN", "E2B_API_URL", "E2B_SANDBOX_URL"];
/// The template that has osiris and every driver.
pub const TEMPLATE: &str = "osiris-test";
/// How long a command may take that sends everything to the real service.
const FAR: Duration = Duration::from_secs(300);
/// How long a sandbox may take to appear or to go.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place to run in.
#[derive(Debug)]
pub struct Cloud {
    /// None if it is the real service.
    local: Option<E2bLocal>,
    /// What each run gets on top of `--e2b`.
    arguments: Vec<&'static str>,
}

impl Cloud {
    /// A stand-in of which a template has what runs need, so that they start at once.
    pub fn equipped() -> Self {
        let templates = [(TEMPLATE.to_owned(), equipment())].into();
        let local = start(Options { templates, ..Options::default() });
        Self { local: Some(local), arguments: vec!["--e2b-template", TEMPLATE] }
    }

    /// A stand-in without any template but `base`.
    pub fn bare() -> Self {
        Self { local: Some(start(Options::default())), arguments: Vec::new() }
    }

    /// An equipped stand-in at the real names of a domain's hosts, over TLS.
    pub fn named(domain: &str) -> Self {
        let templates = [(TEMPLATE.to_owned(), equipment())].into();
        let domain = Some(domain.to_owned());
        let local = start(Options { templates, domain, ..Options::default() });
        Self { local: Some(local), arguments: vec!["--e2b-template", TEMPLATE] }
    }

    /// The real service with `OSIRIS_TEST_LIVE=1`, else an equipped stand-in.
    ///
    /// # Panics
    /// The real service is asked for without its key.
    pub fn live_or_equipped() -> Self {
        if std::env::var_os(LIVE).is_none_or(|value| value != "1") {
            return Self::equipped();
        }
        assert!(std::env::var_os("E2B_API_KEY").is_some(), "{LIVE}=1 needs E2B_API_KEY");
        Self { local: None, arguments: vec!["--e2b-install-deps"] }
    }

    /// The stand-in.
    ///
    /// # Panics
    /// It is the real service.
    #[track_caller]
    pub fn local(&self) -> &E2bLocal {
        self.local.as_ref().expect("this test needs the stand-in")
    }

    /// The stand-in, unless it is the real service.
    pub fn stand_in(&self) -> Option<&E2bLocal> {
        self.local.as_ref()
    }

    /// `osiris` with these arguments, the way to this cloud and the guests.
    pub fn osiris<A: AsRef<OsStr>>(
        &self,
        sandbox: &Sandbox,
        arguments: impl IntoIterator<Item = A>,
    ) -> Osiris {
        self.reach(sandbox.osiris(arguments).guests())
    }

    /// Lets a command find the way here.
    pub fn reach(&self, osiris: Osiris) -> Osiris {
        let real = |name: &&'static str| Some((*name, std::env::var(name).ok()?));
        let (variables, osiris): (Vec<_>, _) = match &self.local {
            Some(local) => (local.env().into(), osiris.below(&local.command())),
            None => (SETTINGS.iter().filter_map(real).collect(), osiris.patience(FAR)),
        };
        variables.into_iter().fold(osiris, |osiris, (name, value)| osiris.env(name, value))
    }

    /// The arguments of a command with those that have it run here.
    pub fn arguments<'a>(&self, arguments: &[&'a str]) -> Vec<&'a str> {
        [arguments, &["--e2b"], &self.arguments].concat()
    }

    /// `osiris run` of a file, in a sandbox.
    pub fn run(&self, sandbox: &Sandbox, file: &str, more: &[&str]) -> Osiris {
        self.osiris(sandbox, self.arguments(&[&["run", file], more].concat()))
    }

    /// The home folder on this machine of the only sandbox there is, as soon as it is there.
    pub fn home(&self) -> PathBuf {
        wait_for("a sandbox", PATIENCE, || {
            let id = self.local().sandboxes().first()?.id.clone();
            self.local().home(&id)
        })
    }

    /// Fails the test if a sandbox still lives.
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

/// What `osiris e2b template` would put into a template.
pub fn equipment() -> Template {
    let file = |from: PathBuf, to: String| TemplateFile { from, to, mode: 0o755 };
    let mut files = vec![file(built::osiris(), "/usr/local/bin/osiris".to_owned())];
    for folder in [built::folder().join("drivers"), built::guests()] {
        for entry in fs::read_dir(folder).expect("drivers are built").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push(file(entry.path(), format!("/usr/local/lib/osiris/drivers/{name}")));
        }
    }
    Template { files, envd_version: None }
}
