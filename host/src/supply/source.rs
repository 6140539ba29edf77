//! What a user writes to say where a driver is.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use reqwest::Url;

use super::oci::Reference;
use crate::http::is_loopback;
use crate::problem::{Error, Problem, Result};
use crate::wording::quoted;

/// Where a driver is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of this machine.
    File(PathBuf),
    /// On a web server.
    Web(Url),
    /// In a registry.
    Oci(Reference),
}

impl Source {
    /// Understands a REF; a path is relative to `folder`.
    ///
    /// # Errors
    /// It is neither of the three, or holds a secret.
    pub fn parse(text: &str, folder: &Path) -> Result<Self> {
        match text.split_once("://") {
            None => Ok(Self::File(folder.join(text))),
            Some(("oci", _)) => text.parse().map(Self::Oci),
            Some(("https" | "http", _)) => web(text).map(Self::Web),
            Some((scheme, _)) => Err(Error::invalid(
                Problem::new(
                    "bad_reference",
                    format!("there are no drivers at {}://", quoted(scheme)),
                )
                .help("write a file's path, https://HOST/FILE.wasm or oci://REGISTRY/NAME:TAG"),
            )),
        }
    }

    /// Refuses a file outside the project, or behind a link, which only a lock names.
    ///
    /// # Errors
    /// Returns an error that says nothing of the file.
    pub fn check_inside(&self, base: &Path) -> Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        let is_plain =
            |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        let below = path.strip_prefix(base).ok().filter(|below| is_plain(below));
        let is_inside =
            below.is_some_and(|below| match (base.canonicalize(), path.canonicalize()) {
                (Ok(base), Ok(path)) => path == base.join(below),
                // What is not there is told where it is read.
                (Ok(_), Err(error)) => error.kind() == std::io::ErrorKind::NotFound,
                (Err(_), _) => false,
            });
        if is_inside {
            return Ok(());
        }
        let message = "osiris.lock names a file outside the project, and nobody added it from there on this machine";
        let problem = Problem::new("local_source", message).in_file(path);
        Err(Error::environment(problem.help(super::web::ALLOW_LOCAL)))
    }

    /// As the lock of a project has it.
    pub fn recorded(&self, base: &Path) -> String {
        let Self::File(path) = self else { return self.to_string() };
        let path = path.canonicalize().unwrap_or_else(|_| path.clone());
        path.strip_prefix(base).unwrap_or(&path).display().to_string()
    }
}

fn web(text: &str) -> Result<Url> {
    let wrong = |message: &str| Error::invalid(Problem::new("bad_reference", message));
    let url = Url::parse(text).map_err(|error| wrong(&format!("this is no address: {error}")))?;
    // It is shown, and kept in a file that is made for git.
    let query = url.query_pairs().any(|(key, _)| crate::secret::is_name(&key));
    if !url.username().is_empty() || url.password().is_some() || query {
        let help = "put the driver where it can be read without one, or into a registry: `osiris drivers publish --help`";
        let mut error = wrong("the address holds a secret, and osiris.lock would show it");
        error.problems.iter_mut().for_each(|one| one.help = Some(help.to_owned()));
        return Err(error);
    }
    Ok(url)
}

/// Refuses to fetch over the network in the clear.
///
/// # Errors
/// It is `http` to another machine, and `insecure` does not allow it.
pub(super) fn check_scheme(url: &Url, insecure: bool) -> Result<()> {
    match url.scheme() {
        "http" if !insecure && !is_loopback(url) => {
            let host = url.host_str().unwrap_or_default();
            let message = format!("http to {host} could be read and changed by anybody on the way");
            let help = "use https, or --insecure if you know the network";
            Err(Error::invalid(Problem::new("insecure", message).help(help)))
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Web(url) => url.fmt(f),
            Self::Oci(reference) => reference.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_what_it_looks_like() {
        let parse = |text| Source::parse(text, Path::new("/base"));
        assert_eq!(parse("a/b.wasm").unwrap(), Source::File("/base/a/b.wasm".into()));
        assert_eq!(parse("/b.wasm").unwrap(), Source::File("/b.wasm".into()));
        assert!(matches!(parse("https://h/x.wasm?v=1").unwrap(), Source::Web(_)));
        for (text, why) in [
            ("ftp://h/x", "there are no drivers at 'ftp'://"),
            ("https://", "this is no address"),
            ("https://u:hunter2@h/x.wasm", "holds a secret"),
            ("https://h/x.wasm?token=hunter2", "holds a secret"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_file_of_the_project_is_kept_relative_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        std::fs::write(base.join("x.wasm"), "").unwrap();
        assert_eq!(Source::File(base.join("./x.wasm")).recorded(&base), "x.wasm");
        let other = Source::File("/dev/null".into());
        assert_eq!(other.recorded(&base), "/dev/null");
    }
}
