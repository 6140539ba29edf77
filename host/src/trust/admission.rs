//! A driver that was let in.

use std::sync::Arc;

use super::key::PublicKey;
use super::policy::Policy;
use super::signature;
use crate::driver::DriverFile;
use crate::driver::spec::Spec;
use crate::problem::{Error, Result};

/// A driver that was let in, and what is known of its origin.
#[derive(Debug, Clone)]
pub struct Admission {
    /// What it says of itself.
    pub spec: Arc<Spec>,
    /// The sha256 of its file.
    pub sha256: String,
    /// Whether it came with osiris.
    pub built_in: bool,
    /// Whose signatures it has, each of them verified.
    pub signers: Vec<PublicKey>,
}

impl Admission {
    /// What is known of a driver whose bytes these are.
    ///
    /// # Errors
    /// It was changed after it was signed.
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

    /// By whom it is signed, in words: `signed by acme`, `unsigned`.
    pub fn signed(&self, policy: &Policy) -> String {
        let names: Vec<String> = self
            .signers
            .iter()
            .map(|key| match policy.name_of(key) {
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
