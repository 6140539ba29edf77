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
use serde_json::{Map, Value};

use crate::effects::Baseline;
use crate::run::Job;
use crate::session::{RunFacts, Session};
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
    /// Parameters of the compile, by name.
    parameters: Map<String, Value>,
    /// The content of `manifest.yaml`.
    bytes: Vec<u8>,
}

impl ConnectedBuild {
    /// Resolves the connections of a build from the project's connections file and `environment`.
    ///
    /// # Errors
    /// Returns an error if a connection is missing or invalid, or the manifest cannot be read.
    pub fn resolve(
        workspace: &Workspace,
        build: &Build,
        environment: &Environment,
    ) -> Result<Self> {
        let path = build.manifest_file();
        let bytes = fs::read(&path).map_err(|error| {
            let message = format!("cannot read the manifest: {error}");
            Error::environment(Diagnostic::new(Code::ManifestUnreadable, message).in_file(&path))
        })?;
        let connections = Connections::read(workspace.project.base())?;
        let mut configs = build.configs.clone();
        let (mut origins, mut secrets) = (BTreeMap::new(), BTreeMap::new());
        for step in &build.manifest.steps {
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
        let (manifest, parameters) = (build.manifest.clone(), build.parameters.clone());
        Ok(Self { manifest, configs, origins, secrets, parameters, bytes })
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

    /// Creates the session of a run.
    ///
    /// # Errors
    /// Returns an error if the session's files cannot be written.
    pub fn session(&self, workspace: &Workspace) -> Result<Session> {
        let logs = workspace.project.layout.logs_dir();
        let baseline = Baseline::take(workspace, &self.manifest, &self.configs);
        let facts = RunFacts {
            parameters: self.parameters.clone(),
            effects: Some(Box::new(move |status| baseline.complete(status))),
        };
        Session::create(&logs, &self.manifest, &self.bytes, self.redactor()?, facts)
    }
}
