//! Keeps a sandbox alive while its host is running. Without a host, the sandbox ends with its
//! lifetime.

use std::time::{Duration, Instant};

use e2b_client::Control;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::LEASE;

/// Interval between extensions of the lease: two can fail.
const EVERY: Duration = Duration::from_secs(LEASE.as_secs() / 3);
/// Extra lifetime after the deadline, to download the results.
pub(super) const FETCH_GRACE: Duration = Duration::from_secs(60);

/// Extends the lease until dropped.
pub(super) struct Lease(AbortHandle);

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Extends the lifetime of a sandbox repeatedly, up to shortly after the deadline.
pub(super) fn renew(control: Control, id: String, deadline: Instant) -> Lease {
    let task = tokio::task::spawn_local(async move {
        loop {
            sleep(EVERY).await;
            let rest = deadline.saturating_duration_since(Instant::now()) + FETCH_GRACE;
            extend(&control, &id, rest.min(LEASE)).await;
        }
    });
    Lease(task.abort_handle())
}

/// Extends the lifetime of a sandbox while its outputs are downloaded.
pub(super) fn renew_while_downloading(control: Control, id: String) -> Lease {
    let task = tokio::task::spawn_local(async move {
        loop {
            extend(&control, &id, LEASE).await;
            sleep(EVERY).await;
        }
    });
    Lease(task.abort_handle())
}

async fn extend(control: &Control, id: &str, lease: Duration) {
    if let Err(error) = control.with_timeout(EVERY).set_timeout(id, lease).await {
        // The message stream reports the fate of the sandbox.
        tracing::debug!("{}", error.message);
    }
}
