//! Sends a worker the plan of the run and its secrets.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use e2b_client::{Envd, Source};
use osiris_core::canonical;
use osiris_core::contract::ErrorKind;
use osiris_runtime::run::Prepared;
use osiris_runtime::session::Session;

use super::error::RemoteError;
use super::install::RemoteLayout;
use super::payload::{Blob, Payload};
use crate::protocol::{Confidential, Plan};

/// Sends the plan and the secrets. Returns the plan's hash.
pub(super) async fn submit(
    envd: &Envd,
    prepared: &Prepared,
    payload: &Payload,
    layout: &RemoteLayout,
    hosts: BTreeMap<String, Vec<IpAddr>>,
    session: &Session,
) -> Result<String, RemoteError> {
    let job = prepared.job();
    let unreadable = |error: std::io::Error| {
        RemoteError::environment(ErrorKind::Session, format!("cannot read the manifest: {error}"))
    };
    let manifest = session.manifest().map_err(unreadable)?;
    let paths = |blobs: &BTreeMap<String, Blob>| {
        let path = |blob| PathBuf::from(layout.path(blob));
        blobs.iter().map(|(name, blob)| (name.clone(), path(blob))).collect::<BTreeMap<_, _>>()
    };
    let plan = Plan {
        session_id: session.id().to_owned(),
        base: layout.base(session.id()).into(),
        manifest,
        limits: job.limits.clone(),
        drivers: paths(&payload.drivers).into_values().collect(),
        compiled: paths(&payload.compiled),
        inputs: paths(&payload.inputs),
        folders: payload.folders.iter().cloned().collect(),
        in_the_way: payload.in_the_way.iter().cloned().collect(),
        allow_read: job.allow_read.iter().map(ToString::to_string).collect(),
        states: payload.states.clone(),
        hosts,
    };
    let confidential = Confidential { configs: job.configs.clone(), secrets: job.secrets.clone() };
    // Serialization can fail only for maps with keys other than text, which neither value has.
    let plan = serde_json::to_vec(&plan).unwrap_or_default();
    let confidential = serde_json::to_vec(&confidential).unwrap_or_default();
    let sha256 = canonical::sha256(&plan);
    let folder = layout.folder(session.id());
    let (plan, confidential) = (Source::bytes(plan), Source::bytes(confidential));
    let (plan_path, path) = (format!("{folder}/plan.json"), format!("{folder}/confidential.json"));
    tokio::try_join!(envd.upload(&plan_path, &plan), envd.fill(&path, &confidential))?;
    Ok(sha256)
}
