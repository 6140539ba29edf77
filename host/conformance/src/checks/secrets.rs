//! Secrets: plants canaries in place of secrets and searches every output for them.

use super::super::check::{Check, Verdict, none, redactor};
use super::super::harness::Harness;
use super::super::invocation::Outcome;
use super::super::requirement::Requirement;

const FIX: &str =
    "never put what stands at a pointer of `secrets` there; the SDK's errors take no connection";

/// Prerequisites for searching an output.
const NEEDS: &[Requirement] = &[Requirement::Driver, Requirement::Secrets];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "secrets.planted",
        title: "every secret can be given as a text of one's own",
        fix: "make what `secrets` points to `type: string`, without a pattern",
        needs: NEEDS,
        run: |bench| {
            let (spec, planted) = (bench.spec()?, bench.pretend(None)?.canaries);
            let bare =
                spec.secrets.iter().filter(|at| !planted.iter().any(|(pointer, _)| pointer == *at));
            none(bare.map(|at| format!("'{at}' takes none")))
        },
    },
    Check {
        id: "secrets.logs",
        title: "no secret is in the log",
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
        title: "no secret is in an event",
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
        title: "no secret is in a metric or its tags",
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
        title: "no secret is in an error",
        fix: FIX,
        needs: NEEDS,
        run: |bench| search(bench, |outcome| outcome.failure().into_iter().collect()),
    },
    Check {
        id: "secrets.artifacts",
        title: "no secret is in an artifact",
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
        title: "no secret is in the names of columns, or in what is known of them",
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
        title: "no secret is in the state that is saved",
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
    unreachable.outcomes.iter().for_each(|outcome| look("with canaries", outcome));
    for normal in bench.normals() {
        look("when all is well", &normal.outcome);
    }
    none(found)
}
