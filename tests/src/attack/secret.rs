//! Searches for the secret of a connection after an attack.

use std::fs;

use crate::secret::find;
use crate::{Finished, TestProject, project};

/// Searches everything that a run prints and leaves, except for the driver's own artifacts and
/// state.
///
/// # Errors
/// Returns the place where the secret was found.
pub(super) fn check(project: &TestProject, finished: &Finished) -> Result<(), String> {
    let look = |place: &str, text: &str| match find(text) {
        Some(form) => Err(format!("{place} holds {form:?}:\n{text}")),
        None => Ok(()),
    };
    look("stdout", &finished.stdout)?;
    look("stderr", &finished.stderr)?;
    let mut result = Ok(());
    project::walk(&project.root(), &mut |path| {
        let name = path.display().to_string();
        // Except for one artifact, which the host writes.
        let is_config = name.ends_with("/cleaned_config.json");
        let own =
            name.contains("/artifacts/attack/") && !is_config || name.contains("/.osiris/state/");
        let is_file = path.symlink_metadata().is_ok_and(|meta| meta.is_file());
        if result.is_ok() && is_file && !own {
            let bytes = fs::read(path).unwrap_or_default();
            result = look(&name, &String::from_utf8_lossy(&bytes));
        }
    });
    result
}
