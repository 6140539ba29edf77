//! Paths as host and worker name them to each other.

use std::path::{Component, Path};

/// The path without `.` and `..`, as one name for one file.
pub(super) fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.extend(name.to_str()),
            _ => {}
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_name() {
        for (path, name) in [("a/b", "a/b"), ("./a//b/", "a/b"), ("a/../b/./c", "b/c"), (".", "")] {
            assert_eq!(plain(path), name);
        }
    }
}
