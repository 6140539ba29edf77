//! Makes sandboxes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Files, Keeper, Sandbox, Table, Usage, copy_tree};
use crate::control::{Image, Network};
use crate::egress::Egress;
use crate::state::{State, hex};

/// The characters of ids.
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The settings of a new sandbox, from the request.
#[derive(Debug, Default)]
pub(crate) struct NewSandbox {
    pub(crate) lifetime: Duration,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) allow_internet: Option<bool>,
    pub(crate) network: Network,
}

/// The reason why no sandbox was made.
#[derive(Debug)]
pub(crate) enum StartError {
    /// There are this many, which is the limit.
    Full(usize),
    Failed(anyhow::Error),
}

impl Sandbox {
    /// Makes a sandbox that everybody sees.
    pub(crate) fn start(
        state: &Arc<State>,
        image: &Image,
        new: NewSandbox,
    ) -> Result<Arc<Self>, StartError> {
        let limit = state.options.concurrent;
        if state.sandboxes().len() >= limit {
            return Err(StartError::Full(limit));
        }
        let sandbox = Self::make(state, image, new).map_err(StartError::Failed)?;
        {
            let mut sandboxes = state.sandboxes();
            if sandboxes.len() >= limit {
                return Err(StartError::Full(limit));
            }
            sandboxes.insert(sandbox.id.clone(), sandbox.clone());
        }
        tokio::spawn(end(state.clone(), sandbox.id.clone(), sandbox.end.subscribe()));
        Ok(sandbox)
    }

    /// Makes a sandbox that only the caller knows, who must kill it.
    pub(crate) fn make(state: &State, image: &Image, new: NewSandbox) -> Result<Arc<Self>> {
        let id = format!("i{}", letters(20));
        let folder = state.folder.join(&id);
        copy_tree(&image.root, &folder.join("root")).with_context(|| {
            format!("cannot copy the template {} to {}", image.id, folder.display())
        })?;
        let mut variables = image.variables.clone();
        variables.extend(new.variables);
        let e2b_variables = [
            ("E2B_SANDBOX", "true"),
            ("E2B_SANDBOX_ID", &id),
            ("E2B_TEMPLATE_ID", &image.id),
            ("E2B_EVENTS_ADDRESS", "http://192.0.2.1"),
        ];
        variables.extend(e2b_variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let rules = new.network.rules(new.allow_internet).filter(|_| state.unenforced.is_none());
        let egress = rules.map(Egress::start).transpose()?;
        if let Some(names) = state.names.get() {
            names.add(&id)?;
        }
        let start_instant = Instant::now();
        let sandbox = Arc::new(Self {
            template: image.id.clone(),
            alias: image.names.first().cloned(),
            metadata: new.metadata,
            variables,
            workdir: image.workdir.clone(),
            envd: image.envd.clone(),
            token: token(&state.seed, &id)?,
            allow_internet: new.allow_internet,
            network: new.network,
            egress,
            started: state.clock.now(),
            start_instant,
            end: watch::Sender::new(start_instant + new.lifetime),
            files: open(&folder, state.isolation.user())?,
            processes: Table::default(),
            isolation: state.isolation.clone(),
            memory: state.options.memory,
            disk: state.options.disk,
            usage: Mutex::new(Usage::default()),
            keeper: Keeper::start(&id)?,
            folder,
            id,
        });
        sandbox.watch_memory();
        Ok(sandbox)
    }
}

/// Text of random letters and digits.
pub(crate) fn letters(count: usize) -> String {
    (0..count).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())])).collect()
}

fn open(folder: &Path, owner: Option<u32>) -> Result<Files> {
    Files::open(folder.join("root"), owner)
        .with_context(|| format!("cannot open {}", folder.display()))
}

/// The token of a sandbox, always the same.
fn token(seed: &[u8], id: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(seed)?;
    mac.update(id.as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

/// Ends a sandbox when its time has come.
async fn end(state: Arc<State>, id: String, mut end: watch::Receiver<Instant>) {
    loop {
        let at = *end.borrow_and_update();
        tokio::select! {
            () = tokio::time::sleep_until(at) => {
                state.kill(&id).await;
                return;
            }
            // Whoever changes it has the sandbox; without any it is gone.
            result = end.changed() => if result.is_err() { return },
        }
    }
}
