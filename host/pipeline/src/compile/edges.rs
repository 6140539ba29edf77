//! The order of the steps and the tables between them.

use std::collections::{BTreeSet, HashMap};

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::text::{closest_match, quoted};
use osiris_core::yaml::{Diagnostics, Position};

use super::cycle;
use crate::project::pipeline::{Mode, Step, is_step_id};

/// The graph of a pipeline's steps, numbered as in the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Graph {
    /// All steps in an order in which they can run: after the steps that they need, otherwise in
    /// the order of the file.
    pub(super) order: Vec<usize>,
    /// The needed steps of each step, in the order of its `needs`.
    pub(super) needs: Vec<Vec<usize>>,
}

impl Graph {
    /// Returns whether a step starts after another one has ended or receives its rows, also
    /// through other steps.
    pub(super) fn comes_after(&self, step: usize, other: usize) -> bool {
        let (mut visited, mut next) = (BTreeSet::new(), vec![step]);
        while let Some(at) = next.pop() {
            for &needed in self.needs.get(at).into_iter().flatten() {
                if needed == other {
                    return true;
                }
                if visited.insert(needed) {
                    next.push(needed);
                }
            }
        }
        false
    }
}

/// Resolves the edges and reports everything that prevents the steps from running.
pub(super) fn resolve(
    steps: &[Step],
    problems: &mut Diagnostics<'_>,
    warnings: &mut Diagnostics<'_>,
) -> Graph {
    let mut ids: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        if let Some(id) = &step.id {
            ids.entry(&id.text).or_default().push(index);
        }
    }
    let needs: Vec<Vec<usize>> = (0..steps.len())
        .map(|index| match &steps[index].needs {
            Some(_) => explicit(steps, index, &ids, problems),
            None => implicit(steps, index, problems),
        })
        .collect();
    for (index, step) in steps.iter().enumerate() {
        check_inputs(steps, step, &needs[index], problems);
    }
    let order = order(&needs);
    if order.len() < steps.len() {
        cycle::report(steps, &needs, &order, problems);
    }
    warn_of_unread(steps, &needs, warnings);
    Graph { order, needs }
}

fn explicit(
    steps: &[Step],
    index: usize,
    ids: &HashMap<&str, Vec<usize>>,
    problems: &mut Diagnostics<'_>,
) -> Vec<usize> {
    let step = &steps[index];
    let mut needs = Vec::new();
    for id in step.needs.iter().flat_map(|needs| &needs.ids) {
        match ids.get(id.text.as_str()).map(Vec::as_slice) {
            Some(&[needed]) => {
                needs.push(needed);
                continue;
            }
            // Several steps with one id have been reported.
            Some(_) => continue,
            // So has an id that no step can have.
            None if !is_step_id(&id.text) && steps.iter().any(|step| step.id.is_none()) => continue,
            None => {}
        }
        let message = format!("{} needs {}, which does not exist", step.label(), quoted(&id.text));
        let mut names: Vec<&str> = ids.keys().copied().collect();
        names.sort_unstable();
        let help = match closest_match(&id.text, names) {
            Some(suggestion) => format!("did you mean `{suggestion}`?"),
            None => "use the `id` of another step".to_owned(),
        };
        problems.report(id.position, Diagnostic::new(Code::DependencyUnknown, message).help(help));
    }
    needs
}

/// Resolves a step without `needs`: a step that takes tables takes the table of the previous
/// step.
fn implicit(steps: &[Step], index: usize, problems: &mut Diagnostics<'_>) -> Vec<usize> {
    let step = &steps[index];
    let Some((_, Mode::Transform | Mode::Write)) = step.mode else { return Vec::new() };
    let Some(before) = index.checked_sub(1) else { return Vec::new() };
    if let Some((_, Mode::Write)) = steps[before].mode {
        let message = format!(
            "{} has no `needs`, and the preceding {} produces no table",
            step.label(),
            steps[before].label()
        );
        let help = "name the step that produces the table: `needs: [step-id]`";
        problems.report(step.position, Diagnostic::new(Code::NeedsMissing, message).help(help));
    }
    vec![before]
}

/// Checks the number of input tables: none for a reading step, exactly one for a writing step.
fn check_inputs(steps: &[Step], step: &Step, needs: &[usize], problems: &mut Diagnostics<'_>) {
    let Some((_, mode)) = step.mode else { return };
    if needs.iter().any(|&needed| steps[needed].mode.is_none()) {
        return;
    }
    // A need reported as unknown would have been an input.
    let named = step.needs.as_ref().map_or(needs.len(), |needs| needs.ids.len());
    let is_complete = named == needs.len();
    let tables: Vec<String> = needs
        .iter()
        .map(|&needed| &steps[needed])
        .filter(|needed| !matches!(needed.mode, Some((_, Mode::Write))))
        .map(Step::label)
        .collect();
    let at: Position = step.needs.as_ref().map_or(step.position, |needs| needs.position);
    let step_label = step.label();
    let (code, message, help) = match (mode, tables.len()) {
        (Mode::Read, 1..) => (
            Code::InputUnexpected,
            format!("{step_label} reads and takes no input table, but needs {}", tables.join(", ")),
            "remove these steps from `needs`, or use `mode: transform`",
        ),
        // The previous step writes, which has been reported.
        (Mode::Write, 0) if step.needs.is_none() && !needs.is_empty() => return,
        (Mode::Write, 0) if is_complete => (
            Code::InputMissing,
            format!("{step_label} writes a table, but has no input table"),
            "name the step that produces the table: `needs: [step-id]`",
        ),
        (Mode::Write, 2..) => (
            Code::InputAmbiguous,
            format!("{step_label} writes one table, but needs {}", tables.join(", ")),
            "join the tables in a step with `mode: transform`, or write each table in a separate step",
        ),
        _ => return,
    };
    problems.report(at, Diagnostic::new(code, message).help(help));
}

/// Returns the order by Kahn's algorithm, ties in file order. Steps on a cycle or after one are
/// left out.
fn order(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (index, needed) in needs.iter().enumerate() {
        needed.iter().for_each(|&needed| readers[needed].push(index));
    }
    let mut ready: BTreeSet<usize> =
        (0..needs.len()).filter(|&index| waiting[index] == 0).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        for &reader in &readers[index] {
            waiting[reader] -= 1;
            if waiting[reader] == 0 {
                ready.insert(reader);
            }
        }
    }
    order
}

fn warn_of_unread(steps: &[Step], needs: &[Vec<usize>], warnings: &mut Diagnostics<'_>) {
    let read: BTreeSet<usize> = needs.iter().flatten().copied().collect();
    for (index, step) in steps.iter().enumerate() {
        let makes_table = matches!(step.mode, Some((_, Mode::Read | Mode::Transform)));
        if makes_table && !read.contains(&index) {
            let message = format!("{} produces a table that no step uses", step.label());
            let help = "add the step to the `needs` of another step, or remove the step";
            let problem = Diagnostic::new(Code::OutputUnused, message);
            warnings.report(step.position, problem.help(help));
        }
    }
}
