//! The normal form of a path.

use std::fmt;
use std::path::{Component, Path};

/// A path below the base path: relative, without `.`, `..`, empty components or a slash at its end.
/// The base path itself is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectPath(String);

/// Reason why a configured path cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathFault {
    /// The path is empty or contains a NUL.
    Malformed,
    /// The path is absolute.
    Absolute,
    /// The path leads out of the base path through `..`.
    Outside,
}

impl ProjectPath {
    /// Normalizes a path by its text alone, without looking at the file system.
    ///
    /// # Errors
    /// Returns an error if the path is empty or absolute, contains a NUL, or leads out of the base
    /// path.
    pub fn new(path: &str) -> Result<Self, PathFault> {
        if path.is_empty() || path.contains('\0') {
            return Err(PathFault::Malformed);
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in Path::new(path).components() {
            match part {
                Component::Prefix(_) | Component::RootDir => return Err(PathFault::Absolute),
                Component::CurDir => {}
                Component::ParentDir => drop(parts.pop().ok_or(PathFault::Outside)?),
                // Components of valid UTF-8 are valid UTF-8.
                Component::Normal(name) => parts.push(name.to_str().ok_or(PathFault::Malformed)?),
            }
        }
        Ok(Self(parts.join("/")))
    }

    /// Returns whether a text is in normal form.
    pub fn is_normal(path: &str) -> bool {
        Self::new(path).is_ok_and(|normal| normal.0 == path)
    }

    /// Returns the path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<Path> for ProjectPath {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalized() {
        for (path, normal) in [
            ("a/b", "a/b"),
            ("./a//b/", "a/b"),
            ("a/../b/./c", "b/c"),
            ("././/drivers/x", "drivers/x"),
            ("output/../osiris.lock", "osiris.lock"),
            ("a b", "a b"),
            (".", ""),
        ] {
            assert_eq!(ProjectPath::new(path).map(|path| path.0), Ok(normal.to_owned()));
            assert!(ProjectPath::is_normal(normal) || normal.is_empty(), "{normal}");
        }
        for path in ["..", "a/../..", "./../a", "a/../../a"] {
            assert_eq!(ProjectPath::new(path), Err(PathFault::Outside), "{path}");
        }
        assert_eq!(ProjectPath::new("/a"), Err(PathFault::Absolute));
        for path in ["", "a\0"] {
            assert_eq!(ProjectPath::new(path), Err(PathFault::Malformed));
        }
        for path in ["a/", "./a", "a//b", "a/./b", "a/b/../c", "..", "/a", ""] {
            assert!(!ProjectPath::is_normal(path), "{path}");
        }
    }
}
