//! A connection to a server.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::future::Future;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use db_common::Timeouts;
use db_common::tls::Ciphers;
use osiris_sdk::{Context, Error, Result, retry};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::tls::NoTls;
use tokio_postgres::{Client, Config, SimpleQueryMessage};

use crate::auth::{Allowed, Guarded};
use crate::error::explain;
use crate::tls::{Tls, lacks_ciphers};
use crate::{Connection, Settings, SslMode, identifier};

/// A read of the socket moves so much at a time: each is a call out of
/// the sandbox.
const BUFFER: usize = 256 << 10;
/// The time in which a connection says goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Lists statements that a client left on the server's connection, which a pooler hands from
/// one client to the next. The protocol's names begin anew in every process, so they clash.
const LEFT_OVER: &str = "SELECT name AS left_over FROM pg_catalog.pg_prepared_statements \
                         WHERE name ~ '^s[0-9]+$'";

type Socket = BufReader<TcpStream>;
type Traffic = JoinHandle<Result<(), tokio_postgres::Error>>;

/// The kind of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads.
    Read,
    /// It writes.
    Write,
}

/// A connection with everything that drives it. Nothing happens on it but
/// within [`wait`](Self::wait), and all of it in one transaction, from [`begin`](Self::begin) to
/// [`commit`](Self::commit): a pooler may give the next one to another server connection.
#[derive(Debug)]
pub struct Session {
    /// The protocol.
    pub client: Client,
    /// True if the server does not know the encoding of its texts.
    pub raw_text: bool,
    /// The time that the server may take for an answer.
    pub patience: Duration,
    /// True if the step says how long a statement may take.
    pub(crate) has_statement_timeout: bool,
    access: Cell<Access>,
    settings: String,
    server: String,
    traffic: RefCell<Option<Traffic>>,
    // Last, so that everything else is gone before it.
    runtime: Runtime,
}

impl Session {
    /// Connects, up to three times if that may help.
    ///
    /// # Errors
    /// Returns an error that says what is in the way.
    pub fn open(ctx: &Context, connection: &Connection, timeouts: Timeouts) -> Result<Self> {
        retry(ctx, || Self::connect(connection, timeouts))
    }

    /// Connects.
    ///
    /// # Errors
    /// Returns an error that says what is in the way.
    pub fn connect(connection: &Connection, timeouts: Timeouts) -> Result<Self> {
        let server = connection.address();
        let place = |error: Error| error.context(format_args!("PostgreSQL at {server}"));
        let addresses = resolve(connection).map_err(place)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let dial = |ciphers| {
            let tls = match connection.sslmode {
                SslMode::Disable => None,
                _ => Some(Tls::new(connection, ciphers)?),
            };
            runtime.block_on(async {
                let socket = reach(&addresses, timeouts.connect).await?;
                timeout(timeouts.connect, sign_in(connection, socket, tls)).await.map_err(|_| {
                    Error::timeout(format!(
                        "it took the connection and said nothing for {:?}; check that `port` is \
                         that of a PostgreSQL server, or raise `connect_timeout`",
                        timeouts.connect
                    ))
                })
            })
        };
        let mut connected = dial(Ciphers::Fast).map_err(place)?;
        if connected.as_ref().is_err_and(lacks_ciphers) {
            connected = dial(Ciphers::All).map_err(place)?;
        }
        let (client, traffic, raw_text) =
            connected.map_err(|error| place(explain(&error, Access::Read)))?;
        let traffic = RefCell::new(Some(traffic));
        let (access, settings) =
            (Cell::new(Access::Read), settings(connection, timeouts, raw_text));
        let (patience, has_statement_timeout) = (timeouts.read, timeouts.statement.is_some());
        Ok(Self {
            client,
            raw_text,
            patience,
            has_statement_timeout,
            access,
            settings,
            server,
            traffic,
            runtime,
        })
    }

    /// Begins the transaction, with the driver's settings and the user's, which end with it.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), or kind `config` if a setting cannot be made.
    pub fn begin(&self, access: Access, settings: &Settings) -> Result<()> {
        self.access.set(access);
        let mode = if access == Access::Read { " READ ONLY" } else { "" };
        let left_over = self.left_over(&format!("BEGIN{mode}; {}; ", self.settings))?;
        if !left_over.is_empty() {
            self.run(&left_over)?;
        }
        self.apply(settings)
    }

    /// Commits the transaction, and leaves nothing on the server's connection.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn commit(&self) -> Result<()> {
        let left_over = self.left_over("")?;
        self.run(&format!("{left_over}COMMIT"))
    }

    /// Undoes the transaction. If that fails, the server does it when the connection ends.
    pub fn rollback(&self) {
        let _ = self.run("ROLLBACK");
    }

    /// Runs statements, and returns others that free the names of [`LEFT_OVER`].
    fn left_over(&self, first: &str) -> Result<String> {
        let sql = format!("{first}{LEFT_OVER}");
        let messages = self.wait(self.client.simple_query(&sql))?;
        let names = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get("left_over").ok().flatten(),
            _ => None,
        });
        Ok(names.map(|name| format!("DEALLOCATE {}; ", identifier(name))).collect())
    }

    /// Timeouts for an answer, and lets the connection work meanwhile.
    ///
    /// # Errors
    /// Returns the server's error, kind `timeout` if the server says nothing for too long, or kind
    /// `network` if the connection is lost.
    pub fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        match self.block_on(self.in_time(answer)) {
            Some(answer) => answer.map_err(|error| self.explain(&error)),
            None => Err(self.silent()),
        }
    }

    /// Returns the output of a future, or `None` if it takes too long.
    pub async fn in_time<F: Future>(&self, future: F) -> Option<F::Output> {
        timeout(self.patience, future).await.ok()
    }

    /// Lets a future run that looks after its time itself.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Runs statements without results.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn run(&self, sql: &str) -> Result<()> {
        self.wait(self.client.batch_execute(sql))
    }

    /// The server has said nothing for too long.
    #[must_use]
    pub fn silent(&self) -> Error {
        Error::timeout(format!(
            "PostgreSQL at {} said nothing for {:?}; raise `read_timeout` if it has so much to do",
            self.server, self.patience
        ))
    }

    /// Returns the meaning of an error of the protocol. The reason of a lost connection is in its
    /// traffic, so this must not be called within [`block_on`](Self::block_on).
    #[must_use]
    pub fn explain(&self, error: &tokio_postgres::Error) -> Error {
        let place = format_args!("PostgreSQL at {}", self.server);
        let traffic = self.traffic.borrow_mut().take_if(|_| error.is_closed());
        let ended = traffic.map(|traffic| self.block_on(async { timeout(GOODBYE, traffic).await }));
        match ended {
            Some(Ok(Ok(Err(error)))) => explain(&error, self.access.get()).context(place),
            _ if error.is_closed() => explain(error, self.access.get()).context(place),
            _ => explain(error, self.access.get()),
        }
    }

    /// Says goodbye, which ends a transaction at once.
    pub fn close(self) {
        let Self { client, traffic, runtime, .. } = self;
        drop(client);
        if let Some(traffic) = traffic.into_inner() {
            // The server sees the end of the connection anyway.
            let _ = runtime.block_on(async { timeout(GOODBYE, traffic).await });
        }
    }
}

/// Returns statements that make the server write and read values in one way, whatever its
/// settings, and wait as long as the step does, for the rest of the transaction.
fn settings(connection: &Connection, timeouts: Timeouts, raw_text: bool) -> String {
    let path = connection.schema.as_deref().map_or_else(String::new, |schema| {
        format!("; SET LOCAL search_path = {}, public", identifier(schema))
    });
    // Otherwise the server would refuse what is not UTF-8, without saying where it is.
    let encoding = if raw_text { "; SET LOCAL client_encoding = 'SQL_ASCII'" } else { "" };
    // Gives up on a lock a little before the driver gives up on the server.
    let locks = timeouts.read.mul_f64(0.9).as_millis().max(1);
    // A statement takes as long as the other steps, and the driver looks after its own waits.
    let statement = timeouts.statement.map_or(0, |limit| limit.as_millis().max(1));
    format!(
        "SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL timezone = 'UTC'; SET LOCAL intervalstyle = \
         'postgres'; SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; \
         SET LOCAL array_nulls = on; SET LOCAL standard_conforming_strings = on; \
         SET LOCAL statement_timeout = {statement}; \
         SET LOCAL idle_in_transaction_session_timeout = 0; \
         SELECT set_config('transaction_timeout', '0', true) \
         WHERE current_setting('transaction_timeout', true) <> '0'; \
         SELECT set_config('lock_timeout', '{locks}', true) \
         WHERE current_setting('lock_timeout') = '0'{path}{encoding}"
    )
}

fn resolve(connection: &Connection) -> Result<Vec<SocketAddr>> {
    connection.check()?;
    let name = (connection.host.as_str(), connection.port);
    let unknown = |why: &dyn Display| {
        Error::network(format!(
            "the name {:?} cannot be resolved: {why}; check `host` of the connection",
            connection.host
        ))
    };
    let addresses: Vec<_> = name.to_socket_addrs().map_err(|error| unknown(&error))?.collect();
    if addresses.is_empty() { Err(unknown(&"it has no address")) } else { Ok(addresses) }
}

async fn reach(addresses: &[SocketAddr], patience: Duration) -> Result<Socket> {
    let mut last = Error::network("no address");
    for address in addresses {
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Only saves time.
                let _ = stream.set_nodelay(true);
                return Ok(BufReader::with_capacity(BUFFER, stream));
            }
            Ok(Err(error)) => {
                last = Error::from(error).context(format_args!("cannot connect to {address}"));
                last.message.push_str("; check `host` and `port`, and that the server runs");
            }
            Err(_) => {
                last = Error::timeout(format!("cannot connect to {address} within {patience:?}"));
            }
        }
    }
    Err(last)
}

async fn sign_in(
    connection: &Connection,
    socket: Socket,
    tls: Option<Tls>,
) -> Result<(Client, Traffic, bool), tokio_postgres::Error> {
    let mut config = Config::new();
    config
        .user(&connection.user)
        .password(&connection.password)
        .dbname(&connection.database)
        .application_name("osiris");
    let raw = |encoding: Option<&str>| encoding == Some("SQL_ASCII");
    let in_clear = Allowed::of(connection, false);
    Ok(match tls {
        None => {
            config.ssl_mode(tokio_postgres::config::SslMode::Disable);
            let socket = Guarded::new(socket, in_clear, false);
            let (client, traffic) = config.connect_raw(socket, NoTls).await?;
            let raw = raw(traffic.parameter("server_encoding"));
            (client, tokio::spawn(traffic), raw)
        }
        Some(tls) => {
            config.ssl_mode(match connection.sslmode {
                SslMode::Disable | SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
                _ => tokio_postgres::config::SslMode::Require,
            });
            let socket = Guarded::new(socket, in_clear, true);
            let (client, traffic) = config.connect_raw(socket, tls).await?;
            let raw = raw(traffic.parameter("server_encoding"));
            (client, tokio::spawn(traffic), raw)
        }
    })
}
