//! The variables that connections may name.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};

use crate::core_file;
use crate::problem::{Error, Problem, Result};
use crate::project::ownership;

/// The process's environment, and below it what `.env` files set. It is read
/// only here, and no driver ever sees it.
#[derive(Default)]
pub struct Environment {
    /// What counts before everything else.
    own: HashMap<String, String>,
    files: HashMap<String, Variable>,
}

/// A variable that has a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Never empty. May be a secret.
    pub value: String,
    /// The file that sets it; none if it is exported, or of the command.
    pub file: Option<PathBuf>,
}

impl Variable {
    /// One that is exported.
    pub fn exported(value: String) -> Self {
        Self { value, file: None }
    }

    /// Whether this may say where a secret goes. A file says so of its own secrets only: the
    /// `.env` of a project that somebody else wrote must not lead the user's secrets astray.
    pub fn may_lead(&self, secret: &Self) -> bool {
        self.file.is_none() || self.file == secret.file
    }
}

impl Environment {
    /// Reads `.env` in `$OSIRIS_HOME`, in the working directory and in the
    /// project's folder; the first that sets a variable wins.
    ///
    /// # Errors
    /// A file that cannot be read or is another user's, or a line that is none of
    /// `NAME=value`.
    pub fn read(base: &Path) -> Result<Self> {
        core_file::disable();
        let home = env::var_os("OSIRIS_HOME").map(PathBuf::from);
        let current = env::current_dir().ok();
        let mut files = HashMap::new();
        for folder in home.as_deref().into_iter().chain(current.as_deref()).chain([base]) {
            // The user's own choice needs no look.
            if Some(folder) != home.as_deref() {
                ownership::check(folder, &[".env"])?;
            }
            let file = folder.join(".env");
            for (name, value) in variables(&file)? {
                files.entry(name).or_insert_with(|| Variable { value, file: Some(file.clone()) });
            }
        }
        Ok(Self { own: HashMap::new(), files })
    }

    /// The same with these variables in place of any others.
    #[must_use]
    pub fn with(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.own.extend(variables);
        self
    }

    /// The value of a variable, unless it is empty. What is exported wins, even
    /// if it is empty.
    pub fn get(&self, name: &str) -> Option<String> {
        self.variable(name).map(|variable| variable.value)
    }

    /// The same, with where it is from.
    pub fn variable(&self, name: &str) -> Option<Variable> {
        let exported = || env::var_os(name).map(|value| value.into_string().unwrap_or_default());
        let value = self.own.get(name).cloned().or_else(exported);
        let variable = value.map(|value| Variable { value, file: None });
        let variable = variable.or_else(|| self.files.get(name).cloned());
        variable.filter(|variable| !variable.value.is_empty())
    }
}

fn variables(file: &Path) -> Result<Vec<(String, String)>> {
    if !file.is_file() {
        return Ok(Vec::new());
    }
    // What the parser says would show the line, which may hold a secret.
    let unusable = |error: &dotenvy::Error| {
        let why = match error {
            dotenvy::Error::Io(error) => format!("cannot read this file: {error}"),
            _ => "a line of this file is not NAME=value".to_owned(),
        };
        let help = "write one NAME=value a line, the value in single quotes if it is not one word";
        Error::environment(Problem::new("env_file", why).in_file(file).help(help))
    };
    let lines = dotenvy::from_path_iter(file).map_err(|error| unusable(&error))?;
    lines.collect::<Result<_, _>>().map_err(|error| unusable(&error))
}
