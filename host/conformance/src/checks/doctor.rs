//! The doctor: the state of a connection. Always answers, and within its timeout.

use std::time::{Duration, Instant};

use osiris_engine::Health;
use serde_json::{Value, json};

use super::super::check::{Check, NotPassed, ensure, fail, none, redactor, skip};
use super::super::harness::Harness;
use super::super::requirement::Requirement;

/// Timeout that is passed to the doctor.
const SHORT: Duration = Duration::from_millis(700);
/// Timeout where nothing makes the doctor wait.
const LONG: Duration = Duration::from_secs(5);
/// Tolerance above the timeout, since the host is busy with other things.
const SLACK: Duration = Duration::from_millis(400);

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "doctor.ok",
        title: "the doctor reports `ok` for a working connection",
        fix: "do the first actions of a run: connect, log in, send a small request",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Connection],
        run: |harness| {
            let config = harness.connected()?.ok_or_else(|| skip("requires `--connection`"))?;
            let health = health_of(harness, &config, LONG)?;
            ensure(health.category == "ok", || format!("({}) {}", health.category, health.message))
        },
    },
    Check {
        id: "doctor.answers",
        title: "the doctor returns a result for a closed port and for the given connection",
        fix: "return a `Health` in every case; never panic",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |harness| {
            let closed = harness.closed()?;
            let configs = [
                harness.connected()?,
                Some(harness.synthetic_config(Some(closed.address))?.config),
            ];
            for config in configs.into_iter().flatten() {
                if let Err(failure) = harness.doctor(&config, LONG)? {
                    return fail(failure.message);
                }
            }
            Ok(())
        },
    },
    Check {
        id: "doctor.categories",
        title: "the category is ok, auth, network, permission, timeout or unknown",
        fix: "use the category that shows the user where to look, and `unknown` for the rest",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |harness| {
            let categories = all_results(harness)?.into_iter().map(|health| health.category);
            none(
                categories
                    .filter(|category| !Health::CATEGORIES.contains(&category.as_str()))
                    .map(|one| format!("the category is {one:?}")),
            )
        },
    },
    Check {
        id: "doctor.message",
        title: "every result has a message",
        fix: "set `message`: what is wrong, and what to do",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |harness| {
            let results = all_results(harness)?;
            let without_message = results.iter().filter(|health| health.message.trim().is_empty());
            none(without_message.map(|health| format!("`{}` has no message", health.category)))
        },
    },
    Check {
        id: "doctor.latency",
        title: "the reported latency is a valid time",
        fix: "measure the latency with `Instant`, or leave it out",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |harness| {
            let latencies =
                all_results(harness)?.into_iter().filter_map(|health| health.latency_ms);
            let max = (LONG + SLACK).as_secs_f64() * 1000.0;
            none(latencies.filter(|ms| !(0.0..=max).contains(ms)).map(|ms| format!("{ms} ms")))
        },
    },
    Check {
        id: "doctor.bad-input",
        title: "the doctor returns a result for any connection",
        fix: "return `Health::unknown` if a field is missing or has another type; never panic",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |harness| {
            let config = harness.synthetic_config(None)?.config;
            for connection in
                [json!({}), json!({"host": 5}), json!({"host": null, "port": "x"}), json!([])]
            {
                let (health, _) = harness.doctor_recorded(&config, &connection, LONG)?;
                if let Err(failure) = health {
                    return fail(format!(
                        "for {connection}, the doctor returned no result: {}",
                        failure.message
                    ));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "doctor.unreachable",
        title: "the doctor reports `network` for a closed port",
        fix: "report the error of `connect` with the category `network`",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Network],
        run: |harness| {
            let closed = harness.closed()?;
            let health =
                health_of(harness, &harness.synthetic_config(Some(closed.address))?.config, LONG)?;
            ensure(health.category == "network", || {
                format!("the category is `{}`: {}", health.category, health.message)
            })
        },
    },
    Check {
        id: "doctor.in-time",
        title: "the doctor keeps its timeout if a server accepts the connection and does not respond",
        fix: "limit connecting, logging in and every read to the rest of the timeout",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Network],
        run: |harness| {
            let silent = harness.silent()?;
            let config = harness.synthetic_config(Some(silent.address))?.config;
            let started = Instant::now();
            let health = harness.doctor(&config, SHORT)?;
            let took = started.elapsed();
            match health {
                Err(failure) => fail(failure.message),
                Ok(_) => ensure(took <= SHORT + SLACK, || {
                    format!(
                        "the timeout was {} ms, and the doctor took {} ms",
                        SHORT.as_millis(),
                        took.as_millis()
                    )
                }),
            }
        },
    },
    Check {
        id: "doctor.timeout",
        title: "the doctor does not report `ok` for a server that does not respond",
        fix: "wait for the first response of the server, and report `timeout` if there is none",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Network],
        run: |harness| {
            let silent = harness.silent()?;
            match harness.doctor(&harness.synthetic_config(Some(silent.address))?.config, SHORT)? {
                Ok(health) => ensure(health.category != "ok", || "the category is `ok`".to_owned()),
                Err(_) => Err(skip("the doctor returned no result: see `doctor.in-time`")),
            }
        },
    },
    Check {
        id: "doctor.no-secrets",
        title: "messages of the doctor contain no secret",
        fix: "leave out of messages the values of the connection, and the text of errors that contain them",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Secrets],
        run: |harness| {
            let closed = harness.closed()?;
            let synthetic = harness.synthetic_config(Some(closed.address))?;
            let canaries = synthetic.canaries.iter().map(|(_, canary)| canary.clone());
            let redactor = redactor(canaries.chain(harness.secrets()))?;
            let mut results = vec![health_of(harness, &synthetic.config, LONG)?];
            if let Some(config) = harness.connected()? {
                results.push(health_of(harness, &config, LONG)?);
            }
            let leaking = results
                .iter()
                .filter(|health| redactor.redact(&health.message) != health.message.as_str());
            none(leaking.map(|health| {
                format!("`{}`: {}", health.category, redactor.redact(&health.message))
            }))
        },
    },
    Check {
        id: "doctor.declared",
        title: "the doctor works only if the spec declares the capability",
        fix: "write `capabilities: {doctor: true}`",
        needs: &[Requirement::Driver],
        run: |harness| {
            if harness.spec()?.capabilities.doctor {
                return Ok(());
            }
            let Ok(synthetic) = harness.synthetic_config(None) else { return Ok(()) };
            match harness.doctor(&synthetic.config, LONG)? {
                Ok(health) if health.category != "unknown" => fail(format!(
                    "the capability is not declared, but the doctor reports `{}`",
                    health.category
                )),
                _ => Ok(()),
            }
        },
    },
];

fn health_of(harness: &Harness, config: &Value, timeout: Duration) -> Result<Health, NotPassed> {
    harness
        .doctor(config, timeout)?
        .map_err(|_| skip("the doctor returns no result: see `doctor.answers`"))
}

/// Returns the doctor's answer for every available connection.
fn all_results(harness: &Harness) -> Result<Vec<Health>, NotPassed> {
    let closed = harness.closed()?;
    let configs =
        [harness.connected()?, Some(harness.synthetic_config(Some(closed.address))?.config)];
    configs.into_iter().flatten().map(|config| health_of(harness, &config, LONG)).collect()
}
