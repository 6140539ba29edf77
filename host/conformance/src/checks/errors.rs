//! Errors: with a kind that the host can act on, and a helpful message.

use osiris_core::contract::{ErrorKind, Mode};
use osiris_engine::{CallError, DriverError};
use osiris_pipeline::connection::RESOLVED_KEY;
use serde_json::Value;

use super::super::cases::Case;
use super::super::check::{Check, NotPassed, ensure, none, skip};
use super::super::harness::Harness;
use super::super::invocation::Outcome;
use super::super::requirement::Requirement;

/// Kinds of errors that a retry can fix.
const TRANSIENT: [&str; 4] = ["network", "timeout", "upstream", "internal"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "errors.kinds",
        title: "errors have a kind of the contract",
        fix: "use config, auth, permission, network, timeout, not-found, data, upstream, cancelled, unsupported or internal",
        needs: &[Requirement::Driver],
        run: |harness| {
            let invalid = driver_errors(harness)?
                .into_iter()
                .filter(|error| ErrorKind::from_contract(&error.kind).is_none());
            none(invalid.map(|error| format!("{:?}: {}", error.kind, error.message)))
        },
    },
    Check {
        id: "errors.messages",
        title: "errors describe what failed",
        fix: "set `message`: what failed, for which table or file, and what to do",
        needs: &[Requirement::Driver],
        run: |harness| {
            let short =
                driver_errors(harness)?.into_iter().filter(|error| error.message.trim().len() < 10);
            none(short.map(|error| format!("`{}` has the message {:?}", error.kind, error.message)))
        },
    },
    Check {
        id: "errors.retryable",
        title: "only errors that a retry can fix are marked as retryable",
        fix: "set `retryable` for network and timeout, never for config, auth, permission, not-found, data or unsupported",
        needs: &[Requirement::Driver],
        run: |harness| {
            let invalid = driver_errors(harness)?
                .into_iter()
                .filter(|error| error.retryable && !TRANSIENT.contains(&error.kind.as_str()));
            none(
                invalid.map(|error| {
                    format!("`{}` is marked as retryable: {}", error.kind, error.message)
                }),
            )
        },
    },
    Check {
        id: "errors.no-panic",
        title: "external faults do not cause a panic, a trap or a violation of the contract",
        fix: "return an error: do not use `unwrap`, indexing or `exit` with external data",
        needs: &[Requirement::Driver],
        run: |harness| {
            use ErrorKind::{Limit, Panic, Protocol, Trap};
            let crashes = failures(harness)?.into_iter().map(|run| run.failure);
            let crashes =
                crashes.filter(|failure| matches!(failure.kind, Limit | Panic | Protocol | Trap));
            none(crashes.map(|failure| format!("({}) {}", failure.kind, failure.message)))
        },
    },
    Check {
        id: "errors.unreachable",
        title: "an unreachable service causes a retryable error of the kind `network`",
        fix: "report the error of `connect` with `Error::network`",
        needs: &[Requirement::Driver, Requirement::Network],
        run: |harness| {
            for outcome in &harness.unreachable()?.outcomes {
                let error = outcome.report.driver_error.as_ref();
                ensure(
                    error.is_some_and(|error| error.kind == "network" && error.retryable),
                    || outcome.failure().unwrap_or_else(|| "the run succeeded".to_owned()),
                )?;
            }
            Ok(())
        },
    },
    Check {
        id: "errors.missing-file",
        title: "a missing file causes an error that names the file",
        fix: "include the path in the message, with the kind `not-found`",
        needs: &[Requirement::Driver, Requirement::Reads],
        run: |harness| {
            let missing = "no/such/file";
            let Some((_, outcome)) = with_path(harness, missing, None)? else {
                return Err(skip("no case names a file to read"));
            };
            let error = outcome.report.driver_error.as_ref();
            ensure(
                error.is_some_and(|error| {
                    error.kind == "not-found" && error.message.contains(missing)
                }),
                || outcome.failure().unwrap_or_else(|| "the run succeeded".to_owned()),
            )
        },
    },
    Check {
        id: "errors.bad-file",
        title: "a file with unexpected content is read, or causes an error that names the file",
        fix: "include the path in the message, with the kind `data`",
        needs: &[Requirement::Driver, Requirement::Reads],
        run: |harness| {
            let mut wrong = Vec::new();
            for content in BAD_FILES {
                let Some((name, outcome)) = with_path(harness, "odd/file", Some(content))? else {
                    return Err(skip("no case names a file to read"));
                };
                let Err(failure) = &outcome.report.result else { continue };
                if failure.kind != ErrorKind::Data || !failure.message.contains(&name) {
                    wrong.push(format!("({}) {}", failure.kind, failure.message));
                }
            }
            none(wrong)
        },
    },
];

/// Broken files: empty, binary, invalid UTF-8, a truncated gzip header, an open quote.
const BAD_FILES: [&[u8]; 5] =
    [b"", b"\0\0\0\0", b"\xff\xfe\xfd\xfc\xfb", b"\x1f\x8b\x08\x00cut", b"\"open\n"];

fn modes(harness: &Harness) -> Result<Vec<Mode>, NotPassed> {
    let modes = harness.spec()?.modes.iter().copied();
    Ok(modes.filter(|mode| *mode != Mode::Discover).collect())
}

/// Runs the first case that names a file to read, with another path in its place.
fn with_path(
    harness: &Harness,
    path: &str,
    content: Option<&[u8]>,
) -> Result<Option<(String, Outcome)>, NotPassed> {
    let pointers = &harness.spec()?.files.read;
    let named = |config: &Value| {
        let pointer = pointers.iter().find(|at| config.pointer(at).is_some_and(Value::is_string));
        // A certificate of the connection is not a data file.
        pointer.filter(|at| !at.starts_with(&format!("/{RESOLVED_KEY}/"))).cloned()
    };
    let mut found = None;
    for case in
        modes(harness)?.into_iter().flat_map(|mode| harness.cases(mode)).filter(Case::is_plain)
    {
        let config = harness.config(&case)?;
        if let Some(pointer) = named(&config) {
            found = Some((case, config, pointer));
            break;
        }
    }
    let Some((case, mut config, pointer)) = found else { return Ok(None) };
    if let Some(value) = config.pointer_mut(&pointer) {
        *value = Value::from(path);
    }
    let project = harness.create_project(&case)?;
    if let Some(content) = content {
        let file = project.base().join(path);
        let write = || {
            std::fs::create_dir_all(file.parent().unwrap_or(project.base()))?;
            std::fs::write(&file, content)
        };
        write().map_err(|error| skip(error.to_string()))?;
    }
    let mut trial = harness.trial(&case)?;
    trial.config = config;
    Ok(Some((path.to_owned(), harness.run(&project, trial)?)))
}

/// The failure of a run, and the error as the driver returned it.
struct FailedRun {
    failure: CallError,
    driver_error: Option<DriverError>,
}

/// Runs the driver in situations with an external fault and returns the failures.
fn failures(harness: &Harness) -> Result<Vec<FailedRun>, NotPassed> {
    let mut runs = 0;
    let mut failures = Vec::new();
    let mut add = |outcome: &Outcome| {
        runs += 1;
        let driver_error = outcome.report.driver_error.clone();
        let failure = outcome.report.result.as_ref().err().cloned();
        failures.extend(failure.map(|failure| FailedRun { failure, driver_error }));
    };
    if Requirement::Network.lacking(harness).is_none() {
        harness.unreachable()?.outcomes.iter().for_each(&mut add);
    }
    for content in BAD_FILES.map(Some).into_iter().chain([None]) {
        with_path(harness, "odd/file", content)?.iter().for_each(|(_, outcome)| add(outcome));
    }
    for mode in modes(harness)? {
        let wrong = |case: &Case| case.expect.error.is_some();
        for case in harness.cases(mode).into_iter().filter(wrong) {
            add(&harness.run(&harness.create_project(&case)?, harness.trial(&case)?)?);
        }
    }
    if runs == 0 {
        let reason = "no external fault is possible: no network, no file, no case with `error`";
        return Err(skip(reason));
    }
    Ok(failures)
}

/// Returns the errors that the driver returned in these situations.
fn driver_errors(harness: &Harness) -> Result<Vec<DriverError>, NotPassed> {
    Ok(failures(harness)?.into_iter().filter_map(|run| run.driver_error).collect())
}
