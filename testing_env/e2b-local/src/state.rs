//! The state that the parts of the emulator share.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::control::{Idempotent, Templates};
use crate::egress::Egress;
use crate::fault::Faults;
use crate::names::Names;
use crate::options::{Enforce, Options};
use crate::record::Record;
use crate::sandbox::{Isolation, Sandbox};

/// The state that the parts of the emulator share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    /// Of the only team that there is.
    pub(crate) key: String,
    /// The secret that tokens of sandboxes are derived from.
    pub(crate) seed: [u8; 32],
    pub(crate) folder: PathBuf,
    /// The address of the control plane, once it listens.
    pub(crate) api_url: OnceLock<String>,
    /// The names of the hosts, if there are any.
    pub(crate) names: OnceLock<Names>,
    pub(crate) isolation: Isolation,
    /// The reason why sandboxes are not held to their egress rules, if they are not.
    pub(crate) unenforced: Option<String>,
    pub(crate) templates: Templates,
    pub(crate) idempotent: Mutex<HashMap<String, Idempotent>>,
    pub(crate) record: Record,
    pub(crate) faults: Faults,
    pub(crate) clock: Clock,
    /// Whether there is a network.
    pub(crate) online: watch::Sender<bool>,
    sandboxes: Mutex<BTreeMap<String, Arc<Sandbox>>>,
}

impl State {
    pub(crate) fn new(options: Options, folder: PathBuf) -> Result<Arc<Self>> {
        let key: [u8; 20] = rand::random();
        let isolation =
            Isolation::find(folder.join("etc")).context("cannot make the user of sandboxes")?;
        let unenforced = match options.enforce_network {
            Enforce::Never => Some("the emulator was told not to enforce egress rules".to_owned()),
            Enforce::Always => Egress::check().map(|()| None)?,
            Enforce::WherePossible => Egress::check().err().map(|error| format!("{error:#}")),
        };
        Ok(Arc::new(Self {
            key: format!("e2b_{}", hex(&key)),
            seed: rand::random(),
            templates: Templates::new(&options, &folder.join("templates"), isolation.user())?,
            isolation,
            unenforced,
            options,
            folder,
            api_url: OnceLock::new(),
            names: OnceLock::new(),
            idempotent: Mutex::default(),
            record: Record::default(),
            faults: Faults::default(),
            clock: Clock::default(),
            online: watch::Sender::new(true),
            sandboxes: Mutex::default(),
        }))
    }

    /// The sandboxes that live, by id.
    pub(crate) fn sandboxes(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Sandbox>>> {
        self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sandbox(&self, id: &str) -> Option<Arc<Sandbox>> {
        self.sandboxes().get(id).cloned()
    }

    /// Ends a sandbox and waits for the end of its processes. False if there is none.
    pub(crate) async fn kill(&self, id: &str) -> bool {
        let Some(sandbox) = self.sandboxes().remove(id) else { return false };
        sandbox.kill().await;
        true
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
