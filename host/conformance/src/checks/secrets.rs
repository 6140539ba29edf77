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
        run: |bench| {
            let (spec, planted) = (bench.spec()?, bench.pretend(None)?.canaries);
            let bare =
                spec.secrets.iter().filter(|at| !planted.iter().any(|(pointer, _)| pointer == *at));
            none(bare.map(|at| format!("`{at}` does not accept a test value")))
        },
    },
    Check {
        id: "secrets.logs",
        title: "the log contains no secret",
        fix: FIX,
        needs: NEEDS,
        run: |bench| {
            search(bench, |outcome| {
                outcome.words.logs.iter().map(|(_, line)| line.clone()).collect()
            })
        },
    },
    Check {
        id: "secrets.events",
        title: "events contain no secret",
        fix: FIX,
        needs: NEEDS,
        run: |bench| {
            search(bench, |outcome| {
                outcome
                    .words
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
        run: |bench| {
            search(bench, |outcome| {
                outcome.words.metrics.iter().map(|metric| format!("{metric:?}")).collect()
            })
        },
    },
    Check {
        id: "secrets.errors",
        title: "errors contain no secret",
        fix: FIX,
        needs: NEEDS,
        run: |bench| search(bench, |outcome| outcome.failure().into_iter().collect()),
    },
    Check {
        id: "secrets.artifacts",
        title: "artifacts contain no secret",
        fix: FIX,
        needs: NEEDS,
        run: |bench| {
            search(bench, |outcome| {
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
        run: |bench| {
            search(bench, |outcome| {
                outcome.table.iter().map(|(schema, _)| format!("{schema:?}")).collect()
            })
        },
    },
    Check {
        id: "secrets.state",
        title: "the saved state contains no secret",
        fix: FIX,
        needs: NEEDS,
        run: |bench| search(bench, |outcome| outcome.report.state.clone().into_iter().collect()),
    },
];

/// Searches the output of runs with an unreachable service, and of normal runs.
fn search(bench: &Harness, sink: impl Fn(&Outcome) -> Vec<String>) -> Verdict {
    let unreachable = bench.unreachable()?;
    let canaries = unreachable.pretence.canaries.iter().map(|(_, canary)| canary.clone());
    let redactor = redactor(canaries.chain(bench.secrets()))?;
    let mut found = Vec::new();
    let mut look = |when: &str, outcome: &Outcome| {
        let told = sink(outcome).into_iter().filter(|text| redactor.redact(text) != text.as_str());
        found.extend(told.map(|text| format!("{when}: {}", redactor.redact(&text))));
    };
    unreachable.outcomes.iter().for_each(|outcome| look("with an unreachable service", outcome));
    for normal in bench.normals() {
        look("in a normal run", &normal.outcome);
    }
    none(found)
}
