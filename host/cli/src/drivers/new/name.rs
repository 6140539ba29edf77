//! The name of a new driver in all forms that its files need.

use clap::ValueEnum;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::text::quoted;

/// Role of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Reads a table from a file or a service
    Extractor,
    /// Writes a table to a file or a service
    Writer,
    /// Transforms tables
    Processor,
}

impl Role {
    const ALL: [Self; 3] = [Self::Extractor, Self::Writer, Self::Processor];

    /// Returns the role's name for drivers and directories.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Extractor => "extractor",
            Self::Writer => "writer",
            Self::Processor => "processor",
        }
    }

    /// Returns the mode of the driver's steps in a pipeline.
    pub(super) fn step_mode(self) -> &'static str {
        match self {
            Self::Extractor => "read",
            Self::Writer => "write",
            Self::Processor => "transform",
        }
    }
}

/// A driver's name and role.
#[derive(Debug)]
pub(super) struct Name {
    /// The full name, like `acme.crm_extractor`.
    pub(super) driver: String,
    pub(super) role: Role,
}

impl Name {
    /// Parses `family.role`, or a family to which the role is added. Without a role, the ending
    /// of the name decides, otherwise the role is extractor.
    ///
    /// # Errors
    /// Returns an error if `text` is not a valid driver name.
    pub(super) fn parse(text: &str, role: Option<Role>) -> Result<Self> {
        let role_of_name = Role::ALL.into_iter().find(|role| text.ends_with(role.as_str()));
        let role = role.or(role_of_name).unwrap_or(Role::Extractor);
        let driver = match text.contains('.') {
            true => text.to_owned(),
            false => format!("{text}.{}", role.as_str()),
        };
        let parts: Vec<&str> = driver.split('.').collect();
        if parts.len() != 2 || !parts.iter().all(|part| is_word(part)) {
            let message = format!("{} is not a valid driver name", quoted(text));
            let help = "use `family.role` with lower-case letters, digits, `_` and `-`, and start \
                        each part with a letter: `acme.crm_extractor`";
            return Err(Error::invalid(
                Diagnostic::new(Code::DriverNameInvalid, message).help(help),
            ));
        }
        Ok(Self { driver, role })
    }

    /// Returns the name for a package in any language and its directory, like
    /// `acme-crm-extractor`.
    pub(super) fn package(&self) -> String {
        self.driver.replace(['.', '_'], "-")
    }

    /// Returns the name for a module, like `acme_crm_extractor`.
    pub(super) fn module(&self) -> String {
        self.driver.replace(['.', '-'], "_")
    }

    /// Returns the title, like `Acme crm extractor`.
    pub(super) fn title(&self) -> String {
        let mut words = self.package().replace('-', " ");
        // The first character is an ASCII letter.
        words[..1].make_ascii_uppercase();
        words
    }
}

/// Returns whether `part` is valid on either side of the dot and an identifier in any language.
fn is_word(part: &str) -> bool {
    let is_valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    part.len() <= 63
        && part.starts_with(|c: char| c.is_ascii_lowercase())
        && part.chars().all(is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_without_role_gets_the_default_role() {
        for (text, role, driver, expected) in [
            ("acme.crm_writer", None, "acme.crm_writer", Role::Writer),
            ("crm", None, "crm.extractor", Role::Extractor),
            ("crm", Some(Role::Processor), "crm.processor", Role::Processor),
            ("a.b", Some(Role::Writer), "a.b", Role::Writer),
        ] {
            let name = Name::parse(text, role).unwrap();
            assert_eq!((name.driver.as_str(), name.role), (driver, expected), "{text}");
        }
    }

    #[test]
    fn package_module_and_title_derive_from_the_name() {
        let name = Name::parse("acme.crm_old-writer", None).unwrap();
        assert_eq!(name.package(), "acme-crm-old-writer");
        assert_eq!(name.module(), "acme_crm_old_writer");
        assert_eq!(name.title(), "Acme crm old writer");
    }

    #[test]
    fn invalid_driver_name_is_rejected() {
        let long = "a".repeat(64);
        for text in ["", ".", "a.", ".a", "a.b.c", "Acme.crm", "2.b", "a b", "é.b", "../x", &long]
        {
            let error = Name::parse(text, None).unwrap_err();
            assert_eq!(error.first().code, Code::DriverNameInvalid, "{text}");
        }
    }
}
