//! Selectors of processes.

use std::sync::Arc;

use serde::Deserialize;

use crate::envd::error::RpcError;
use crate::sandbox::{Process, Sandbox};

/// A selector of a process, as clients send them.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::envd) struct Selector {
    pid: Option<u32>,
    tag: Option<String>,
}

impl Selector {
    /// A process that runs or ended a little ago.
    pub(in crate::envd) fn find(
        selector: Option<Self>,
        sandbox: &Sandbox,
    ) -> Result<Arc<Process>, RpcError> {
        let not_found =
            |what: String| RpcError::new("not_found", format!("process with {what} not found"));
        match selector.unwrap_or_default() {
            Self { pid: Some(pid), .. } => {
                sandbox.processes.get(pid).ok_or_else(|| not_found(format!("pid {pid}")))
            }
            Self { tag: Some(tag), .. } => {
                // Envd looks at one tagged process only.
                let mut processes = sandbox.processes.running().into_iter();
                let first = processes.find(|process| process.spec.tag.is_some());
                let found = first.filter(|process| process.spec.tag.as_ref() == Some(&tag));
                found.ok_or_else(|| not_found(format!("tag {tag}")))
            }
            _ => Err(RpcError::new("unimplemented", "invalid input type <nil>")),
        }
    }

    /// A process that runs.
    pub(in crate::envd) fn running(
        selector: Option<Self>,
        sandbox: &Sandbox,
    ) -> Result<Arc<Process>, RpcError> {
        let process = Self::find(selector, sandbox)?;
        if process.ended().is_none() {
            return Ok(process);
        }
        let message = format!("process with pid {} not found", process.pid);
        Err(RpcError::new("not_found", message))
    }
}
