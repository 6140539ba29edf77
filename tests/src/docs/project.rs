//! A project for the commands of a page.

use std::fmt;
use std::fs;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use services::{mariadb, postgres};

use crate::databases::{self, Databases};
use crate::{Cloud, TestProject, built, snapshot};

/// Time limit of all commands in one project.
const LIMIT: Duration = Duration::from_secs(300);

/// Character that ends the output of each command; osiris never prints control characters.
const END: char = '\u{1e}';

/// Paths on pages instead of those of this machine.
const SHOWN_PROJECT: &str = "/home/ada/demo";
const SHOWN_PROGRAMS: &str = "/opt/osiris";

/// Servers without TLS, like those of `cargo xtask services`.
static MYSQL: LazyLock<mariadb::Server> =
    LazyLock::new(|| mariadb::start(&mariadb::Options::default()).expect("MariaDB starts"));
static POSTGRES: LazyLock<postgres::Postgres> = LazyLock::new(|| {
    postgres::Postgres::start(postgres::Options::default()).expect("PostgreSQL starts")
});

/// Allows one project at a time to use the databases, which have the same names in every project.
static DATABASES: Mutex<()> = Mutex::new(());

/// Content of a project before the first command.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Setup {
    start: Start,
    extras: Vec<Extra>,
}

/// Files of a new project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Start {
    /// Files of `osiris init`.
    Demo,
    /// No files.
    Empty,
    /// Files of the sample project.
    Sample,
}

/// An addition to a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extra {
    /// A driver from elsewhere, in two versions.
    Acme,
    /// Databases of the sample project.
    Databases,
    /// Emulator of E2B.
    E2bLocal,
}

const STARTS: [(&str, Start); 3] =
    [("demo", Start::Demo), ("empty", Start::Empty), ("sample", Start::Sample)];
const EXTRAS: [(&str, Extra); 3] =
    [("acme", Extra::Acme), ("databases", Extra::Databases), ("e2b-local", Extra::E2bLocal)];

impl Setup {
    /// Parses the text of a mark, like `demo, acme`.
    ///
    /// # Errors
    /// Returns an error if a name is unknown.
    pub(super) fn parse(mark: &str) -> Result<Self, String> {
        let mut names = mark.split(", ");
        let start = find(&STARTS, "project", names.next().unwrap_or_default())?;
        let extras = names.map(|name| find(&EXTRAS, "addition", name)).collect::<Result<_, _>>()?;
        Ok(Self { start, extras })
    }

    fn has(&self, extra: Extra) -> bool {
        self.extras.contains(&extra)
    }
}

fn find<T: Copy>(all: &[(&str, T)], what: &str, name: &str) -> Result<T, String> {
    let found = all.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    found.ok_or_else(|| format!("unknown {what} `{name}`; there are {}", names.join(", ")))
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, start) in STARTS {
            if start == self.start {
                f.write_str(name)?;
            }
        }
        for (name, extra) in EXTRAS {
            if self.has(extra) {
                write!(f, ", {name}")?;
            }
        }
        Ok(())
    }
}

/// A project with the services that its commands need.
#[derive(Debug)]
pub(super) struct Project {
    project: TestProject,
    databases: Option<(Databases, MutexGuard<'static, ()>)>,
    cloud: Option<Cloud>,
}

impl Project {
    /// Creates a project and starts its services.
    ///
    /// # Errors
    /// Returns an error if the driver from elsewhere cannot be made.
    pub(super) fn new(setup: &Setup) -> Result<Self, String> {
        let project = TestProject::new();
        match setup.start {
            Start::Demo => drop(project.osiris(["init", "."]).run().expect(0)),
            Start::Empty => {}
            Start::Sample => databases::copy_sample(&project),
        }
        if setup.has(Extra::Acme) {
            pack_acme(&project).map_err(|error| format!("acme.numbers: {error}"))?;
        }
        let databases = setup.has(Extra::Databases).then(|| {
            // A project that failed leaves nothing behind: the databases are recreated.
            let guard = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
            let mysql = (&*MYSQL, "movies");
            let databases = Databases { mysql, postgres: (&*POSTGRES, "warehouse") };
            databases.fill();
            (databases, guard)
        });
        let cloud = setup.has(Extra::E2bLocal).then(Cloud::bare);
        Ok(Self { project, databases, cloud })
    }

    /// Runs commands in one shell and returns the lines that each one prints, with the paths of
    /// pages.
    ///
    /// # Errors
    /// Returns an error if the shell ends before the last command does.
    pub(super) fn run(&self, commands: &[&str]) -> Result<Vec<Vec<String>>, String> {
        // A command can look at the status of the one before.
        let mut script =
            format!("exec 2>&1\nend() {{ local status=$?; printf '{END}'; return $status; }}\n");
        for command in commands {
            script.push_str(&format!("{command}\nend\n"));
        }
        let mut shell = self.project.shell(&script).patience(LIMIT);
        if let Some((databases, _)) = &self.databases {
            shell = databases.reach(shell);
        }
        if let Some(cloud) = &self.cloud {
            shell = cloud.reach(shell);
        }
        let printed = shell.run().stdout;
        let mut outputs: Vec<&str> = printed.split(END).collect();
        // The text after the last end is that of the shell itself.
        let rest = outputs.pop().unwrap_or_default();
        if outputs.len() != commands.len() {
            let command = commands.get(outputs.len()).copied().unwrap_or_default();
            return Err(format!("the shell ended in `{command}`:\n{rest}"));
        }
        Ok(outputs.into_iter().map(|output| self.lines(output)).collect())
    }

    /// Returns an output as lines of a page.
    fn lines(&self, output: &str) -> Vec<String> {
        let mut text = snapshot::without_compilation(output);
        for (path, shown) in
            [(self.project.root(), SHOWN_PROJECT), (built::folder().to_owned(), SHOWN_PROGRAMS)]
        {
            text = text.replace(&path.display().to_string(), shown);
        }
        let text = text.trim_end_matches('\n');
        if text.is_empty() { Vec::new() } else { text.split('\n').map(str::to_owned).collect() }
    }
}

/// Makes `acme.numbers.wasm` and a newer version in `new/`: the test driver `test.source` with
/// another spec.
fn pack_acme(project: &TestProject) -> Result<(), String> {
    let spec = super::repository().join("tests/docs/acme.numbers.yaml");
    let spec = fs::read_to_string(&spec).map_err(|error| format!("{}: {error}", spec.display()))?;
    let driver = built::test_driver("test.source").display().to_string();
    let file = project.outside().join("acme.numbers.yaml");
    for (folder, version) in [(".", "1.2.0"), ("new", "1.3.0")] {
        let spec = spec.replace("version: 1.2.0", &format!("version: {version}"));
        fs::write(&file, spec).map_err(|error| error.to_string())?;
        fs::create_dir_all(project.path(folder)).map_err(|error| error.to_string())?;
        let out = format!("{folder}/acme.numbers.wasm");
        let spec = file.display().to_string();
        project
            .osiris(["drivers", "pack", &driver, "--spec", &spec, "--out", &out])
            .run()
            .expect(0);
    }
    Ok(())
}
