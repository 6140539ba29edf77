//! An admitted driver.

use std::sync::Arc;

use osiris_core::diagnostic::{Error, Result};
use osiris_core::driver::DriverFile;
use osiris_core::driver::spec::Spec;

use super::key::PublicKey;
use super::policy::Policy;
use super::signature;

/// An admitted driver and the facts about its origin.
#[derive(Debug, Clone)]
pub struct AdmittedDriver {
    /// The driver's spec.
    pub spec: Arc<Spec>,
    /// The sha256 of the driver's file.
    pub sha256: String,
    /// Whether the driver comes with osiris.
    pub built_in: bool,
    /// The signers, each verified.
    pub signers: Vec<PublicKey>,
}

impl AdmittedDriver {
    /// Verifies the signatures of a driver with these bytes.
    ///
    /// # Errors
    /// Returns an error if the driver was changed after it was signed.
    pub fn of(file: &DriverFile, bytes: &[u8], sha256: &str) -> Result<Self> {
        let signers = signature::signers(bytes)
            .map_err(|problem| Error::environment(problem.in_file(&file.path)))?;
        Ok(Self {
            spec: file.spec.clone(),
            sha256: sha256.to_owned(),
            built_in: file.built_in,
            signers,
        })
    }

    /// Describes the signers: `signed by acme`, `unsigned`.
    pub fn signed(&self, policy: &Policy) -> String {
        let names: Vec<String> = self
            .signers
            .iter()
            .map(|key| match policy.key_name(key) {
                Some(name) => name.to_owned(),
                None => format!("an unknown key, {key}"),
            })
            .collect();
        match names.is_empty() {
            true => "unsigned".to_owned(),
            false => format!("signed by {}", names.join(" and ")),
        }
    }
}
