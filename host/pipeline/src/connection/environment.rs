//! Environment variables that connections can refer to.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::core_dumps;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::variable::Variable;

use crate::project::ownership;

/// The variables of the process, and with lower precedence those of `.env` files. Read only here;
/// no driver ever sees them.
#[derive(Default)]
pub struct Environment {
    /// Variables that take precedence over all others.
    own: HashMap<String, String>,
    files: HashMap<String, Variable>,
}

impl Environment {
    /// Reads `.env` in `$OSIRIS_HOME`, in the working directory and in the project directory; the
    /// first file that sets a variable wins.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or belongs to another user, or a line is not
    /// `NAME=value`.
    pub fn read(base: &Path) -> Result<Self> {
        core_dumps::disable();
        let home = env::var_os("OSIRIS_HOME").map(PathBuf::from);
        let current = env::current_dir().ok();
        let mut files = HashMap::new();
        for folder in home.as_deref().into_iter().chain(current.as_deref()).chain([base]) {
            // A directory that the user chose needs no ownership check.
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

    /// Adds variables that take precedence over all others.
    #[must_use]
    pub fn with(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.own.extend(variables);
        self
    }

    /// Returns the value of a variable. Returns `None` if the value is empty or the variable is
    /// not set. Exported variables take precedence over files, even if empty.
    pub fn get(&self, name: &str) -> Option<String> {
        self.variable(name).map(|variable| variable.value)
    }

    /// Like [`Self::get`], with the variable's source.
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
    // The parser's message would show the line, which can hold a secret.
    let unusable = |error: &dotenvy::Error| {
        let message = match error {
            dotenvy::Error::Io(error) => format!("cannot read the file: {error}"),
            _ => "a line of the file is not `NAME=value`".to_owned(),
        };
        let help =
            "write one `NAME=value` per line, and put a value of several words in single quotes";
        Error::environment(Diagnostic::new(Code::EnvFileInvalid, message).in_file(file).help(help))
    };
    let lines = dotenvy::from_path_iter(file).map_err(|error| unusable(&error))?;
    lines.collect::<Result<_, _>>().map_err(|error| unusable(&error))
}
