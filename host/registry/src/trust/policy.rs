//! The project's policy for drivers: the section `drivers` in `osiris.yaml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Position, Result};
use osiris_core::driver::{AdmissionPolicy, DriverFile};

use super::admission::AdmittedDriver;
use super::ceilings::Ceilings;
use super::key::PublicKey;
use super::pattern::Pattern;
use super::signature;

/// Rules for the drivers that may run in a project. Drivers that come with osiris are allowed
/// unless a rule denies them, and no ceiling applies to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The file with the rules.
    pub file: PathBuf,
    /// Position of the rule that allows signed drivers only.
    pub require_signature: Option<Position>,
    /// Trusted keys, by the names that the project gives them.
    pub keys: BTreeMap<String, PublicKey>,
    /// If set, only drivers that match one of these patterns are allowed.
    pub allow: Option<(Position, Vec<Pattern>)>,
    /// Drivers that match one of these rules are always denied.
    pub deny: Vec<Rule>,
    /// Keys that must have signed certain drivers.
    pub pins: Vec<Pin>,
    /// Permission ceilings for drivers.
    pub ceilings: Ceilings,
}

/// A rule and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The drivers that the rule applies to.
    pub pattern: Pattern,
    /// Position of the rule.
    pub position: Position,
}

/// The key that must have signed certain drivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The drivers that the pin applies to, and its position.
    pub rule: Rule,
    /// The key's name.
    pub key: String,
}

impl AdmissionPolicy for Policy {
    fn admit(&self, driver: &DriverFile, bytes: &[u8], sha256: &str) -> Result<()> {
        let admission = AdmittedDriver::of(driver, bytes, sha256)?;
        match self.denial(&admission, bytes) {
            None => Ok(()),
            Some(problem) => Err(Error::environment(problem)),
        }
    }
}

impl Policy {
    /// Returns the first rule that denies a driver.
    fn denial(&self, driver: &AdmittedDriver, bytes: &[u8]) -> Option<Diagnostic> {
        let name = driver.spec.name.as_str();
        if !self.deny.is_empty() {
            let body = canonical::sha256(signature::unsigned(bytes));
            let denies = |rule: &&Rule| rule.pattern.matches(name, &[&driver.sha256, &body]);
            if let Some(rule) = self.deny.iter().find(denies) {
                let reason = format!("`{}` in `drivers.deny` matches the driver", rule.pattern);
                let help = "remove this line to allow the driver, or use another driver";
                return Some(self.denied(driver, rule.position, &reason, help));
            }
        }
        if driver.built_in {
            return None;
        }
        if let Some((position, allowed)) = &self.allow
            && !allowed.iter().any(|pattern| pattern.matches(name, &[&driver.sha256]))
        {
            let help = format!("to allow the driver, add `{name}` to `drivers.allow`");
            return Some(self.denied(
                driver,
                *position,
                "no pattern in `drivers.allow` matches it",
                &help,
            ));
        }
        for pin in self.pins.iter().filter(|pin| pin.rule.pattern.matches(name, &[&driver.sha256]))
        {
            if self.keys.get(&pin.key).is_none_or(|key| !driver.signers.contains(key)) {
                let reason = format!(
                    "`drivers.pins` requires a signature by `{}`, but the driver is {}",
                    pin.key,
                    driver.signed(self)
                );
                let help = format!("get the driver from `{}`, or change the pin", pin.key);
                return Some(self.denied(driver, pin.rule.position, &reason, &help));
            }
        }
        let position = self.require_signature.filter(|_| self.trusted_signer(driver).is_none())?;
        let reason = format!(
            "`drivers.require_signature` is true, but the driver is {}",
            driver.signed(self)
        );
        let help = match driver.signers.first() {
            Some(key) => {
                format!("if you trust the owner of this key, add `NAME: \"{key}\"` to `drivers.keys`")
            }
            None => {
                "get a signed driver, or sign this driver with `osiris drivers sign FILE.wasm --key KEY`"
                    .to_owned()
            }
        };
        Some(self.denied(driver, position, &reason, &help))
    }

    /// Returns whether a driver is allowed by its name alone: by a rule of `allow`, without a
    /// pin, a required signature or a hash. The name is the choice of the driver's author.
    pub fn trusts_name_alone(&self, name: &str, sha256: &str) -> bool {
        let Some((_, allowed)) = &self.allow else { return false };
        let is_hash = |pattern: &Pattern| matches!(pattern, Pattern::Sha256(_));
        let mut matching = allowed.iter().filter(|pattern| pattern.matches(name, &[sha256]));
        let by_name = matching.clone().next().is_some() && !matching.any(is_hash);
        let is_pinned = self.pins.iter().any(|pin| pin.rule.pattern.matches(name, &[sha256]));
        by_name && !is_pinned && self.require_signature.is_none()
    }

    /// Returns the name of a trusted key that signed the driver.
    pub fn trusted_signer(&self, driver: &AdmittedDriver) -> Option<&str> {
        let named = self.keys.iter().find(|(_, key)| driver.signers.contains(key));
        named.map(|(name, _)| name.as_str())
    }

    /// Returns the project's name for a key.
    pub fn key_name(&self, key: &PublicKey) -> Option<&str> {
        self.keys.iter().find(|(_, trusted)| *trusted == key).map(|(name, _)| name.as_str())
    }

    fn denied(
        &self,
        driver: &AdmittedDriver,
        at: Position,
        reason: &str,
        help: &str,
    ) -> Diagnostic {
        let message = format!(
            "driver `{}` (sha256 {}) is not allowed: {reason}",
            driver.spec.name, driver.sha256
        );
        Diagnostic::new(Code::DriverDenied, message).at(&self.file, at).help(help)
    }
}
