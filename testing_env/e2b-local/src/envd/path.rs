//! Paths as envd reads them.

use crate::sandbox::{Sandbox, clean};

/// The only home that there is.
const HOME: &str = "/home/user";

/// Returns whether there is such a user; an empty name means the usual one.
pub(super) fn is_user(name: &str) -> bool {
    matches!(name, "" | "user" | "root")
}

/// The absolute path that a client means.
pub(super) fn resolve(sandbox: &Sandbox, path: &str) -> Result<String, String> {
    match path {
        "" => Ok(sandbox.workdir.clone()),
        "~" => Ok(HOME.to_owned()),
        path if path.starts_with('/') => Ok(path.to_owned()),
        path => match path.strip_prefix('~') {
            None => Ok(clean(&format!("{HOME}/{path}"))),
            Some(rest) => match rest.strip_prefix('/') {
                Some(rest) => Ok(clean(&format!("{HOME}/{rest}"))),
                None => Err("cannot expand user-specific home dir".to_owned()),
            },
        },
    }
}
