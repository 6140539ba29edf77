//! The one normal form of a path.

use std::fmt;
use std::path::{Component, Path};

/// A path below the base path: relative, without `.`, `..`, empty parts and a slash at
/// its end. The base path itself is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectPath(String);

/// Reason why a path in a configuration cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathFault {
    /// It is empty or holds a NUL.
    Malformed,
    /// It starts at the root of the machine.
    Absolute,
    /// Its `..` lead out of the base path.
    Outside,
}

impl ProjectPath {
    /// Takes a path as people write it, by its text alone.
    ///
    /// # Errors
    /// Returns an error if the path is empty, absolute, or leads out of the base path.
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
                // The parts of a text are texts.
                Component::Normal(name) => parts.push(name.to_str().ok_or(PathFault::Malformed)?),
            }
        }
        Ok(Self(parts.join("/")))
    }

    /// Whether a text is a normal form already.
    pub fn is_normal(path: &str) -> bool {
        Self::new(path).is_ok_and(|normal| normal.0 == path)
    }

    /// The path as text.
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
    fn a_path_has_one_normal_form() {
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
