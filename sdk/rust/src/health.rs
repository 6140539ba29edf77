//! How a connection is.

use std::time::Duration;

/// What a look at a connection found, as [`Driver::doctor`](crate::Driver::doctor) tells it.
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
/// // For a person: what was tried, and what to do about it.
/// let ill = Health::new(Category::Auth, "db.example refuses user `reader`: check the password");
/// assert_eq!(ill.category.as_str(), "auth");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The finding.
    pub category: Category,
    /// How long the service took to answer.
    pub latency: Option<Duration>,
    /// For a person. No secrets.
    pub message: String,
}

impl Health {
    /// A finding without a latency.
    pub fn new(category: Category, message: impl Into<String>) -> Self {
        Self { category, latency: None, message: message.into() }
    }

    /// All is well.
    pub fn ok(message: impl Into<String>) -> Self {
        Self::new(Category::Ok, message)
    }

    /// Nothing can be said.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Category::Unknown, message)
    }
}

/// What is the matter with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Nothing.
    Ok,
    /// The service does not know who asks.
    Auth,
    /// The service cannot be reached.
    Network,
    /// The service knows who asks and refuses.
    Permission,
    /// The service takes too long.
    Timeout,
    /// Something else, or nobody knows.
    Unknown,
}

impl Category {
    /// The contract's name for it.
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
