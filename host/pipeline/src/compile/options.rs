//! Compile options of a command.

use std::collections::BTreeMap;
use std::env;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};

/// Prefix of the variables that set parameters.
const PREFIX: &str = "OSIRIS_PARAM_";

/// Compile options of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The profile, which must exist.
    pub profile: Option<String>,
    /// Parameters of `--param name=value`, in the order given.
    pub params: Vec<(String, String)>,
    /// The variables `OSIRIS_PARAM_<NAME>`, by their whole name in upper case.
    pub environment: BTreeMap<String, String>,
}

impl Options {
    /// Creates options without a profile, with the parameters of the process's environment.
    ///
    /// # Errors
    /// Returns an error if the value of a variable is not UTF-8.
    pub fn from_environment() -> Result<Self> {
        let mut environment = BTreeMap::new();
        for (name, value) in env::vars_os() {
            let Some(name) = name.to_str().map(str::to_uppercase) else { continue };
            if !name.starts_with(PREFIX) {
                continue;
            }
            let Some(value) = value.to_str() else {
                let message =
                    format!("the value of the environment variable `{name}` is not UTF-8 text");
                return Err(Error::invalid(Diagnostic::new(Code::ParamValueInvalid, message)));
            };
            environment.insert(name, value.to_owned());
        }
        Ok(Self { environment, ..Self::default() })
    }
}
