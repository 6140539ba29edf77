//! Checks of configured paths before a run.

use std::path::Path;

use super::normalize::{PathFault, ProjectPath};
use super::reserved::{reserved, reserved_to_write};
use super::resolver::{Resolver, leads_outside};
use crate::code::Code;
use crate::diagnostic::Diagnostic;

/// Access that a configuration requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessMode {
    /// Reads the path.
    Read,
    /// Writes the path.
    Write,
}

/// Reason why a configured path is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Machine-readable code of the reason.
    pub code: Code,
    /// The reason.
    pub message: String,
    /// The fix.
    pub help: Option<String>,
}

impl Refusal {
    /// Converts the denial into a problem of a step. `owner` starts the message.
    pub fn into_problem(self, owner: &str) -> Diagnostic {
        let problem = Diagnostic::new(self.code, format!("{owner}: {}", self.message));
        match self.help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
}

/// Checks a configured path, and the target of its links. A path that does not exist yet is
/// allowed. `allow_read` are the reserved files that `osiris.yaml` allows to read.
///
/// # Errors
/// Returns an error if the path leads out of the base path or to a reserved file.
pub fn check(
    base: &Path,
    path: &str,
    access: AccessMode,
    allow_read: &[ProjectPath],
) -> Result<ProjectPath, Refusal> {
    let outside = |message| Refusal { code: Code::PathOutside, message, help: None };
    let leads_out = || {
        let base = base.display();
        let remedy = match access {
            AccessMode::Read => "copy the file into the project",
            AccessMode::Write => "choose a path in the project",
        };
        outside(format!("`{path}` leads outside the base path `{base}`; {remedy}"))
    };
    let normal = ProjectPath::new(path).map_err(|fault| match fault {
        PathFault::Malformed => outside(format!("{path:?} is not a valid path")),
        PathFault::Absolute => outside(format!(
            "`{path}` is absolute; paths must be relative to the base path `{}`",
            base.display()
        )),
        PathFault::Outside => leads_out(),
    })?;
    refuse_reserved(path, normal.as_ref(), access, allow_read)?;
    // If the base path cannot be opened, opening it for the driver reports the error.
    let Ok(resolver) = Resolver::open(base) else { return Ok(normal) };
    match resolver.resolve(normal.as_ref(), true) {
        Ok(location) => refuse_reserved(path, &location.path, access, allow_read)?,
        Err(error) if leads_outside(&error) => return Err(leads_out()),
        // Opening the path reports the error.
        Err(_) => {}
    }
    Ok(normal)
}

fn refuse_reserved(
    written: &str,
    path: &Path,
    access: AccessMode,
    allow_read: &[ProjectPath],
) -> Result<(), Refusal> {
    let own = match access {
        AccessMode::Read => reserved(path),
        AccessMode::Write => reserved_to_write(path),
    };
    let Some(own) = own else { return Ok(()) };
    if access == AccessMode::Read && allow_read.iter().any(|allowed| path.starts_with(allowed)) {
        return Ok(());
    }
    let subject = match Path::new(written) == path {
        true => format!("`{written}` is"),
        false => format!("`{written}` leads to `{}`, which is", path.display()),
    };
    let (message, help) = match access {
        AccessMode::Write => (
            format!("{subject} a reserved path, and no driver may write it"),
            "choose a path elsewhere in the project, like `output/data.csv`".to_owned(),
        ),
        AccessMode::Read => (
            format!("{subject} a reserved path, and no driver may read it"),
            format!("choose another path, or add {} to `osiris.yaml`", setting(&own)),
        ),
    };
    Err(Refusal { code: Code::PathReserved, message, help: Some(help) })
}

/// Returns the line of `osiris.yaml` that allows drivers to read a reserved file.
pub fn setting(own: &Path) -> String {
    format!("`files: {{allow_read: [{:?}]}}`", own.display().to_string())
}
