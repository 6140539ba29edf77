//! Output of a running driver: metrics, events, log, progress.

use osiris_core::telemetry::Number;

use super::super::check::{Check, Verdict, none};
use super::super::harness::Harness;
use super::super::recorder::Recording;
use super::super::requirement::Requirement;

/// Metric units defined by the contract.
const UNITS: [&str; 7] = ["rows", "ms", "bytes", "seconds", "files", "code", "calls"];
/// Metrics that the host measures for each step.
const HOSTS: [&str; 4] = ["rows_read", "rows_written", "rows_processed", "step_duration_ms"];
/// Maximum log lines in one run of a case.
const LINES: usize = 1000;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "metrics.names",
        title: "metric names are like `bytes_read`",
        fix: "use lower-case letters, digits and `_`",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let invalid = recording.metrics.iter().filter(|metric| !is_snake(&metric.name));
                invalid
                    .map(|metric| format!("the metric {:?}", metric.name))
                    .chain(dropped(recording, "metric"))
                    .collect()
            })
        },
    },
    Check {
        id: "metrics.units",
        title: "metric units are rows, ms, bytes, seconds, files, code or calls",
        fix: "use one of these units, or add the unit to the name and use `calls`",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let invalid = recording
                    .metrics
                    .iter()
                    .filter(|metric| !UNITS.contains(&metric.unit.as_str()));
                invalid
                    .map(|metric| format!("{} has the unit {:?}", metric.name, metric.unit))
                    .collect()
            })
        },
    },
    Check {
        id: "metrics.values",
        title: "metric values are finite, and counts are not negative",
        fix: "do not divide by a time or a count that can be 0",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let invalid = recording.metrics.iter().filter(|metric| match metric.value {
                    Number::Unsigned(_) => false,
                    Number::Integer(value) => value < 0 && metric.unit != "code",
                    Number::Float(value) => !value.is_finite(),
                });
                invalid.map(|metric| format!("{} is {:?}", metric.name, metric.value)).collect()
            })
        },
    },
    Check {
        id: "metrics.tags",
        title: "metric tags have valid and unique names",
        fix: "use tags like (\"table\", \"orders\"); the host adds the step itself",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let invalid = recording.metrics.iter().filter(|metric| {
                    let mut names: Vec<&str> =
                        metric.tags.iter().map(|(name, _)| name.as_str()).collect();
                    names.sort_unstable();
                    let all = names.len();
                    names.dedup();
                    names.len() < all || names.iter().any(|name| !is_snake(name))
                });
                invalid
                    .map(|metric| format!("{} has the tags {:?}", metric.name, metric.tags))
                    .collect()
            })
        },
    },
    Check {
        id: "metrics.host-names",
        title: "no metric has the name of a metric of the host, which measures rows and the duration",
        fix: "remove or rename the metric",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let names = recording.metrics.iter().map(|metric| metric.name.as_str());
                names
                    .filter(|name| HOSTS.contains(name))
                    .map(|name| format!("the metric `{name}`"))
                    .collect()
            })
        },
    },
    Check {
        id: "events.names",
        title: "event names are like `table.created`",
        fix: "use names like `category.action`, with lower-case letters, digits and `_`",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let fits = |name: &str| {
                    name.split_once('.').is_some_and(|(category, action)| {
                        is_snake(category) && action.split('.').all(is_snake)
                    })
                };
                let invalid = recording.events.iter().filter(|(name, _)| !fits(name));
                invalid
                    .map(|(name, _)| format!("the event {name:?}"))
                    .chain(dropped(recording, "event"))
                    .collect()
            })
        },
    },
    Check {
        id: "events.no-logging",
        title: "events are few: not one for each row",
        fix: "send an event for each batch or table, or write to the log with the level debug",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let many = recording.events.len() > LINES;
                many.then(|| format!("{} events or more", recording.events.len()))
                    .into_iter()
                    .collect()
            })
        },
    },
    Check {
        id: "logs.volume",
        title: "a run writes at most 1,000 log lines",
        fix: "log changes of a table, not of each row",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let many = recording.logs.len() > LINES;
                let cut = recording
                    .logs
                    .iter()
                    .any(|(_, line)| line.starts_with("the driver wrote more than"));
                let text = format!("{} lines or more", recording.logs.len());
                (many || cut).then_some(text).into_iter().collect()
            })
        },
    },
    Check {
        id: "logs.clean",
        title: "log lines have no control characters",
        fix: "remove colors and `\\r`: the log is a file",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let invalid =
                    |line: &&str| line.contains(|c: char| c.is_control() && c != '\n' && c != '\t');
                recording
                    .logs
                    .iter()
                    .map(|(_, line)| line.as_str())
                    .filter(invalid)
                    .map(|line| format!("{line:?}"))
                    .collect()
            })
        },
    },
    Check {
        id: "progress.grows",
        title: "progress never decreases and never exceeds its total",
        fix: "report the work done so far, and the total",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            check_recordings(harness, |recording| {
                let beyond = recording
                    .progress
                    .iter()
                    .filter(|(done, total)| total.is_some_and(|total| *done > total));
                let back = recording.progress.windows(2).filter(|pair| pair[1].0 < pair[0].0);
                beyond
                    .map(|(done, total)| format!("{done} of {}", total.unwrap_or_default()))
                    .chain(back.map(|pair| format!("{} after {}", pair[1].0, pair[0].0)))
                    .collect()
            })
        },
    },
];

/// Checks the output of normal runs.
fn check_recordings(harness: &Harness, invalid: impl Fn(&Recording) -> Vec<String>) -> Verdict {
    none(harness.normals().into_iter().flat_map(|normal| invalid(&normal.outcome.recording)))
}

/// Finds the log line in which the host reports dropped output of this kind.
fn dropped(recording: &Recording, kind: &str) -> Option<String> {
    let start = format!("the driver's {kind} was dropped");
    let line = recording.logs.iter().find(|(_, line)| line.starts_with(&start))?;
    Some(line.1.clone())
}

fn is_snake(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(inner)
}

#[cfg(test)]
mod tests {
    use super::is_snake;

    #[test]
    fn names_must_be_snake_case() {
        for name in ["rows", "bytes_read", "http_2xx"] {
            assert!(is_snake(name), "{name}");
        }
        for name in ["", "Rows", "2xx", "bytes-read", "a b", "_a"] {
            assert!(!is_snake(name), "{name}");
        }
    }
}
