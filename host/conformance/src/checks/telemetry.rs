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
        run: |bench| {
            told(bench, |words| {
                let odd = words.metrics.iter().filter(|metric| !is_snake(&metric.name));
                odd.map(|metric| format!("the metric {:?}", metric.name))
                    .chain(dropped(words, "metric"))
                    .collect()
            })
        },
    },
    Check {
        id: "metrics.units",
        title: "metric units are rows, ms, bytes, seconds, files, code or calls",
        fix: "use one of these units, or add the unit to the name and use `calls`",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |bench| {
            told(bench, |words| {
                let odd =
                    words.metrics.iter().filter(|metric| !UNITS.contains(&metric.unit.as_str()));
                odd.map(|metric| format!("{} has the unit {:?}", metric.name, metric.unit))
                    .collect()
            })
        },
    },
    Check {
        id: "metrics.values",
        title: "metric values are finite, and counts are not negative",
        fix: "do not divide by a time or a count that can be 0",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |bench| {
            told(bench, |words| {
                let odd = words.metrics.iter().filter(|metric| match metric.value {
                    Number::Unsigned(_) => false,
                    Number::Integer(value) => value < 0 && metric.unit != "code",
                    Number::Float(value) => !value.is_finite(),
                });
                odd.map(|metric| format!("{} is {:?}", metric.name, metric.value)).collect()
            })
        },
    },
    Check {
        id: "metrics.tags",
        title: "metric tags have valid and unique names",
        fix: "use tags like (\"table\", \"orders\"); the host adds the step itself",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |bench| {
            told(bench, |words| {
                let odd = words.metrics.iter().filter(|metric| {
                    let mut names: Vec<&str> =
                        metric.tags.iter().map(|(name, _)| name.as_str()).collect();
                    names.sort_unstable();
                    let all = names.len();
                    names.dedup();
                    names.len() < all || names.iter().any(|name| !is_snake(name))
                });
                odd.map(|metric| format!("{} has the tags {:?}", metric.name, metric.tags))
                    .collect()
            })
        },
    },
    Check {
        id: "metrics.host-names",
        title: "no metric has the name of a metric of the host, which measures rows and the duration",
        fix: "remove or rename the metric",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |bench| {
            told(bench, |words| {
                let names = words.metrics.iter().map(|metric| metric.name.as_str());
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
        run: |bench| {
            told(bench, |words| {
                let fits = |name: &str| {
                    name.split_once('.').is_some_and(|(category, action)| {
                        is_snake(category) && action.split('.').all(is_snake)
                    })
                };
                let odd = words.events.iter().filter(|(name, _)| !fits(name));
                odd.map(|(name, _)| format!("the event {name:?}"))
                    .chain(dropped(words, "event"))
                    .collect()
            })
        },
    },
    Check {
        id: "events.no-logging",
        title: "events are few: not one for each row",
        fix: "send an event for each batch or table, or write to the log with the level debug",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |bench| {
            told(bench, |words| {
                let many = words.events.len() > LINES;
                many.then(|| format!("{} events or more", words.events.len())).into_iter().collect()
            })
        },
    },
    Check {
        id: "logs.volume",
        title: "a run writes at most 1,000 log lines",
        fix: "log changes of a table, not of each row",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |bench| {
            told(bench, |words| {
                let many = words.logs.len() > LINES;
                let cut = words
                    .logs
                    .iter()
                    .any(|(_, line)| line.starts_with("the driver wrote more than"));
                let seen = format!("{} lines or more", words.logs.len());
                (many || cut).then_some(seen).into_iter().collect()
            })
        },
    },
    Check {
        id: "logs.clean",
        title: "log lines have no control characters",
        fix: "remove colors and `\\r`: the log is a file",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |bench| {
            told(bench, |words| {
                let odd =
                    |line: &&str| line.contains(|c: char| c.is_control() && c != '\n' && c != '\t');
                words
                    .logs
                    .iter()
                    .map(|(_, line)| line.as_str())
                    .filter(odd)
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
        run: |bench| {
            told(bench, |words| {
                let beyond = words
                    .progress
                    .iter()
                    .filter(|(done, total)| total.is_some_and(|total| *done > total));
                let back = words.progress.windows(2).filter(|pair| pair[1].0 < pair[0].0);
                beyond
                    .map(|(done, total)| format!("{done} of {}", total.unwrap_or_default()))
                    .chain(back.map(|pair| format!("{} after {}", pair[1].0, pair[0].0)))
                    .collect()
            })
        },
    },
];

/// Checks the output of normal runs.
fn told(bench: &Harness, odd: impl Fn(&Recording) -> Vec<String>) -> Verdict {
    none(bench.normals().into_iter().flat_map(|normal| odd(&normal.outcome.words)))
}

/// Finds the log line in which the host reports dropped output of this kind.
fn dropped(words: &Recording, what: &str) -> Option<String> {
    let start = format!("the driver's {what} was dropped");
    let line = words.logs.iter().find(|(_, line)| line.starts_with(&start))?;
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
