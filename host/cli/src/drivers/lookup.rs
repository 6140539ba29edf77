//! Finds drivers by name: in the indexes of a project and among those that come with osiris.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::DriverFile;
use osiris_core::fs::layout::SETTINGS_FILE;
use osiris_core::text::quoted;
use osiris_pipeline::project::Project;
use osiris_registry::index::{Found, IndexSet};
use osiris_registry::{Fetched, Wanted, is_driver_name};

use super::fetch_args::{FetchContext, Local};

/// A driver as the user names it: `NAME` or `NAME@VERSION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NamedDriver<'t> {
    pub(super) name: &'t str,
    pub(super) version: Option<&'t str>,
}

impl<'t> NamedDriver<'t> {
    /// Parses a name. Returns `None` for a path or an address; a file name with the suffix of a
    /// driver is a path.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let is_file = version.is_none() && name.ends_with(".wasm");
        (is_driver_name(name) && !is_file).then_some(Self { name, version })
    }

    /// Returns whether the driver comes with osiris, in the requested version.
    pub(super) fn is_built_in(self, context: &FetchContext<'_>) -> bool {
        let built_in = context.built_in(self.name);
        built_in
            .is_some_and(|driver| self.version.is_none_or(|version| version == driver.spec.version))
    }
}

/// Fetches drivers of indexes.
pub(super) struct Lookup<'c> {
    pub(super) context: &'c FetchContext<'c>,
    pub(super) project: &'c Project,
    pub(super) local: Local,
}

impl Lookup<'_> {
    /// Finds a driver in the indexes.
    ///
    /// # Errors
    /// Returns an error if none or several of the indexes have the driver.
    pub(super) fn find<'s>(
        &self,
        indexes: &'s IndexSet,
        named: NamedDriver<'_>,
    ) -> Result<Found<'s>> {
        let names: Vec<String> =
            self.context.all_built_in().map(|driver| driver.spec.name.clone()).collect();
        indexes.find(named.name, &names).map_err(|error| {
            let built_in = self.context.built_in(named.name);
            let missing = error.first().code == Code::DriverMissing;
            match (built_in, named.version) {
                (Some(driver), Some(version)) if missing => other_version(driver, version),
                _ => error,
            }
        })
    }

    /// Fetches a driver that an index lists, and checks that it is the one that the index
    /// describes.
    ///
    /// # Errors
    /// Returns an error if the driver is not found, cannot be fetched or is not as described.
    pub(super) fn fetch(
        &self,
        indexes: &IndexSet,
        named: NamedDriver<'_>,
        sha256: Option<&str>,
    ) -> Result<Fetched> {
        let found = self.find(indexes, named)?;
        let release = found.release(named.version)?;
        let source = release.source(&found.index.source)?;
        let base = self.project.base();
        let from_project =
            self.local.check(&source.recorded(base), &source, base, SETTINGS_FILE)?;
        let fetched = self.context.fetch(
            &source,
            Wanted {
                name: Some(named.name),
                // The user's hash is the stricter one: the other is checked below.
                sha256: sha256.or(Some(&release.sha256)),
                digest: None,
                index: Some(&found.index.name),
                from_project,
            },
        )?;
        release.check_describes(&fetched)?;
        Ok(fetched)
    }
}

fn other_version(driver: &DriverFile, version: &str) -> Error {
    let (name, own) = (&driver.spec.name, &driver.spec.version);
    let message = format!(
        "osiris comes with version {own} of `{name}`, not {}, and no index of the project has the driver",
        quoted(version)
    );
    let help = format!("use `{name}`, or the osiris that comes with the other version");
    Error::invalid(Diagnostic::new(Code::VersionMissing, message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_files_and_addresses() {
        let parse = |text| NamedDriver::parse(text).map(|named| (named.name, named.version));
        assert_eq!(parse("acme.crm"), Some(("acme.crm", None)));
        assert_eq!(parse("acme.crm@1.2.0-rc.1"), Some(("acme.crm", Some("1.2.0-rc.1"))));
        assert_eq!(parse("acme.wasm@1.0.0"), Some(("acme.wasm", Some("1.0.0"))));
        for text in
            ["crm.wasm", "./acme.crm", "acme.crm.wasm", "Acme.crm", "crm", "oci://a.b/c", "a/b.c"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
