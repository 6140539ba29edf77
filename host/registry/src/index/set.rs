//! The indexes of a project, searched together.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::text::{closest_match, join_or, quoted};

use super::document::{IndexedDriver, Release};
use super::load::LoadedIndex;

/// The indexes of a project.
#[derive(Debug, Clone, Default)]
pub struct IndexSet {
    /// The indexes, in the order of their names.
    pub indexes: Vec<LoadedIndex>,
}

/// A driver with its index.
#[derive(Debug, Clone, Copy)]
pub struct Found<'s> {
    /// Name of the driver.
    pub name: &'s str,
    /// The entry in the index.
    pub driver: &'s IndexedDriver,
    /// The index.
    pub index: &'s LoadedIndex,
}

impl IndexSet {
    /// Returns every driver whose name, title or description contains the text, in any case.
    pub fn search(&self, text: &str) -> Vec<Found<'_>> {
        let text = text.to_lowercase();
        let contains = |found: &Found<'_>| {
            let texts = [found.name, &found.driver.title, &found.driver.description];
            texts.iter().any(|other| other.to_lowercase().contains(&text))
        };
        let mut all: Vec<Found<'_>> = self.all().filter(contains).collect();
        all.sort_by_key(|found| (found.name, &found.index.name));
        all
    }

    /// Returns a driver by its exact name.
    ///
    /// # Errors
    /// Returns an error if several indexes have the driver: none of them takes precedence, so that
    /// an index cannot replace the drivers of another one. Returns an error with a similar name of
    /// the indexes or `others` if no index has the driver.
    pub fn find(&self, name: &str, others: &[String]) -> Result<Found<'_>> {
        let found: Vec<Found<'_>> = self.all().filter(|found| found.name == name).collect();
        match found[..] {
            [only] => Ok(only),
            [] => Err(self.missing(name, others)),
            _ => {
                let indexes: Vec<String> =
                    found.iter().map(|found| format!("`{}`", found.index.name)).collect();
                let message =
                    format!("several indexes have driver `{name}`: {}", indexes.join(", "));
                let help = format!("choose one with `--index {}`", found[0].index.name);
                Err(Error::invalid(Diagnostic::new(Code::IndexAmbiguous, message).help(help)))
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = Found<'_>> {
        self.indexes.iter().flat_map(|index| {
            let drivers = index.index.drivers.iter();
            drivers.map(move |(name, driver)| Found { name, driver, index })
        })
    }

    fn missing(&self, name: &str, others: &[String]) -> Error {
        let searched: Vec<String> =
            self.indexes.iter().map(|index| format!("`{}`", index.name)).collect();
        let place = match searched.len() {
            0 => "osiris, and the project has no index".to_owned(),
            1 => format!("osiris or in the index {}", searched[0]),
            _ => format!("osiris or in the indexes {}", searched.join(", ")),
        };
        let message = format!("no driver {} in {place}", quoted(name));
        let names = self.all().map(|found| found.name).chain(others.iter().map(String::as_str));
        let help = match closest_match(name, names) {
            Some(suggestion) => format!("did you mean `{suggestion}`?"),
            None if searched.is_empty() => {
                "add an index under `drivers.indexes` in `osiris.yaml`, or name the source: `osiris drivers add oci://REGISTRY/NAME`".to_owned()
            }
            None => "search the indexes with `osiris drivers search TEXT`".to_owned(),
        };
        Error::invalid(Diagnostic::new(Code::DriverMissing, message).help(help))
    }
}

impl<'s> Found<'s> {
    /// Returns a version, or the newest.
    ///
    /// # Errors
    /// Returns an error if the index does not have the version.
    pub fn release(&self, version: Option<&str>) -> Result<&'s Release> {
        let release = match version {
            Some(version) => self.driver.version(version),
            None => self.driver.newest(),
        };
        release.ok_or_else(|| {
            let message = format!(
                "index `{}` has no version {} of `{}`",
                self.index.name,
                quoted(version.unwrap_or_default()),
                self.name
            );
            let versions: Vec<&str> = self
                .driver
                .versions
                .iter()
                .take(10)
                .map(|release| release.version.as_str())
                .collect();
            let help = format!("use {}", join_or(&versions));
            Error::invalid(Diagnostic::new(Code::VersionMissing, message).help(help))
        })
    }
}
