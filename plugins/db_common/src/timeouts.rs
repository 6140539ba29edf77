//! Time limits.

use std::time::Duration;

/// Time limits of a driver.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection, until the server has let the user in.
    pub connect: Duration,
    /// For each answer after that.
    pub read: Duration,
    /// For the end of each statement, unless a statement may take as long as it likes.
    pub statement: Option<Duration>,
}

impl Timeouts {
    /// Creates time limits from seconds, without one for statements.
    #[must_use]
    pub fn new(connect: f64, read: f64) -> Self {
        Self { connect: duration(connect), read: duration(read), statement: None }
    }

    /// Limits each statement to so many seconds, unless they are 0.
    #[must_use]
    pub fn with_statement(self, seconds: f64) -> Self {
        Self { statement: (seconds > 0.0).then(|| duration(seconds)), ..self }
    }
}

fn duration(seconds: f64) -> Duration {
    // A hundred days are for ever.
    Duration::from_secs_f64(seconds.clamp(0.001, 8.64e6))
}

/// Returns the default of `connect_timeout`, in seconds.
#[must_use]
pub fn connect_timeout() -> f64 {
    10.0
}

/// Returns the default of `read_timeout`, in seconds.
#[must_use]
pub fn read_timeout() -> f64 {
    300.0
}
