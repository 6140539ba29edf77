//! What a driver author implements.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Context, DataType, Error, Input, Output, Result};

/// A driver. [`export!`](crate::export) makes a component of it.
pub trait Driver {
    /// A step's configuration. The host has checked it against the spec's
    /// `configSchema` and filled in the defaults.
    type Config: DeserializeOwned;

    /// Runs one step: an extractor gets no inputs, a writer one and no output.
    ///
    /// # Errors
    /// Whatever keeps the step from being done. What it did so far must be
    /// undone.
    fn run(
        ctx: &Context,
        step: Step<Self::Config>,
        inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary>;

    /// Lists what can be read or written, in a stable order.
    ///
    /// # Errors
    /// Kind `unsupported` unless the driver has its own.
    fn discover(ctx: &Context, config: Self::Config) -> Result<Vec<Dataset>> {
        let _ = (ctx, config);
        Err(Error::unsupported("this driver cannot list what is there"))
    }

    /// Checks a connection. Never fails: what goes wrong is the answer.
    fn doctor(ctx: &Context, connection: Value, timeout: Duration) -> Health {
        let _ = (ctx, connection, timeout);
        Health::unknown("this driver cannot check a connection")
    }
}

/// One step of a pipeline.
#[derive(Debug, Clone)]
pub struct Step<C> {
    /// Its name in the pipeline.
    pub id: String,
    /// What it is to do.
    pub mode: Mode,
    /// How.
    pub config: C,
    /// Which share of it, if it was split.
    pub partition: Option<Partition>,
}

/// What a step does with a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Makes a table from the outside.
    Extract,
    /// Makes a table from tables.
    Transform,
    /// Takes one table to the outside.
    Write,
}

impl Mode {
    /// The contract's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Transform => "transform",
            Self::Write => "write",
        }
    }
}

/// One share of a step that is split to run in parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Which one, from 0.
    pub index: u32,
    /// Of how many.
    pub count: u32,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows that reached their destination; only a writer knows.
    pub rows_written: Option<u64>,
}

/// Something that can be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// What the service calls it.
    pub name: String,
    /// One of table, view, file, endpoint, collection and stream.
    pub kind: String,
    /// About how many rows there are.
    pub estimated_rows: Option<u64>,
    /// What is known of its columns.
    pub columns: Vec<DatasetColumn>,
}

/// A column of a [`Dataset`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetColumn {
    /// As it is in the source.
    pub name: String,
    /// What its values become.
    pub data_type: DataType,
    /// The service's own name for the type.
    pub native_type: String,
    /// Whether a value may be missing.
    pub nullable: bool,
    /// Whether it is part of the primary key.
    pub primary_key: bool,
}

/// What a look at a connection found.
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
