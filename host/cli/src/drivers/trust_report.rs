//! The standing of a driver in a project: its signers, its admission, and its permissions.

use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::limits::{LimitOverrides, Limits};
use osiris_core::driver::{AdmissionPolicy, DriverFile};
use osiris_core::sanitize::escape_control;
use osiris_pipeline::project::Project;
use osiris_registry::trust::{PermissionReport, Policy, PublicKey, Verdict};
use osiris_registry::{Lockfile, trust};
use serde_json::{Value, json};

use super::super::compile_args::limits_in_words;
use super::super::render::{DIM, ERROR, SUCCESS, WARN, paint};

/// The standing of a driver in a project.
pub(super) struct TrustReport<'p> {
    policy: &'p Policy,
    built_in: bool,
    /// The verified signers, or the problem with the signatures.
    signers: Result<Vec<PublicKey>, Diagnostic>,
    /// The reason for a denial, if the driver is denied.
    refusal: Option<Diagnostic>,
    /// Whether the driver is allowed by its name alone.
    by_name: bool,
    permissions: Vec<PermissionReport>,
    limits: Limits,
}

impl<'p> TrustReport<'p> {
    /// Evaluates a driver with these bytes.
    ///
    /// # Errors
    /// Returns an error if the project's lockfile cannot be read.
    pub(super) fn of(
        driver: &DriverFile,
        bytes: &[u8],
        sha256: &str,
        project: &'p Project,
    ) -> Result<Self> {
        let policy = &project.settings.drivers;
        let lock = Lockfile::read(&project.layout.lock_file())?;
        let policies: [&dyn AdmissionPolicy; 2] = [&lock, policy];
        let refusal = policies.iter().find_map(|policy| policy.admit(driver, bytes, sha256).err());
        let refusal = refusal.map(Error::into_first);
        let limits = Limits::new(&project.settings.limits, &LimitOverrides::new());
        Ok(Self {
            policy,
            built_in: driver.built_in,
            signers: trust::signers(bytes),
            refusal: refusal.or_else(|| driver.mismatch()),
            by_name: !driver.built_in && policy.trusts_name_alone(&driver.spec.name, sha256),
            permissions: policy.permission_reports(&driver.spec, driver.built_in, None),
            limits: limits.clamped_by(&driver.spec.bounds()),
        })
    }

    /// Formats a line for each signer.
    pub(super) fn signers(&self) -> Vec<String> {
        match &self.signers {
            Err(problem) => vec![paint(ERROR, &escape_control(&problem.message))],
            Ok(keys) if keys.is_empty() && self.built_in => {
                vec!["nobody: the driver comes with osiris".into()]
            }
            Ok(keys) if keys.is_empty() => vec!["nobody".to_owned()],
            Ok(keys) => keys
                .iter()
                .map(|key| match self.policy.key_name(key) {
                    Some(name) => {
                        format!("{}, trusted in this project: {key}", escape_control(name))
                    }
                    None => format!("an unknown key: {key}"),
                })
                .collect(),
        }
    }

    /// Formats the admission, and a line for each permission.
    pub(super) fn here(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = |style, sign: &str, text: &str, why: &str| {
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            lines.push(format!(
                "{} {}{}",
                paint(style, sign),
                escape_control(text),
                paint(DIM, &escape_control(&why))
            ));
        };
        match &self.refusal {
            None if self.by_name => {
                let why = "only by its name in `drivers.allow`, which its author chose";
                line(WARN, "!", "allowed", why);
            }
            None => line(SUCCESS, "✓", "allowed", ""),
            Some(problem) => {
                // A message about incompatible imports has several lines.
                problem.message.lines().enumerate().for_each(|(index, text)| {
                    line(ERROR, if index == 0 { "✗" } else { " " }, text, "");
                });
                if let Some(help) = &problem.help {
                    line(ERROR, " ", help, "");
                }
            }
        }
        for permission in &self.permissions {
            let (style, sign) = match permission.verdict {
                Verdict::Granted => (SUCCESS, "✓ allow:"),
                Verdict::Bounded => (WARN, "! allow:"),
                Verdict::Refused => (ERROR, "✗ deny:"),
                Verdict::Unasked => (DIM, "- deny:"),
            };
            line(style, sign, &permission.what, &permission.why);
        }
        line(SUCCESS, "✓", &format!("limits: {}", limits_in_words(&self.limits).join(", ")), "");
        lines
    }

    /// Formats the standing as JSON: the signers, and the rest.
    pub(super) fn json(&self) -> (Value, Value) {
        let keys = self.signers.as_deref().unwrap_or_default();
        let signer = |key: &PublicKey| json!({"key": key.to_string(), "trusted_as": self.policy.key_name(key)});
        let mut here = json!({
            "built_in": self.built_in,
            "admitted": self.refusal.is_none(),
            "refusal": self.refusal,
            "rights": self.permissions,
            "limits": self.limits,
        });
        if self.by_name {
            here["by_name_alone"] = true.into();
        }
        (keys.iter().map(signer).collect(), here)
    }
}
