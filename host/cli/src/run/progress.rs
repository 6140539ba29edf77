//! Progress of a run: bars on a terminal, or with `--verbose` a line whenever a step starts or
//! ends.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use osiris_core::sanitize::escape_control;
use osiris_e2b::runner::Notice;
use osiris_pipeline::manifest::Manifest;
use osiris_runtime::run::StepSnapshot;
use osiris_runtime::session::StepState;

use super::super::render::{DIM, ERROR, SUCCESS, WARN, count, milliseconds, paint};
use super::super::shell::Shell;

/// Interval between updates.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Shows the progress of a run on stderr.
pub(super) enum Progress<'a> {
    /// One bar for each step.
    Bars { shell: &'a Shell, all: MultiProgress, bars: Vec<ProgressBar>, stage: ProgressBar },
    /// One line for each step that starts or ends.
    Lines { shell: &'a Shell, stages: Vec<Stage> },
    /// No output.
    Quiet { shell: &'a Shell },
}

/// The state of a step in line output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting,
    Running,
    Ended,
}

impl<'a> Progress<'a> {
    pub(super) fn new(shell: &'a Shell, manifest: &Manifest) -> Self {
        if shell.is_watched() {
            let all = MultiProgress::new();
            let widest = manifest.steps.iter().map(|step| step.id.len()).max().unwrap_or(0);
            let style = format!("{{spinner}} {{prefix:{widest}}}  {{msg}}");
            // The template is a constant that always parses.
            let style = ProgressStyle::with_template(&style)
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = |step: &osiris_pipeline::manifest::Step| {
                let bar = all.add(ProgressBar::new_spinner().with_style(style.clone()));
                bar.set_prefix(step.id.clone());
                bar
            };
            let bars = manifest.steps.iter().map(bar).collect();
            // Not visible until it has a message.
            let stage = ProgressBar::new_spinner();
            Self::Bars { shell, all, bars, stage }
        } else if shell.verbose && !shell.json {
            Self::Lines { shell, stages: vec![Stage::Waiting; manifest.steps.len()] }
        } else {
            Self::Quiet { shell }
        }
    }

    /// Updates the display of the steps.
    pub(super) fn show(&mut self, steps: &[StepSnapshot]) {
        match self {
            Self::Bars { shell, bars, stage: now, .. } => {
                if !now.message().is_empty() {
                    now.tick();
                }
                for (bar, step) in bars.iter().zip(steps).filter(|(bar, _)| !bar.is_finished()) {
                    bar.set_message(shell.styled(step_text(step)));
                    match stage(step) {
                        Stage::Waiting => {}
                        Stage::Running => bar.tick(),
                        Stage::Ended => bar.finish(),
                    }
                }
            }
            Self::Lines { shell, stages } => {
                for (previous, step) in stages.iter_mut().zip(steps) {
                    let now = stage(step);
                    if *previous == now {
                        continue;
                    }
                    let text = match now {
                        Stage::Ended => step_text(step),
                        _ => "started".to_owned(),
                    };
                    shell.note(&format!("{}: {text}", escape_control(&step.id)));
                    *previous = now;
                }
            }
            Self::Quiet { .. } => {}
        }
    }

    /// Shows a note from a remote run.
    pub(super) fn note(&mut self, note: &Notice) {
        match (note, &*self) {
            (Notice::Info(text), _) => self.say(&escape_control(text)),
            (
                Notice::Verbose(text),
                Self::Bars { shell, .. } | Self::Lines { shell, .. } | Self::Quiet { shell },
            ) if shell.verbose => self.say(&escape_control(text)),
            (Notice::Stage(text), Self::Bars { shell, all, stage, .. }) => {
                if stage.message().is_empty() {
                    all.insert(0, stage.clone());
                }
                stage.set_message(shell.styled(paint(DIM, &escape_control(text))));
            }
            (Notice::Verbose(_) | Notice::Stage(_), _) => {}
        }
    }

    /// Prints a line without disturbing the bars.
    pub(super) fn say(&self, text: &str) {
        match self {
            // Printing to a closed terminal has no effect.
            Self::Bars { all, .. } => all.println(text).unwrap_or_default(),
            Self::Lines { shell, .. } | Self::Quiet { shell } if !shell.json => shell.note(text),
            Self::Lines { .. } | Self::Quiet { .. } => {}
        }
    }

    /// Shows the final state and removes the bars, since the result repeats it.
    pub(super) fn close(&mut self, steps: &[StepSnapshot]) {
        self.show(steps);
        if let Self::Bars { all, .. } = self {
            all.clear().unwrap_or_default();
        }
    }
}

fn stage(step: &StepSnapshot) -> Stage {
    match step.state {
        None => Stage::Running,
        Some(StepState::Pending) => Stage::Waiting,
        Some(_) => Stage::Ended,
    }
}

/// Formats a step like `1,000,000 rows  2,500,000 rows/s  0.4 s`.
fn step_text(step: &StepSnapshot) -> String {
    let word = match step.state {
        Some(StepState::Pending) => return paint(DIM, "waiting"),
        Some(StepState::Failed) => paint(ERROR, "failed "),
        Some(StepState::Cancelled) => paint(WARN, "stopped "),
        Some(StepState::Success) => paint(SUCCESS, "done "),
        None => String::new(),
    };
    let rows = step.rows_out.max(step.rows_in);
    let seconds = step.elapsed.as_secs_f64();
    let rate = if seconds > 0.0 { (rows as f64 / seconds) as u64 } else { 0 };
    let time = milliseconds(u64::try_from(step.elapsed.as_millis()).unwrap_or(u64::MAX));
    let share = match step.progress {
        Some((done, Some(total))) if total > 0 && step.state.is_none() => {
            format!("  {} %", u128::from(done.min(total)) * 100 / u128::from(total))
        }
        _ => String::new(),
    };
    format!("{word}{} rows{share}  {} rows/s  {time}", count(rows), count(rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use osiris_core::contract::Mode;

    #[test]
    fn step_progress_fits_one_line() {
        let running = StepSnapshot {
            id: "read".to_owned(),
            mode: Mode::Extract,
            state: None,
            rows_in: 0,
            rows_out: 1_000_000,
            progress: Some((50, Some(200))),
            elapsed: Duration::from_millis(400),
        };
        let plain =
            |step: &StepSnapshot| anstream::adapter::strip_str(&step_text(step)).to_string();
        assert_eq!(plain(&running), "1,000,000 rows  25 %  2,500,000 rows/s  400 ms");
        let ended = StepSnapshot { state: Some(StepState::Success), ..running.clone() };
        assert_eq!(plain(&ended), "done 1,000,000 rows  2,500,000 rows/s  400 ms");
        let waiting = StepSnapshot { state: Some(StepState::Pending), ..running };
        assert_eq!(plain(&waiting), "waiting");
    }
}
