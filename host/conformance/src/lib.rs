//! The conformance kit: checks that show the author of a driver whether it satisfies the contract.
//! Each check runs the driver through the same engine, permissions and limits as a run does. See
//! the README in this directory.
//!
//! ```
//! let checks = osiris_conformance::chosen(&["errors".to_owned()])?;
//! assert!(checks.iter().all(|check| check.id.starts_with("errors.")));
//! # Ok::<(), osiris_core::diagnostic::Error>(())
//! ```

mod cases;
mod check;
mod checks;
mod data;
mod fixtures;
mod harness;
mod invocation;
mod probes;
mod recorder;
mod report;
mod requirement;
mod reserved_port;
mod row_diff;
mod synthetic_config;
mod temp_project;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::redact::Redactor;
use osiris_core::sync::lock;
use osiris_core::text::{closest_match, join_or, quoted};

use self::harness::Harness;

pub use self::cases::Cases;
pub use self::check::{Check, NotPassed};
pub use self::harness::TestTarget;
pub use self::report::{Outcome, Report};

/// Returns every check, in the order of the report.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    checks::all()
}

/// Returns the checks with these groups or ids, or all checks if `names` is empty.
///
/// # Errors
/// Returns an error if a name is neither a group nor an id.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Check>> {
    for name in names {
        if !checks().any(|check| check.id == name || check.group() == name) {
            let mut groups: Vec<&str> = checks().map(Check::group).collect();
            groups.dedup();
            let message = format!("unknown check or group {}", quoted(name));
            let help = match closest_match(
                name,
                checks().map(|check| check.id).chain(groups.clone()),
            ) {
                Some(suggestion) => format!("did you mean `{suggestion}`?"),
                None => {
                    format!(
                        "use one of the groups {}, or list the checks with `osiris drivers test --list`",
                        join_or(&groups)
                    )
                }
            };
            return Err(Error::invalid(Diagnostic::new(Code::CheckUnknown, message).help(help)));
        }
    }
    let named = |check: &&Check| {
        names.is_empty() || names.iter().any(|name| name == check.id || name == check.group())
    };
    Ok(checks().filter(named).collect())
}

/// Checks a driver. Enforces Landlock on this process for good. Calls `started` with the id of each
/// check as it begins.
///
/// # Errors
/// Returns an error if the driver cannot be read, or if the cases or the connection do not fit it.
pub fn run(
    subject: TestTarget,
    selected: &[&'static Check],
    started: &(dyn Fn(&str) + Sync),
) -> Result<Report> {
    let begin = Instant::now();
    let skipped = subject.cases.as_ref().map(|cases| cases.skip.clone()).unwrap_or_default();
    if let Some(unknown) = skipped.keys().find(|id| !checks().any(|check| check.id == *id)) {
        let message =
            format!("invalid cases: `skip` names {}, which is not a check", quoted(unknown));
        let help = "list the checks with `osiris drivers test --list`";
        return Err(Error::invalid(Diagnostic::new(Code::CasesInvalid, message).help(help)));
    }
    let harness = Harness::new(subject, selected)?;
    let redactor = Redactor::new(harness.secrets())?;
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(check) = selected.get(next.fetch_add(1, Ordering::Relaxed)) {
            started(check.id);
            let begin = Instant::now();
            let missed = match skipped.get(check.id) {
                Some(reason) => Some(NotPassed::Skipped(reason.clone())),
                None => run_check(check, &harness),
            };
            let missed =
                missed.map(|missed| missed.map(|text| redactor.redact(&text).into_owned()));
            let result = Outcome { check, missed, took: begin.elapsed() };
            lock(&results).push(result);
        }
    };
    // With a connection, checks run one by one: each would read what another one writes into the
    // service.
    let alone = harness.reference.is_some();
    let threads = harness.threads.min(8);
    std::thread::scope(|scope| {
        for _ in 1..if alone { 1 } else { threads } {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let position = |result: &Outcome| selected.iter().position(|check| check.id == result.check.id);
    results.sort_by_key(position);
    Ok(Report {
        file: harness.path.clone(),
        spec: harness.spec.clone(),
        results,
        took: begin.elapsed(),
    })
}

fn run_check(check: &Check, harness: &Harness) -> Option<NotPassed> {
    match check.needs.iter().find_map(|need| need.lacking(harness)) {
        Some(reason) => Some(NotPassed::Skipped(reason)),
        None => (check.run)(harness).err(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_check_has_a_unique_id_and_a_fix() {
        let mut ids = HashSet::new();
        let mut groups: Vec<&str> = Vec::new();
        for check in checks() {
            assert!(ids.insert(check.id), "{} is there twice", check.id);
            let (group, name) = check.id.split_once('.').expect("group.name");
            assert!(!group.is_empty() && !name.is_empty() && !check.fix.is_empty(), "{}", check.id);
            if groups.last() != Some(&group) {
                assert!(!groups.contains(&group), "the group {group} is in two places");
                groups.push(group);
            }
        }
        assert!(ids.len() >= 60, "{} checks", ids.len());
    }

    #[test]
    fn checks_are_selected_by_id_and_group() {
        let ids = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            chosen(&names)
                .map(|checks| checks.into_iter().map(|check| check.id).collect::<Vec<_>>())
        };
        assert_eq!(ids(&["spec.name"]).unwrap(), ["spec.name"]);
        assert!(ids(&["doctor", "spec.name"]).unwrap().len() > 5);
        assert_eq!(ids(&[]).unwrap().len(), checks().count());
        let help = ids(&["doctr"]).unwrap_err().first().help.clone();
        assert_eq!(help.as_deref(), Some("did you mean `doctor`?"));
    }
}
