//! Result of checking a connection.

use std::time::Duration;

/// Result of checking a connection, returned by [`Driver::doctor`](crate::Driver::doctor).
///
/// ```
/// use std::time::Duration;
///
/// use osiris_sdk::{Category, Health};
///
/// let latency = Some(Duration::from_millis(12));
/// let well = Health { latency, ..Health::ok("db.example answers") };
/// assert_eq!(well.category, Category::Ok);
///
/// // Message for the user: what was tried, and how to fix it.
/// let ill = Health::new(Category::Auth, "db.example refuses user `reader`: check the password");
/// assert_eq!(ill.category.as_str(), "auth");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Category of the result.
    pub category: Category,
    /// Time that the service took to answer.
    pub latency: Option<Duration>,
    /// Message for the user. Must not contain secrets.
    pub message: String,
}

impl Health {
    /// Creates a result without a latency.
    pub fn new(category: Category, message: impl Into<String>) -> Self {
        Self { category, latency: None, message: message.into() }
    }

    /// Creates a result for a working connection.
    pub fn ok(message: impl Into<String>) -> Self {
        Self::new(Category::Ok, message)
    }

    /// Creates a result for a connection in an unknown state.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Category::Unknown, message)
    }
}

/// Category of a connection check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// The connection works.
    Ok,
    /// The service could not authenticate the user.
    Auth,
    /// The service cannot be reached.
    Network,
    /// The service denied access.
    Permission,
    /// The service takes too long to answer.
    Timeout,
    /// The state is unknown, or there is another problem.
    Unknown,
}

impl Category {
    /// Returns the contract's name of the category.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Auth => "auth",
            Self::Network => "network",
            Self::Permission => "permission",
            Self::Timeout => "timeout",
            Self::Unknown => "unknown",
        }
    }
}
