//! Reasons why a component is not compiled.

use osiris_core::code::Code;
use osiris_core::contract::CONTRACT;
use osiris_core::diagnostic::{Diagnostic, Error};
use osiris_core::driver::DriverFile;
use serde::{Deserialize, Serialize};

/// Reason for a refusal, serialized from the compiling process to its parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Refusal {
    /// The bytes are not a valid component.
    Invalid(String),
    /// The component was built for another world.
    Misfit(String),
    /// The component exceeds the limits on compilation.
    Costly(String),
    /// The compiler itself failed.
    Failed(String),
}

impl Refusal {
    /// Converts the refusal into an error about a driver.
    pub(crate) fn error(self, driver: &DriverFile) -> Error {
        let name = &driver.spec.name;
        let cannot = |reason: &str| format!("cannot compile driver `{name}`: {reason}");
        let problem = |code, message, help: &str| {
            Diagnostic::new(code, message).in_file(&driver.path).help(help)
        };
        match self {
            Self::Invalid(reason) => Error::invalid(problem(
                Code::ComponentInvalid,
                format!("the component is not valid: {reason}"),
                "build or download the driver again",
            )),
            Self::Misfit(reason) => Error::invalid(problem(
                Code::ContractIncompatible,
                format!("driver `{name}` is not compatible with this host: {reason}"),
                &format!("build the driver for the world `plugin` of {CONTRACT}"),
            )),
            Self::Costly(reason) => Error::invalid(problem(
                Code::CompileLimitExceeded,
                cannot(&reason),
                &format!(
                    "if you build the driver, split its largest functions or set `opt-level = \"s\"`; otherwise remove it: `rm '{}'`",
                    driver.path.display()
                ),
            )),
            Self::Failed(reason) => Error::environment(problem(
                Code::CompilerFailed,
                cannot(&reason),
                "run the command again with `--verbose`, and check this machine with `osiris doctor`",
            )),
        }
    }
}
