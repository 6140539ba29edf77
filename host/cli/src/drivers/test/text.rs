//! Formats results for people.

use osiris_conformance::{Check, NotPassed, Outcome, Report};
use osiris_core::sanitize::escape_control;

use super::super::super::render::{BOLD, DIM, ERROR, SUCCESS, WARN, multiline, paint};
use super::super::super::shell::display_path;

/// Lists all checks by group.
pub(super) fn list(checks: &[&Check]) -> String {
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for group in checks.chunk_by(|a, b| a.group() == b.group()) {
        text.push_str(&format!("{}\n", paint(BOLD, group[0].group())));
        for check in group {
            text.push_str(&format!("  {:width$}  {}\n", check.id, check.title));
        }
    }
    text.push_str(&format!("{} checks\n", checks.len()));
    text
}

/// Formats the passed checks of each group, the failures with their fixes, and the totals.
pub(super) fn report(report: &Report) -> String {
    let mut text = String::new();
    let all = report.results.iter().map(|one| one.check.group().len());
    let width = all.max().unwrap_or(0);
    for group in report.results.chunk_by(|a, b| a.check.group() == b.check.group()) {
        let failed =
            group.iter().filter(|one| matches!(one.missed, Some(NotPassed::Failed(_)))).count();
        let passed = group.iter().filter(|one| one.missed.is_none()).count();
        let sign = match (failed, passed) {
            (0, 0) => paint(DIM, "-"),
            (0, _) => paint(SUCCESS, "✓"),
            _ => paint(ERROR, "✗"),
        };
        let name = group[0].check.group();
        let counts = counts(passed, failed, group.len() - passed - failed);
        text.push_str(&format!("{sign} {name:width$}  {counts}\n"));
        for one in group {
            if let Some(NotPassed::Failed(message)) = &one.missed {
                let id = paint(ERROR.bold(), one.check.id);
                let fix = multiline(one.check.fix);
                text.push_str(&format!("  {id}: {}\n", one.check.title));
                text.push_str(&format!("    {}\n", multiline(message)));
                text.push_str(&format!("    {} {fix}\n", paint(BOLD, "help:")));
            }
        }
        for (why, names) in skip_reasons(group) {
            let names = match names.len() == group.len() && names.len() > 1 {
                true => "all".to_owned(),
                false => names.join(", "),
            };
            let line = format!("skipped {names}: {}", escape_control(why));
            text.push_str(&format!("  {}\n", paint(DIM, &line)));
        }
    }
    let sign = if report.failed() == 0 { paint(SUCCESS, "✓") } else { paint(ERROR, "✗") };
    let name = match &report.spec {
        Some(spec) => format!("{} {}", escape_control(&spec.name), escape_control(&spec.version)),
        None => display_path(&report.file),
    };
    let counts = counts(report.passed(), report.failed(), report.skipped());
    let took = paint(DIM, &format!("{:.1} s", report.took.as_secs_f64()));
    text.push_str(&format!("{sign} {}  {counts}  {took}\n", paint(BOLD, &name)));
    text
}

/// Returns the reasons for skipped checks, each with the names of the checks.
fn skip_reasons(group: &[Outcome]) -> Vec<(&str, Vec<&'static str>)> {
    let mut reasons: Vec<(&str, Vec<&'static str>)> = Vec::new();
    for one in group {
        let Some(NotPassed::Skipped(why)) = &one.missed else { continue };
        let name = one.check.name();
        match reasons.iter_mut().find(|(reason, _)| reason == why) {
            Some((_, names)) => names.push(name),
            None => reasons.push((why, vec![name])),
        }
    }
    reasons
}

fn counts(passed: usize, failed: usize, skipped: usize) -> String {
    let mut parts = vec![format!("{passed} passed")];
    if failed > 0 {
        parts.push(paint(ERROR, &format!("{failed} failed")));
    }
    if skipped > 0 {
        parts.push(paint(WARN, &format!("{skipped} skipped")));
    }
    parts.join(", ")
}
