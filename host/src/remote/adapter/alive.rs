//! Keeps a sandbox alive as long as its host is: a host that is gone leaves one
//! that ends by itself.

use std::time::{Duration, Instant};

use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::LEASE;
use crate::remote::client::Control;

/// How often the lease is made longer: twice may fail.
const EVERY: Duration = Duration::from_secs(LEASE.as_secs() / 3);
/// What is left after the deadline, to fetch what the run made.
pub(super) const REST: Duration = Duration::from_secs(60);

/// Dropped, the lease is no longer extended.
pub(super) struct Lease(AbortHandle);

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Extends the life of a sandbox again and again, up to shortly after the deadline.
pub(super) fn keep(control: Control, id: String, deadline: Instant) -> Lease {
    let task = tokio::task::spawn_local(async move {
        loop {
            sleep(EVERY).await;
            let rest = deadline.saturating_duration_since(Instant::now()) + REST;
            extend(&control, &id, rest.min(LEASE)).await;
        }
    });
    Lease(task.abort_handle())
}

/// Extends the life of a sandbox as long as its outputs are fetched.
pub(super) fn keep_fetching(control: Control, id: String) -> Lease {
    let task = tokio::task::spawn_local(async move {
        loop {
            extend(&control, &id, LEASE).await;
            sleep(EVERY).await;
        }
    });
    Lease(task.abort_handle())
}

async fn extend(control: &Control, id: &str, lease: Duration) {
    if let Err(error) = control.within(EVERY).set_timeout(id, lease).await {
        // The stream tells what became of the sandbox.
        tracing::debug!("{}", error.message);
    }
}
