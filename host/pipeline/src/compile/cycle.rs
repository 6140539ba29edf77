//! Reports steps that wait for each other.

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::yaml::Diagnostics;

use crate::project::pipeline::Step;

/// Maximum number of a cycle's steps in a message.
const NAMED: usize = 20;

/// Reports the cycles among the steps that are missing in `order`.
pub(super) fn report(
    steps: &[Step],
    needs: &[Vec<usize>],
    order: &[usize],
    problems: &mut Diagnostics<'_>,
) {
    let mut visited = vec![false; steps.len()];
    order.iter().for_each(|&index| visited[index] = true);
    for start in 0..steps.len() {
        if visited[start] {
            continue;
        }
        // Every remaining step needs another remaining one, so a walk along the needs either
        // closes a cycle or meets an earlier walk.
        let mut walk = vec![start];
        visited[start] = true;
        while let Some(&next) = walk
            .last()
            .and_then(|&last| needs[last].iter().find(|&&needed| !order.contains(&needed)))
        {
            if let Some(at) = walk.iter().position(|&index| index == next) {
                report_cycle(steps, &walk[at..], problems);
                break;
            }
            if visited[next] {
                break;
            }
            visited[next] = true;
            walk.push(next);
        }
    }
}

fn report_cycle(steps: &[Step], cycle: &[usize], problems: &mut Diagnostics<'_>) {
    // Starts at the first step in the file, so that the text does not depend on the walk.
    let first = cycle.iter().enumerate().min_by_key(|(_, index)| **index).map_or(0, |(at, _)| at);
    let round: Vec<usize> = cycle[first..].iter().chain(&cycle[..=first]).copied().collect();
    let name = |&index: &usize| steps[index].id.as_ref().map_or("?", |id| id.text.as_str());
    let mut names: Vec<&str> = round.iter().map(name).collect();
    if names.len() > NAMED {
        names.splice(NAMED / 2..names.len() - NAMED / 2, ["..."]);
    }
    let message = match names.as_slice() {
        [only, _] => format!("step `{only}` needs itself"),
        names => format!("dependency cycle: {}", names.join(" -> ")),
    };
    let step = &steps[round[0]];
    let at = step.needs.as_ref().map_or(step.position, |needs| needs.position);
    let help = "remove one of these needs; `needs: []` means none";
    problems.report(at, Diagnostic::new(Code::DependencyCyclic, message).help(help));
}
