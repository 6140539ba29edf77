//! The speed of a step over the last seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The part of the past that counts.
const WINDOW: Duration = Duration::from_secs(5);

/// The shortest time from which a rate is computed.
const SHORTEST: Duration = Duration::from_millis(300);

/// Measures the speed of one step. The time before the first row does not count: the step waits for
/// another one, or its driver looks at the data first.
#[derive(Debug, Default)]
pub(super) struct RateMeter {
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    rows: u64,
    units: u64,
}

impl RateMeter {
    /// Adds the rows and units of progress up to now.
    pub(super) fn add(&mut self, at: Instant, rows: u64, units: u64) {
        if rows == 0 {
            self.samples.clear();
        }
        self.samples.push_back(Sample { at, rows, units });
        while self.samples.get(1).is_some_and(|second| at - second.at >= WINDOW) {
            self.samples.pop_front();
        }
    }

    /// Returns the rows and the units per second, or `None` if it is too early to tell.
    pub(super) fn per_second(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let time = last.at - first.at;
        let per_second = |from: u64, to: u64| to.saturating_sub(from) as f64 / time.as_secs_f64();
        (time >= SHORTEST)
            .then(|| (per_second(first.rows, last.rows), per_second(first.units, last.units)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_counts_the_last_seconds_only() {
        let start = Instant::now();
        let mut meter = RateMeter::default();
        let add = |meter: &mut RateMeter, tenths: u64, rows: u64| {
            meter.add(start + Duration::from_millis(100 * tenths), rows, 10 * rows);
        };
        // Two seconds of looking at the data.
        (0..=20).for_each(|tenths| add(&mut meter, tenths, 0));
        assert_eq!(meter.per_second(), None);
        // Then 100 rows each 100 ms.
        (1..=10).for_each(|step| add(&mut meter, 20 + step, 100 * step));
        let (rows, units) = meter.per_second().unwrap();
        assert!((rows - 1000.0).abs() < 1e-6 && (units - 10_000.0).abs() < 1e-6, "{rows} {units}");
        // Then a wait that is longer than the window.
        (0..=60).for_each(|step| add(&mut meter, 31 + step, 1000));
        assert_eq!(meter.per_second(), Some((0.0, 0.0)));
    }
}
