//! What a driver author implements.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Context, DataType, Error, Input, Output, Result};

/// A driver. [`export!`](crate::export) makes a component of it.
///
/// ```
/// use osiris_sdk::{
///     Context, Driver, Error, Input, Kind, Mode, Output, Result, Step, Summary, testing,
/// };
/// use serde_json::json;
///
/// /// Lets the first batches through.
/// struct Head;
///
/// #[derive(serde::Deserialize)]
/// struct Config {
///     batches: usize,
/// }
///
/// impl Driver for Head {
///     type Config = Config;
///
///     fn run(
///         ctx: &Context,
///         step: Step<Config>,
///         inputs: Vec<Input>,
///         output: Option<Output>,
///     ) -> Result<Summary> {
///         let mut input = Input::only(inputs)?;
///         let mut output = output.ok_or_else(|| Error::unsupported("this driver only transforms"))?;
///         output.open(input.schema()?)?;
///         for _ in 0..step.config.batches {
///             let Some(batch) = input.next()? else { break };
///             output.forward(&batch)?; // without a copy
///         }
///         ctx.info("the rest is left");
///         Ok(Summary::default())
///     }
/// }
///
/// # use osiris_sdk::{DataType, Field, Schema};
/// # let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
/// let table = testing::Table::from_rows(&schema, &json!([[1], [2]])).with_rows(&json!([[3]]));
/// let head = |config| testing::run::<Head>(config).mode(Mode::Transform).input("orders", &table);
/// head(json!({"batches": 1})).expect_ok().assert_rows(&json!([[1], [2]]));
/// head(json!({"batches": 9})).expect_ok().assert_rows(&json!([[1], [2], [3]]));
/// let error = head(json!({"batches": "all"})).expect_err(Kind::Config);
/// assert_eq!(error.message, "config field `batches`: invalid type: string \"all\", expected usize");
/// ```
pub trait Driver {
    /// A step's configuration. The host has checked it against the spec's
    /// `configSchema` and filled in the defaults. A step with a connection has it
    /// in the field `resolved_connection`, secrets included: keep those out of
    /// messages and logs. `serde_json::Value` will do for a driver without any.
    ///
    /// ```
    /// use serde::Deserialize;
    /// # use osiris_sdk::{Kind, testing};
    /// # use serde_json::json;
    ///
    /// #[derive(Deserialize)]
    /// struct Config {
    ///     table: String,
    ///     #[serde(default)]
    ///     columns: Vec<String>,
    ///     resolved_connection: Connection,
    /// }
    ///
    /// #[derive(Deserialize)] // and no `Debug`, which would print the password
    /// struct Connection {
    ///     host: String,
    ///     port: u16,
    ///     password: String,
    /// }
    /// # struct Service;
    /// # impl osiris_sdk::Driver for Service {
    /// #     type Config = Config;
    /// #     fn run(
    /// #         _: &osiris_sdk::Context,
    /// #         _: osiris_sdk::Step<Self::Config>,
    /// #         _: Vec<osiris_sdk::Input>,
    /// #         _: Option<osiris_sdk::Output>,
    /// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
    /// #         unimplemented!()
    /// #     }
    /// # }
    ///
    /// // What does not fit is an error by itself; it names the field, and no secret.
    /// let connection = json!({"host": "db.example", "port": "hunter2", "password": "hunter2"});
    /// let config = json!({"table": "orders", "resolved_connection": connection});
    /// let error = testing::run::<Service>(config).expect_err(Kind::Config);
    /// assert_eq!(error.message, "config field `resolved_connection.port`: expected u16");
    /// ```
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

    /// Lists what can be read or written, in a stable order: the answer to
    /// `osiris discover @family.alias`. The spec says `capabilities: {discover:
    /// true}`.
    ///
    /// ```
    /// use osiris_sdk::{Context, DataType, Dataset, DatasetColumn, Driver, Result, testing};
    /// # use osiris_sdk::{Input, Output, Step, Summary};
    /// use serde_json::{Value, json};
    ///
    /// struct Inbox;
    ///
    /// impl Driver for Inbox {
    ///     type Config = Value;
    /// #     fn run(
    /// #         _: &Context, _: Step<Value>, _: Vec<Input>, _: Option<Output>,
    /// #     ) -> Result<Summary> {
    /// #         Ok(Summary::default())
    /// #     }
    ///
    ///     fn discover(_: &Context, _config: Value) -> Result<Vec<Dataset>> {
    ///         let id = DatasetColumn {
    ///             name: "id".into(),
    ///             data_type: DataType::Int64,
    ///             native_type: "BIGINT UNSIGNED".into(),
    ///             nullable: false,
    ///             primary_key: true,
    ///         };
    ///         Ok(vec![Dataset {
    ///             name: "messages".into(),
    ///             kind: "table".into(),
    ///             estimated_rows: Some(1200),
    ///             columns: vec![id],
    ///         }])
    ///     }
    /// }
    ///
    /// let found = testing::discover::<Inbox>(json!({})).unwrap();
    /// assert_eq!(found[0].name, "messages");
    /// assert!(found[0].columns[0].primary_key);
    /// ```
    ///
    /// # Errors
    /// Kind `unsupported` unless the driver has its own.
    fn discover(ctx: &Context, config: Self::Config) -> Result<Vec<Dataset>> {
        let _ = (ctx, config);
        Err(Error::unsupported("this driver cannot list what is there"))
    }

    /// Checks a connection: the answer to `osiris connections doctor`. Never
    /// fails: what goes wrong is the answer. The spec says `capabilities: {doctor:
    /// true}`.
    ///
    /// ```
    /// use std::net::{TcpStream, ToSocketAddrs};
    /// use std::time::{Duration, Instant};
    ///
    /// use osiris_sdk::{Category, Context, Driver, Health, testing};
    /// # use osiris_sdk::{Input, Output, Result, Step, Summary};
    /// use serde_json::{Value, json};
    ///
    /// struct Service;
    ///
    /// impl Driver for Service {
    ///     type Config = Value;
    /// #     fn run(
    /// #         _: &Context, _: Step<Value>, _: Vec<Input>, _: Option<Output>,
    /// #     ) -> Result<Summary> {
    /// #         Ok(Summary::default())
    /// #     }
    ///
    ///     fn doctor(_: &Context, connection: Value, timeout: Duration) -> Health {
    ///         let Some(address) = connection["address"].as_str() else {
    ///             return Health::unknown("the connection has no `address`");
    ///         };
    ///         let started = Instant::now();
    ///         let dialled = address.to_socket_addrs().and_then(|mut found| {
    ///             let found = found.next().ok_or(std::io::ErrorKind::NotFound)?;
    ///             TcpStream::connect_timeout(&found, timeout)
    ///         });
    ///         match dialled {
    ///             Ok(_) => Health { latency: Some(started.elapsed()), ..Health::ok("it answers") },
    ///             Err(error) => Health::new(Category::Network, format!("{address}: {error}")),
    ///         }
    ///     }
    /// }
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let address = server.local_addr().unwrap().to_string();
    /// let doctor = |connection| testing::doctor::<Service>(connection, Duration::from_secs(5));
    /// assert_eq!(doctor(json!({"address": address})).category, Category::Ok);
    /// let nobody = doctor(json!({"address": "127.0.0.1:0"}));
    /// assert_eq!(nobody.category, Category::Network);
    /// assert_eq!(doctor(json!({})).message, "the connection has no `address`");
    /// ```
    fn doctor(ctx: &Context, connection: Value, timeout: Duration) -> Health {
        let _ = (ctx, connection, timeout);
        Health::unknown("this driver cannot check a connection")
    }
}

/// One step of a pipeline.
///
/// ```
/// use osiris_sdk::{Step, testing};
/// # use osiris_sdk::{BatchBuilder, ColumnBuilder, DataType, Field, Output, Schema, Summary};
/// # use serde_json::json;
///
/// /// Which numbers below 10 are this step's, if it is one of several.
/// fn own(step: &Step<serde_json::Value>) -> Vec<i64> {
///     let (index, count) = step.partition.map_or((0, 1), |part| (part.index, part.count));
///     (0..10).filter(|n| n % i64::from(count) == i64::from(index)).collect()
/// }
/// # struct Numbers;
/// # impl osiris_sdk::Driver for Numbers {
/// #     type Config = serde_json::Value;
/// #     fn run(
/// #         _: &osiris_sdk::Context,
/// #         step: osiris_sdk::Step<Self::Config>,
/// #         _: Vec<osiris_sdk::Input>,
/// #         output: Option<osiris_sdk::Output>,
/// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
/// #         let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
/// #         let mut output = output.unwrap();
/// #         output.open(&schema)?;
/// #         let mut batch = BatchBuilder::new(&schema);
/// #         if let ColumnBuilder::Int64(column) = &mut batch.columns[0] {
/// #             column.extend_from_slice(&own(&step));
/// #         }
/// #         output.send(&mut batch)?;
/// #         Ok(Summary::default())
/// #     }
/// # }
///
/// let report = testing::run::<Numbers>(json!({})).partition(1, 4).expect_ok();
/// report.assert_rows(&json!([[1], [5], [9]]));
/// ```
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

/// What a step does with a driver. The spec's `modes` says which ones there can
/// be; a driver with one mode need not ask.
///
/// ```
/// use osiris_sdk::Mode;
///
/// assert_eq!([Mode::Extract, Mode::Write].map(Mode::as_str), ["extract", "write"]);
/// ```
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

/// How a step ended. `Summary::default()` is the answer of whatever has an
/// output: the host counts its rows.
///
/// ```
/// use osiris_sdk::{Mode, Summary, testing};
/// # use osiris_sdk::{DataType, Field, Schema};
/// # use serde_json::json;
/// # struct Writer;
/// # impl osiris_sdk::Driver for Writer {
/// #     type Config = serde_json::Value;
/// #     fn run(
/// #         _: &osiris_sdk::Context,
/// #         _: osiris_sdk::Step<Self::Config>,
/// #         inputs: Vec<osiris_sdk::Input>,
/// #         _: Option<osiris_sdk::Output>,
/// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
/// # let mut input = osiris_sdk::Input::only(inputs)?;
/// let mut rows = 0;
/// while let Some(batch) = input.next()? {
///     // ... where the rows are written ...
///     rows += batch.rows() as u64;
/// }
/// Ok(Summary { rows_written: Some(rows) })
/// #     }
/// # }
///
/// # let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
/// # let table = testing::Table::from_rows(&schema, &json!([[1], [2]]));
/// let run = testing::run::<Writer>(json!({})).mode(Mode::Write).input("orders", &table);
/// assert_eq!(run.expect_ok().result.unwrap().rows_written, Some(2));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows that reached their destination; only a writer knows.
    pub rows_written: Option<u64>,
}

/// Something that can be read or written, as [`Driver::discover`] tells it.
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

/// What a look at a connection found, as [`Driver::doctor`] tells it.
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
