//! Driver sources that the user of this machine named on the command line. Any other source in a
//! lockfile that came with a project was chosen by a stranger.

use std::fs;

use osiris_core::canonical;
use osiris_core::fs::cache_dir::cache_dir;

/// Records a source that the user named, in the form of `osiris.lock`.
pub fn remember(source: &str) {
    let keep = || fs::write(cache_dir("sources")?.join(name(source)), source);
    if let Err(error) = keep() {
        // Without the record, `drivers sync` needs `--allow-local`.
        tracing::debug!("cannot record the source of a driver: {error}");
    }
}

/// Returns whether the user has named a source on this machine before.
pub fn is_known(source: &str) -> bool {
    cache_dir("sources").is_ok_and(|folder| folder.join(name(source)).is_file())
}

fn name(source: &str) -> String {
    canonical::sha256(source)
}
