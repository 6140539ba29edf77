//! Sources of drivers that the user of this machine named on the command line. What a lock
//! that came with a project says beyond them is a stranger's word.

use std::fs;

use crate::canonical;
use crate::own_folder::own_folder;

/// Keeps in mind that the user named a source, as `osiris.lock` has it.
pub(crate) fn remember(source: &str) {
    let keep = || fs::write(own_folder("sources")?.join(name(source)), source);
    if let Err(error) = keep() {
        // Only `drivers sync --allow-local` is wanted then, where this would have done.
        tracing::debug!("the source of a driver cannot be kept in mind: {error}");
    }
}

/// Returns whether the user named a source here before.
pub(crate) fn is_known(source: &str) -> bool {
    own_folder("sources").is_ok_and(|folder| folder.join(name(source)).is_file())
}

fn name(source: &str) -> String {
    canonical::sha256(source)
}
