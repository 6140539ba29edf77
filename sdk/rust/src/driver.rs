//! The trait that a driver implements.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Context, Dataset, Error, Health, Input, Output, Result, Step, Summary};

/// A driver. [`export!`](crate::export) turns an implementation into a component.
///
/// ```
/// use osiris_sdk::{
///     Context, Driver, Error, Input, Kind, Mode, Output, Result, Step, Summary, testing,
/// };
/// use serde_json::json;
///
/// /// Forwards the first batches.
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
    /// Configuration of a step. The host has checked it against the spec's `configSchema` and
    /// filled in the defaults. If the step has a connection, the field `resolved_connection`
    /// contains the connection, including its secrets: keep those out of messages and logs. A
    /// driver without a configuration can use `serde_json::Value`.
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
    /// #         Ok(osiris_sdk::Summary::default())
    /// #     }
    /// # }
    ///
    /// // A mismatch is an error by itself; its message names the field, and contains no secret.
    /// let connection = json!({"host": "db.example", "port": "hunter2", "password": "hunter2"});
    /// let config = json!({"table": "orders", "resolved_connection": connection});
    /// let error = testing::run::<Service>(config).expect_err(Kind::Config);
    /// assert_eq!(error.message, "config field `resolved_connection.port`: expected u16");
    /// ```
    type Config: DeserializeOwned;

    /// Runs one step. An extractor gets no inputs; a writer gets one input and no output.
    ///
    /// # Errors
    /// Returns an error if the step cannot be completed. The driver must first undo its work.
    fn run(
        ctx: &Context,
        step: Step<Self::Config>,
        inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary>;

    /// Lists the datasets that can be read or written, in a stable order: the result of
    /// `osiris discover @family.alias`. The spec must declare `capabilities: {discover: true}`.
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
    /// Returns an error of kind `unsupported` unless the driver overrides this function.
    fn discover(ctx: &Context, config: Self::Config) -> Result<Vec<Dataset>> {
        let _ = (ctx, config);
        Err(Error::unsupported("this driver cannot list what is there"))
    }

    /// Checks a connection: the result of `osiris connections doctor`. Never fails: problems are
    /// part of the result. The spec must declare `capabilities: {doctor: true}`.
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
