//! Secrets: plants canaries in place of secrets and searches every output for them.

use super::super::check::{Check, Verdict, none, redactor};
use super::super::harness::Harness;
use super::super::invocation::Outcome;
use super::super::requirement::Requirement;

const FIX: &str =
    "never output values that `secrets` points to; errors of the SDK do not contain the connection";

/// Prerequisites for searching an output.
const NEEDS: &[Requirement] = &[Requirement::Driver, Requirement::Secrets];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "secrets.planted",
        title: "every secret accepts any string",
        fix: "declare keys that `secrets` points to as `type: string`, without a pattern",
        needs: NEEDS,
        run: |harness| {
            let (spec, planted) = (harness.spec()?, harness.synthetic_config(None)?.canaries);
            let unaccepted =
                spec.secrets.iter().filter(|at| !planted.iter().any(|(pointer, _)| pointer == *at));
            none(unaccepted.map(|at| format!("`{at}` does not accept a test value")))
        },
    },
    Check {
        id: "secrets.logs",
        title: "the log contains no secret",
        fix: FIX,
        needs: NEEDS,
        run: |harness| {
            search(harness, |outcome| {
                outcome.recording.logs.iter().map(|(_, line)| line.clone()).collect()
            })
        },
    },
    Check {
        id: "secrets.events",
        title: "events contain no secret",
        fix: FIX,
        needs: NEEDS,
        run: |harness| {
            search(harness, |outcome| {
                outcome
                    .recording
                    .events
                    .iter()
                    .map(|(name, fields)| format!("{name} {fields:?}"))
                    .collect()
            })
        },
    },
    Check {
        id: "secrets.metrics",
        title: "metrics and their tags contain no secret",
        fix: FIX,
        needs: NEEDS,
        run: |harness| {
            search(harness, |outcome| {
                outcome.recording.metrics.iter().map(|metric| format!("{metric:?}")).collect()
            })
        },
    },
    Check {
        id: "secrets.errors",
        title: "errors contain no secret",
        fix: FIX,
        needs: NEEDS,
        run: |harness| search(harness, |outcome| outcome.failure().into_iter().collect()),
    },
    Check {
        id: "secrets.artifacts",
        title: "artifacts contain no secret",
        fix: FIX,
        needs: NEEDS,
        run: |harness| {
            search(harness, |outcome| {
                let text = |(name, bytes): (&String, &Vec<u8>)| {
                    format!("{name} {}", String::from_utf8_lossy(bytes))
                };
                outcome.artifacts.iter().map(text).collect()
            })
        },
    },
    Check {
        id: "secrets.columns",
        title: "column names and metadata contain no secret",
        fix: FIX,
        needs: NEEDS,
        run: |harness| {
            search(harness, |outcome| {
                outcome.table.iter().map(|(schema, _)| format!("{schema:?}")).collect()
            })
        },
    },
    Check {
        id: "secrets.state",
        title: "the saved state contains no secret",
        fix: FIX,
        needs: NEEDS,
        run: |harness| {
            search(harness, |outcome| outcome.report.state.clone().into_iter().collect())
        },
    },
];

/// Searches the output of runs with an unreachable service, and of normal runs.
fn search(harness: &Harness, sink: impl Fn(&Outcome) -> Vec<String>) -> Verdict {
    let unreachable = harness.unreachable()?;
    let canaries = unreachable.synthetic.canaries.iter().map(|(_, canary)| canary.clone());
    let redactor = redactor(canaries.chain(harness.secrets()))?;
    let mut found = Vec::new();
    let mut search_outcome = |when: &str, outcome: &Outcome| {
        let leaks = sink(outcome).into_iter().filter(|text| redactor.redact(text) != text.as_str());
        found.extend(leaks.map(|text| format!("{when}: {}", redactor.redact(&text))));
    };
    unreachable
        .outcomes
        .iter()
        .for_each(|outcome| search_outcome("with an unreachable service", outcome));
    for normal in harness.normals() {
        search_outcome("in a normal run", &normal.outcome);
    }
    none(found)
}
