//! Time that a sandbox takes on top of the run itself.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use osiris_runtime::session::Session;

/// Stages, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Create,
    Upload,
    Start,
    /// The run itself, which is not overhead.
    Run,
    Download,
    Kill,
}

impl Stage {
    /// Returns the stage's metric and display name, or `None` for the run.
    fn names(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Create => Some(("e2b_create_ms", "create")),
            Self::Upload => Some(("e2b_upload_ms", "upload")),
            Self::Start => Some(("e2b_start_ms", "start")),
            Self::Run => None,
            Self::Download => Some(("artifacts_copy_ms", "download")),
            Self::Kill => Some(("e2b_kill_ms", "kill")),
        }
    }
}

/// Metric of the total time except the run.
const OVERHEAD: &str = "e2b_overhead_ms";

/// Durations of the stages. A stage ends where the next one begins, so that an interrupted stage
/// counts as well.
#[derive(Debug, Default)]
pub(super) struct Overhead {
    stages: BTreeMap<Stage, Duration>,
    current: Option<(Stage, Instant)>,
}

impl Overhead {
    /// Begins a stage.
    pub(super) fn begin(&mut self, stage: Stage) {
        self.end();
        self.current = Some((stage, Instant::now()));
    }

    /// Ends the current stage, if there is one.
    pub(super) fn end(&mut self) {
        if let Some((stage, since)) = self.current.take() {
            *self.stages.entry(stage).or_default() += since.elapsed();
        }
    }

    /// Writes the metrics and returns them for the status. `run` is the duration of the run in
    /// seconds; if unknown, the duration of its stage is used.
    pub(super) fn finish(mut self, session: &Session, run: Option<f64>) -> BTreeMap<String, u64> {
        self.end();
        let run_time = run.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let run_time =
            run_time.or_else(|| self.stages.get(&Stage::Run).copied()).unwrap_or_default();
        let overhead = (OVERHEAD, milliseconds(session.elapsed().saturating_sub(run_time)));
        let stages = self.stages.iter();
        let metrics: BTreeMap<String, u64> = stages
            .filter_map(|(stage, time)| Some((stage.names()?.0, milliseconds(*time))))
            .chain([overhead])
            .map(|(metric, value)| (metric.to_owned(), value))
            .collect();
        for (metric, value) in &metrics {
            session.metric(metric, *value, "ms", std::iter::empty::<(&str, &str)>());
        }
        metrics
    }

    /// Returns the stages as one line, such as `create 210 ms  upload 1200 ms`.
    pub(super) fn summary(&self) -> String {
        let stages = self.stages.iter().filter_map(|(stage, time)| {
            Some(format!("{} {} ms", stage.names()?.1, milliseconds(*time)))
        });
        stages.collect::<Vec<_>>().join("  ")
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupted_stage_is_counted() {
        let mut overhead = Overhead::default();
        overhead.begin(Stage::Create);
        overhead.begin(Stage::Upload);
        overhead.begin(Stage::Kill);
        overhead.end();
        overhead.begin(Stage::Kill);
        overhead.end();
        let summary = overhead.summary();
        let names: Vec<_> = summary.split("  ").filter_map(|part| part.split(' ').next()).collect();
        assert_eq!(names, ["create", "upload", "kill"]);
    }
}
