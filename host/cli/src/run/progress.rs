//! Progress of a run on stderr: one line per step on a terminal, otherwise one line per running
//! step from time to time, and with `--verbose` also whenever a step starts or ends.

use std::time::{Duration, Instant};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::sanitize::escape_control;
use osiris_e2b::runner::Notice;
use osiris_pipeline::manifest::Manifest;
use osiris_runtime::run::StepSnapshot;
use osiris_runtime::session::StepState;
use unicode_width::UnicodeWidthStr;

use super::super::render::{
    DIM, ERROR, SUCCESS, WARN, count, cut, format_bytes, milliseconds, paint, whole_seconds,
};
use super::super::shell::Shell;
use super::rate::RateMeter;

/// Interval between updates.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Variable with the seconds between two lines where stderr is not a terminal.
const INTERVAL: &str = "OSIRIS_PROGRESS_SECONDS";
/// Default of the variable.
const DEFAULT_INTERVAL: u64 = 30;

/// Frames of the spinner.
const SPINNER: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠹"];

/// Shows the progress of a run on stderr.
pub(super) struct Progress<'a> {
    shell: &'a Shell,
    meters: Vec<RateMeter>,
    display: Display,
}

enum Display {
    /// One line for each step, drawn again with each update.
    Live {
        /// Number of lines on the terminal.
        drawn: usize,
        ticks: usize,
        /// Current activity of a remote run; empty at first.
        stage: String,
    },
    /// Lines that stay.
    Lines { stages: Vec<Stage>, interval: Duration, last: Instant },
    /// No output.
    Quiet,
}

/// The state of a step in line output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Running,
    Ended,
}

impl<'a> Progress<'a> {
    /// # Errors
    /// Returns an error if the interval in the environment is invalid.
    pub(super) fn new(shell: &'a Shell, manifest: &Manifest) -> Result<Self> {
        let interval = interval(std::env::var(INTERVAL).ok())?;
        let steps = manifest.steps.len();
        let display = if shell.is_watched() {
            Display::Live { drawn: 0, ticks: 0, stage: String::new() }
        } else if shell.json {
            Display::Quiet
        } else {
            Display::Lines { stages: vec![Stage::Waiting; steps], interval, last: Instant::now() }
        };
        Ok(Self { shell, meters: (0..steps).map(|_| RateMeter::default()).collect(), display })
    }

    /// Updates the display of the steps.
    pub(super) fn show(&mut self, steps: &[StepSnapshot]) {
        let now = Instant::now();
        for (meter, step) in self.meters.iter_mut().zip(steps).filter(|(_, s)| s.state.is_none()) {
            meter.add(now, rows(step), step.progress.map_or(0, |(done, _)| done));
        }
        let shell = self.shell;
        match &mut self.display {
            Display::Live { drawn, ticks, stage } => {
                let spinner = SPINNER[*ticks % SPINNER.len()];
                let size = shell.terminal_size();
                let lines = frame(steps, &self.meters, stage, spinner, size);
                *ticks += 1;
                shell.redraw(
                    *drawn,
                    &lines.iter().map(|line| format!("{line}\n")).collect::<String>(),
                );
                *drawn = lines.len();
            }
            Display::Lines { stages, interval, last } => {
                let is_due = now.duration_since(*last) >= *interval;
                if is_due {
                    *last = now;
                }
                for ((previous, step), meter) in stages.iter_mut().zip(steps).zip(&self.meters) {
                    let stage = stage_of(step);
                    let has_changed = *previous != stage;
                    let text = match stage {
                        Stage::Ended if has_changed && shell.verbose => joined(parts(step, meter)),
                        Stage::Running if is_due => joined(parts(step, meter)),
                        Stage::Running if has_changed && shell.verbose => "started".to_owned(),
                        _ => String::new(),
                    };
                    *previous = stage;
                    if !text.is_empty() {
                        shell.note(&format!("{}: {text}", escape_control(&step.id)));
                    }
                }
            }
            Display::Quiet => {}
        }
    }

    /// Shows a note from a remote run.
    pub(super) fn note(&mut self, note: &Notice) {
        match (note, &mut self.display) {
            (Notice::Info(text), _) => self.say(&escape_control(text)),
            (Notice::Verbose(text), _) if self.shell.verbose => self.say(&escape_control(text)),
            (Notice::Stage(text), Display::Live { stage, .. }) => {
                *stage = escape_control(text).into_owned();
            }
            (Notice::Verbose(_) | Notice::Stage(_), _) => {}
        }
    }

    /// Prints a line that stays.
    pub(super) fn say(&mut self, text: &str) {
        match &mut self.display {
            Display::Live { drawn, .. } => {
                self.shell.redraw(std::mem::take(drawn), "");
                self.shell.note(text);
            }
            Display::Lines { .. } => self.shell.note(text),
            Display::Quiet => {}
        }
    }

    /// Shows the final state and removes the live lines, since the result repeats it.
    pub(super) fn close(&mut self, steps: &[StepSnapshot]) {
        match &mut self.display {
            Display::Live { drawn, .. } => self.shell.redraw(std::mem::take(drawn), ""),
            _ => self.show(steps),
        }
    }
}

/// Parses the interval between two lines.
fn interval(value: Option<String>) -> Result<Duration> {
    let Some(text) = value else { return Ok(Duration::from_secs(DEFAULT_INTERVAL)) };
    match text.parse::<u64>() {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => {
            let message = format!("`{INTERVAL}` must be a number of seconds, at least 1");
            let help = format!("run `export {INTERVAL}={DEFAULT_INTERVAL}`, or unset the variable");
            Err(Error::invalid(Diagnostic::new(Code::UsageInvalid, message).help(help)))
        }
    }
}

fn stage_of(step: &StepSnapshot) -> Stage {
    match step.state {
        None => Stage::Running,
        Some(StepState::Pending) => Stage::Waiting,
        Some(_) => Stage::Ended,
    }
}

/// Returns the lines of the live display, none wider than the terminal and fewer than it has rows.
fn frame(
    steps: &[StepSnapshot],
    meters: &[RateMeter],
    stage: &str,
    spinner: &str,
    (columns, rows): (usize, usize),
) -> Vec<String> {
    // A character in the last column would move some terminals to the next line.
    let width = columns.saturating_sub(1);
    let widest = steps.iter().map(|step| step.id.len()).max().unwrap_or(0);
    let widest = widest.min((width / 3).max(8));
    let mut lines = Vec::new();
    if !stage.is_empty() {
        let text = cut(stage, width.saturating_sub(3)).into_owned();
        lines.push(format!("{spinner} {}", paint(DIM, &text)));
    }
    let room = rows.saturating_sub(lines.len() + 2).max(1);
    for (step, meter) in steps.iter().zip(meters).take(room) {
        let glyph = match stage_of(step) {
            Stage::Running => spinner,
            _ => " ",
        };
        let id = cut(&step.id, widest.saturating_sub(1)).into_owned();
        let id = if step.id.len() <= widest { step.id.clone() } else { id };
        let text = fit(parts(step, meter), width.saturating_sub(widest + 4));
        lines.push(format!("{glyph} {id:<widest$}  {text}"));
    }
    if steps.len() > room {
        let text = format!("  and {} more steps", steps.len() - room);
        lines.push(paint(DIM, &cut(&text, width.saturating_sub(1))));
    }
    lines
}

/// A part of the text about a step.
struct Part {
    text: String,
    style: anstyle::Style,
    /// The highest part is left out first where a line is too long.
    rank: u8,
}

/// Returns the rows that tell the most about a step.
fn rows(step: &StepSnapshot) -> u64 {
    step.rows_out.max(step.rows_in)
}

/// Describes a step like `1,000,000 rows  40 %  2,500,000 rows/s  58.20 MiB/s  0.4 s  ETA 1 s`.
fn parts(step: &StepSnapshot, meter: &RateMeter) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = |rank: u8, text: String, style| parts.push(Part { text, style, rank });
    let plain = anstyle::Style::new();
    let (word, style) = match step.state {
        Some(StepState::Pending) => ("waiting", DIM),
        Some(StepState::Failed) => ("failed", ERROR),
        Some(StepState::Cancelled) => ("stopped", WARN),
        Some(StepState::Success) => ("done", SUCCESS),
        None => ("", plain),
    };
    if !word.is_empty() {
        part(0, word.to_owned(), style);
    }
    if step.state == Some(StepState::Pending) {
        return parts;
    }
    let elapsed = milliseconds(u64::try_from(step.elapsed.as_millis()).unwrap_or(u64::MAX));
    let rows = rows(step);
    if step.state.is_some() {
        part(1, format!("{} rows", count(rows)), plain);
        // Shorter times say more about the start of a step than about its speed.
        if step.active >= Duration::from_secs(1) {
            let rate = rows as f64 / step.active.as_secs_f64();
            part(4, format!("{} rows/s", count(rate as u64)), plain);
        }
        part(3, elapsed, plain);
        return parts;
    }
    if rows == 0 {
        part(1, "no rows yet".to_owned(), DIM);
    } else {
        part(1, format!("{} rows", count(rows)), plain);
    }
    let (mut byte_rate, mut eta) = (None, None);
    let rate = meter.per_second();
    if let Some((done, Some(total))) =
        step.progress.filter(|(_, total)| total.is_some_and(|t| t > 0))
    {
        let done = done.min(total);
        part(2, format!("{} %", u128::from(done) * 100 / u128::from(total)), plain);
        if let Some((_, units)) = rate.filter(|(_, units)| *units > 0.0) {
            byte_rate = step.bytes.then(|| format!("{}/s", format_bytes(units as u64)));
            eta = Some(whole_seconds(((total - done) as f64 / units).ceil() as u64));
        }
    }
    if let Some((rows, _)) = rate {
        part(4, format!("{} rows/s", count(rows as u64)), plain);
    }
    if let Some(text) = byte_rate {
        part(6, text, plain);
    }
    part(5, elapsed, DIM);
    if let Some(text) = eta {
        part(3, format!("ETA {text}"), plain);
    }
    parts
}

/// Joins parts.
fn joined(parts: Vec<Part>) -> String {
    let texts: Vec<_> = parts.iter().map(|part| paint(part.style, &part.text)).collect();
    texts.join("  ")
}

/// Joins the parts that fit into `width` columns.
fn fit(mut parts: Vec<Part>, width: usize) -> String {
    let total = |parts: &[Part]| -> usize {
        parts.iter().map(|part| part.text.width() + 2).sum::<usize>().saturating_sub(2)
    };
    while total(&parts) > width && parts.len() > 1 {
        let highest = parts.iter().map(|part| part.rank).max();
        parts.retain(|part| Some(part.rank) != highest);
    }
    if let [only] = parts.as_mut_slice()
        && only.text.width() > width
    {
        only.text = cut(&only.text, width.saturating_sub(1)).into_owned();
    }
    joined(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use osiris_core::contract::Mode;

    const MIB: u64 = 1 << 20;

    fn running() -> StepSnapshot {
        StepSnapshot {
            id: "read-orders".to_owned(),
            mode: Mode::Extract,
            state: None,
            rows_in: 0,
            rows_out: 2_000_000,
            progress: Some((100 * MIB, Some(400 * MIB))),
            bytes: true,
            elapsed: Duration::from_secs(4),
            active: Duration::from_secs(2),
        }
    }

    /// Returns a meter after two seconds of work at the speed of the step, and a scan before.
    fn meter() -> RateMeter {
        let (start, mut meter) = (Instant::now(), RateMeter::default());
        meter.add(start, 0, 0);
        meter.add(start + Duration::from_secs(2), 0, 0);
        meter.add(start + Duration::from_secs(4), 2_000_000, 100 * MIB);
        meter
    }

    fn plain(step: &StepSnapshot, width: usize) -> String {
        anstream::adapter::strip_str(&fit(parts(step, &meter()), width)).to_string()
    }

    #[test]
    fn running_step_shows_share_rates_and_remaining_time() {
        assert_eq!(
            plain(&running(), 200),
            "2,000,000 rows  25 %  1,000,000 rows/s  50.00 MiB/s  4.0 s  ETA 6 s"
        );
        let other_unit = StepSnapshot { bytes: false, ..running() };
        assert_eq!(
            plain(&other_unit, 200),
            "2,000,000 rows  25 %  1,000,000 rows/s  4.0 s  ETA 6 s"
        );
        let unknown = StepSnapshot { progress: Some((7, None)), ..running() };
        assert_eq!(plain(&unknown, 200), "2,000,000 rows  1,000,000 rows/s  4.0 s");
        let scanning = StepSnapshot { rows_out: 0, progress: None, ..running() };
        let text = fit(parts(&scanning, &RateMeter::default()), 200);
        assert_eq!(anstream::adapter::strip_str(&text).to_string(), "no rows yet  4.0 s");
    }

    #[test]
    fn ended_step_shows_its_speed_without_waits() {
        let ended = StepSnapshot { state: Some(StepState::Success), ..running() };
        assert_eq!(plain(&ended, 200), "done  2,000,000 rows  1,000,000 rows/s  4.0 s");
        let short = StepSnapshot { active: Duration::from_millis(3), ..ended };
        assert_eq!(plain(&short, 200), "done  2,000,000 rows  4.0 s");
        let waiting = StepSnapshot { state: Some(StepState::Pending), ..running() };
        assert_eq!(plain(&waiting, 200), "waiting");
    }

    #[test]
    fn lines_never_exceed_the_terminal() {
        let long = StepSnapshot { id: "x".repeat(64), ..running() };
        let steps =
            vec![running(), long, StepSnapshot { state: Some(StepState::Pending), ..running() }];
        let meters = [meter(), meter(), meter()];
        for columns in 1..120 {
            for stage in ["", "uploading 3 of 12 files to the sandbox"] {
                let lines = frame(&steps, &meters, stage, "⠋", (columns, 24));
                for line in &lines {
                    let line = anstream::adapter::strip_str(line).to_string();
                    assert!(columns < 20 || line.width() < columns, "{columns}: {line}");
                }
            }
        }
        let lines = frame(&steps, &meters, "", "⠋", (40, 24));
        let lines: Vec<_> =
            lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
        assert_eq!(lines[0], "⠋ read-orders    2,000,000 rows  25 %");
        let many = vec![running(); 50];
        let meters: Vec<_> = (0..50).map(|_| meter()).collect();
        let lines = frame(&many, &meters, "", "⠋", (80, 10));
        assert!(lines.len() < 10 && lines.last().unwrap().contains("and 42 more steps"));
    }

    #[test]
    fn interval_is_a_positive_number_of_seconds() {
        assert_eq!(interval(None).unwrap(), Duration::from_secs(30));
        assert_eq!(interval(Some("2".to_owned())).unwrap(), Duration::from_secs(2));
        for text in ["", "0", "-1", "soon"] {
            assert!(interval(Some(text.to_owned())).is_err(), "{text}");
        }
    }
}
