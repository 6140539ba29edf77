//! What a sandbox costs on top of the run itself.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::session::Session;

/// The stages in their order: the name of the metric, and what it is called.
const STAGES: [(&str, &str); 5] = [
    ("e2b_create_ms", "create"),
    ("e2b_upload_ms", "upload"),
    ("e2b_start_ms", "start"),
    ("artifacts_copy_ms", "download"),
    ("e2b_kill_ms", "kill"),
];
/// All that is not the run.
const OVERHEAD: &str = "e2b_overhead_ms";

/// Milliseconds by metric.
#[derive(Debug, Default)]
pub(super) struct Costs(BTreeMap<&'static str, u64>);

impl Costs {
    /// Takes down how long a stage took; several times add up.
    pub(super) fn add(&mut self, metric: &'static str, since: Instant) {
        *self.0.entry(metric).or_default() += milliseconds(since);
    }

    /// Writes the metrics of a run that took so many seconds itself. Returns them
    /// for the status.
    pub(super) fn conclude(mut self, session: &Session, run: f64) -> BTreeMap<String, u64> {
        let whole = u64::try_from(session.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.insert(OVERHEAD, whole.saturating_sub((run * 1000.0) as u64));
        for (metric, value) in &self.0 {
            session.metric(metric, *value, "ms", std::iter::empty::<(&str, &str)>());
        }
        self.0.into_iter().map(|(metric, value)| (metric.to_owned(), value)).collect()
    }

    /// A line for a person, like `create 210 ms  upload 1200 ms`.
    pub(super) fn told(&self) -> String {
        let told = STAGES
            .iter()
            .filter_map(|(metric, name)| Some(format!("{name} {} ms", self.0.get(metric)?)));
        told.collect::<Vec<_>>().join("  ")
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
