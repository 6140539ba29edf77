//! A build whose connections are resolved.

use std::collections::BTreeMap;
use std::fs;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::limits::Limits;
use osiris_core::driver::provenance::Origins;
use osiris_core::redact::Redactor;
use osiris_pipeline::compile::Build;
use osiris_pipeline::connection::{self, Connections, Environment, Secrets};
use osiris_pipeline::manifest::Manifest;
use serde_json::Value;

use crate::run::Job;
use crate::session::Session;
use crate::workspace::Workspace;

/// A build with the connections that its steps name.
#[derive(Debug, Clone)]
pub struct ConnectedBuild {
    /// The manifest.
    pub manifest: Manifest,
    /// Each step's configuration with its connection, by step id.
    pub configs: BTreeMap<String, Value>,
    /// The origins of each configuration's parts, by step id.
    pub origins: BTreeMap<String, Origins>,
    /// The secrets of each configuration, by step id.
    pub secrets: BTreeMap<String, Secrets>,
}

impl ConnectedBuild {
    /// Resolves the connections of a build from the project's connections file and `environment`.
    ///
    /// # Errors
    /// Returns an error if a connection is missing or invalid.
    pub fn resolve(
        workspace: &Workspace,
        build: &Build,
        environment: &Environment,
    ) -> Result<Self> {
        Self::of(workspace, &build.manifest, &build.configs, environment)
    }

    /// Like [`ConnectedBuild::resolve`], for a manifest that is not written or only a part of one.
    ///
    /// # Errors
    /// Returns an error if a connection is missing or invalid.
    pub fn of(
        workspace: &Workspace,
        manifest: &Manifest,
        configs: &BTreeMap<String, Value>,
        environment: &Environment,
    ) -> Result<Self> {
        let connections = Connections::read(workspace.project.base())?;
        let mut configs = configs.clone();
        let (mut origins, mut secrets) = (BTreeMap::new(), BTreeMap::new());
        for step in &manifest.steps {
            // A missing driver is reported when the run is prepared.
            let Some(driver) = workspace.drivers.find(&step.driver.name) else { continue };
            let Some(config) = configs.get_mut(&step.id) else { continue };
            let (id, spec) = (&step.id, &driver.spec);
            let parts = connection::origins(config, spec, &connections, environment);
            origins.insert(id.clone(), parts);
            let owner = format!("step `{id}`");
            *config =
                connection::resolve_step_config(&owner, config, spec, &connections, environment)?;
            let step_secrets = Secrets::find(config, spec, &connections, environment);
            secrets.insert(id.clone(), step_secrets);
        }
        Ok(Self { manifest: manifest.clone(), configs, origins, secrets })
    }

    /// Returns the redactor of the build's secrets.
    ///
    /// # Errors
    /// Returns an error if the secrets are too many or too long.
    pub fn redactor(&self) -> Result<Redactor> {
        Redactor::new(self.secrets.values().flat_map(|secrets| secrets.values.iter().cloned()))
    }

    /// Returns the job of a run with these limits.
    pub fn job(&self, workspace: &Workspace, limits: Limits) -> Job {
        let project = &workspace.project;
        Job {
            base: project.layout.base.clone(),
            state: project.layout.state_dir(),
            spill: project.layout.tmp_dir(),
            limits,
            policy: project.settings.drivers.clone(),
            allow_read: project.settings.allow_read.clone(),
            hosts: BTreeMap::new(),
            manifest: self.manifest.clone(),
            configs: self.configs.clone(),
            secrets: self.secrets.clone(),
        }
    }

    /// Creates the session of a run of `build`.
    ///
    /// # Errors
    /// Returns an error if the manifest cannot be read or the session's files cannot be written.
    pub fn session(&self, workspace: &Workspace, build: &Build) -> Result<Session> {
        let path = build.manifest_file();
        let bytes = fs::read(&path).map_err(|error| {
            let message = format!("cannot read the manifest: {error}");
            Error::environment(Diagnostic::new(Code::ManifestUnreadable, message).in_file(&path))
        })?;
        let logs = workspace.project.layout.logs_dir();
        Session::create(&logs, &self.manifest, &bytes, self.redactor()?)
    }
}
