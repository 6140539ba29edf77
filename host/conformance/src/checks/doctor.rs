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
        title: "it says `ok` of a connection that works",
        fix: "do what a run does first: dial, sign in, ask for something small",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Connection],
        run: |bench| {
            let config = bench.connected()?.ok_or_else(|| skip("needs --connection"))?;
            let health = answered(bench, &config, LONG)?;
            ensure(health.category == "ok", || format!("({}) {}", health.category, health.message))
        },
    },
    Check {
        id: "doctor.answers",
        title: "it answers where nobody listens, and for the connection that is given",
        fix: "return a `Health` whatever happens; never panic",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |bench| {
            let closed = bench.closed()?;
            let configs = [bench.connected()?, Some(bench.pretend(Some(closed.address))?.config)];
            for config in configs.into_iter().flatten() {
                if let Err(failure) = bench.doctor(&config, LONG)? {
                    return fail(failure.message);
                }
            }
            Ok(())
        },
    },
    Check {
        id: "doctor.categories",
        title: "it says ok, auth, network, permission, timeout or unknown",
        fix: "use the category that tells the user where to look; `unknown` is for the rest",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |bench| {
            let odd = everywhere(bench)?.into_iter().map(|health| health.category);
            none(
                odd.filter(|category| !Health::CATEGORIES.contains(&category.as_str()))
                    .map(|one| format!("it says {one:?}")),
            )
        },
    },
    Check {
        id: "doctor.message",
        title: "it says in words what it found",
        fix: "fill in `message`: what is wrong, and what to do",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |bench| {
            let found = everywhere(bench)?;
            let bare = found.iter().filter(|health| health.message.trim().is_empty());
            none(bare.map(|health| format!("`{}` comes without a message", health.category)))
        },
    },
    Check {
        id: "doctor.latency",
        title: "the latency that it tells is a time",
        fix: "measure it with `Instant`, or leave it out",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |bench| {
            let latencies = everywhere(bench)?.into_iter().filter_map(|health| health.latency_ms);
            let most = (LONG + SLACK).as_secs_f64() * 1000.0;
            none(latencies.filter(|ms| !(0.0..=most).contains(ms)).map(|ms| format!("{ms} ms")))
        },
    },
    Check {
        id: "doctor.bad-input",
        title: "it answers whatever the connection is",
        fix: "return `Health::unknown` where a field is missing or of another type; never panic",
        needs: &[Requirement::Driver, Requirement::Doctor],
        run: |bench| {
            let config = bench.pretend(None)?.config;
            for odd in
                [json!({}), json!({"host": 5}), json!({"host": null, "port": "x"}), json!([])]
            {
                let (health, _) = bench.examined(&config, &odd, LONG)?;
                if let Err(failure) = health {
                    return fail(format!("for {odd} it did not answer: {}", failure.message));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "doctor.unreachable",
        title: "it says `network` where nobody listens",
        fix: "report what `connect` says with the category `network`",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Network],
        run: |bench| {
            let closed = bench.closed()?;
            let health = answered(bench, &bench.pretend(Some(closed.address))?.config, LONG)?;
            ensure(health.category == "network", || {
                format!("it says `{}`: {}", health.category, health.message)
            })
        },
    },
    Check {
        id: "doctor.in-time",
        title: "it answers in its time where a server takes the call and says nothing",
        fix: "give connecting, signing in and every read the time that is left of the timeout",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Network],
        run: |bench| {
            let silent = bench.silent()?;
            let config = bench.pretend(Some(silent.address))?.config;
            let started = Instant::now();
            let health = bench.doctor(&config, SHORT)?;
            let took = started.elapsed();
            match health {
                Err(failure) => fail(failure.message),
                Ok(_) => ensure(took <= SHORT + SLACK, || {
                    format!("it was told {} ms and took {}", SHORT.as_millis(), took.as_millis())
                }),
            }
        },
    },
    Check {
        id: "doctor.timeout",
        title: "it does not say `ok` of a server that says nothing",
        fix: "wait for the server's first answer, and report `timeout` if none comes",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Network],
        run: |bench| {
            let silent = bench.silent()?;
            match bench.doctor(&bench.pretend(Some(silent.address))?.config, SHORT)? {
                Ok(health) => ensure(health.category != "ok", || "it says `ok`".to_owned()),
                Err(_) => Err(skip("it did not answer: see doctor.in-time")),
            }
        },
    },
    Check {
        id: "doctor.no-secrets",
        title: "no secret is in what it says",
        fix: "leave the connection's values out of messages, and the text of errors that hold them",
        needs: &[Requirement::Driver, Requirement::Doctor, Requirement::Secrets],
        run: |bench| {
            let closed = bench.closed()?;
            let pretence = bench.pretend(Some(closed.address))?;
            let canaries = pretence.canaries.iter().map(|(_, canary)| canary.clone());
            let redactor = redactor(canaries.chain(bench.secrets()))?;
            let mut found = vec![answered(bench, &pretence.config, LONG)?];
            if let Some(config) = bench.connected()? {
                found.push(answered(bench, &config, LONG)?);
            }
            let told = found
                .iter()
                .filter(|health| redactor.redact(&health.message) != health.message.as_str());
            none(told.map(|health| {
                format!("`{}`: {}", health.category, redactor.redact(&health.message))
            }))
        },
    },
    Check {
        id: "doctor.declared",
        title: "it answers only if its spec declares it",
        fix: "write `capabilities: {doctor: true}`",
        needs: &[Requirement::Driver],
        run: |bench| {
            if bench.spec()?.capabilities.doctor {
                return Ok(());
            }
            let Ok(pretence) = bench.pretend(None) else { return Ok(()) };
            match bench.doctor(&pretence.config, LONG)? {
                Ok(health) if health.category != "unknown" => {
                    fail(format!("it is not declared, but says `{}`", health.category))
                }
                _ => Ok(()),
            }
        },
    },
];

fn answered(bench: &Harness, config: &Value, timeout: Duration) -> Result<Health, NotPassed> {
    bench.doctor(config, timeout)?.map_err(|_| skip("it does not answer: see doctor.answers"))
}

/// Returns the doctor's answer for every available connection.
fn everywhere(bench: &Harness) -> Result<Vec<Health>, NotPassed> {
    let closed = bench.closed()?;
    let configs = [bench.connected()?, Some(bench.pretend(Some(closed.address))?.config)];
    configs.into_iter().flatten().map(|config| answered(bench, &config, LONG)).collect()
}
