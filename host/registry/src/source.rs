//! Parses the source of a driver as the user writes it.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::text::quoted;
use osiris_http::is_loopback;
use reqwest::Url;

use super::lockfile::is_driver_name;
use super::oci::Reference;

/// The source of a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file on this machine.
    File(PathBuf),
    /// A file on a web server.
    Web(Url),
    /// A reference in a registry.
    Oci(Reference),
    /// A driver that comes with osiris, by its name.
    BuiltIn(String),
}

impl Source {
    /// Parses a REF; a path is relative to `folder`.
    ///
    /// # Errors
    /// Returns an error if the text is not a valid source or contains a secret.
    pub fn parse(text: &str, folder: &Path) -> Result<Self> {
        match text.split_once("://") {
            None => Ok(Self::File(folder.join(text))),
            Some(("oci", _)) => text.parse().map(Self::Oci),
            Some(("https" | "http", _)) => web(text).map(Self::Web),
            Some(("osiris", name)) if is_driver_name(name) => Ok(Self::BuiltIn(name.to_owned())),
            Some((scheme, _)) => Err(Error::invalid(
                Diagnostic::new(
                    Code::SourceInvalid,
                    format!("unsupported scheme {}", quoted(scheme)),
                )
                .help("use a file path, `https://HOST/FILE.wasm` or `oci://REGISTRY/NAME:TAG`"),
            )),
        }
    }

    /// Rejects a file outside the project, or behind a symlink, that only `named_in`, a file of
    /// the project, names.
    ///
    /// # Errors
    /// Returns an error if the file is not plainly inside the project; the error reveals nothing
    /// about the file.
    pub fn check_inside(&self, base: &Path, named_in: &str) -> Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        let is_plain =
            |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        let below = path.strip_prefix(base).ok().filter(|below| is_plain(below));
        let is_inside =
            below.is_some_and(|below| match (base.canonicalize(), path.canonicalize()) {
                (Ok(base), Ok(path)) => path == base.join(below),
                // A missing file is reported by its reader.
                (Ok(_), Err(error)) => error.kind() == std::io::ErrorKind::NotFound,
                (Err(_), _) => false,
            });
        if is_inside {
            return Ok(());
        }
        let message = format!(
            "`{named_in}` names a file outside the project that was not added on this machine"
        );
        let problem = Diagnostic::new(Code::SourceLocal, message).in_file(path);
        Err(Error::environment(problem.help(super::http_client::ALLOW_LOCAL)))
    }

    /// Formats the source as the project's lockfile records it.
    pub fn recorded(&self, base: &Path) -> String {
        let Self::File(path) = self else { return self.to_string() };
        let path = path.canonicalize().unwrap_or_else(|_| path.clone());
        path.strip_prefix(base).unwrap_or(&path).display().to_string()
    }
}

fn web(text: &str) -> Result<Url> {
    let wrong = |message: &str| Error::invalid(Diagnostic::new(Code::SourceInvalid, message));
    let url = Url::parse(text).map_err(|error| wrong(&format!("invalid URL: {error}")))?;
    // The URL is displayed, and recorded in a file that is committed to git.
    let query = url.query_pairs().any(|(key, _)| osiris_core::secret_keys::is_secret_key(&key));
    if !url.username().is_empty() || url.password().is_some() || query {
        let help = "use a URL without a secret, or a registry: see `osiris drivers publish --help`";
        let mut error = wrong("the URL contains a secret, which `osiris.lock` would reveal");
        error.iter_mut().for_each(|one| one.help = Some(help.to_owned()));
        return Err(error);
    }
    Ok(url)
}

/// Rejects unencrypted connections over the network.
///
/// # Errors
/// Returns an error if the URL is `http` to another machine and `insecure` is not set.
pub(super) fn check_scheme(url: &Url, insecure: bool) -> Result<()> {
    match url.scheme() {
        "http" if !insecure && !is_loopback(url) => {
            let host = url.host_str().unwrap_or_default();
            let message = format!("unencrypted HTTP to `{host}` is not allowed");
            let help = "use `https`, or add `--insecure` if you trust the network";
            Err(Error::invalid(Diagnostic::new(Code::AddressInsecure, message).help(help)))
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
            Self::BuiltIn(name) => write!(f, "osiris://{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_kind_follows_from_its_text() {
        let parse = |text| Source::parse(text, Path::new("/base"));
        assert_eq!(parse("a/b.wasm").unwrap(), Source::File("/base/a/b.wasm".into()));
        assert_eq!(parse("/b.wasm").unwrap(), Source::File("/b.wasm".into()));
        assert!(matches!(parse("https://h/x.wasm?v=1").unwrap(), Source::Web(_)));
        let built_in = parse("osiris://a.b").unwrap();
        assert_eq!(
            (built_in.to_string(), built_in),
            ("osiris://a.b".into(), Source::BuiltIn("a.b".into()))
        );
        for (text, expected) in [
            ("ftp://h/x", "unsupported scheme `ftp`"),
            ("osiris://../x", "unsupported scheme `osiris`"),
            ("https://", "invalid URL"),
            ("https://u:hunter2@h/x.wasm", "contains a secret"),
            ("https://h/x.wasm?token=hunter2", "contains a secret"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn project_files_are_recorded_as_relative_paths() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        std::fs::write(base.join("x.wasm"), "").unwrap();
        assert_eq!(Source::File(base.join("./x.wasm")).recorded(&base), "x.wasm");
        let other = Source::File("/dev/null".into());
        assert_eq!(other.recorded(&base), "/dev/null");
    }
}
