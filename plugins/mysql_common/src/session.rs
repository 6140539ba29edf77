//! A connection that is let in.

use std::time::{Duration, Instant};

use db_common::Timeouts;
use db_common::tls::Ciphers;
use osiris_sdk::{Context, Error, Result, retry};
use protocol::io::ParseBuf;
use protocol::packets::{Column as Definition, StmtPacket};
use protocol::proto::MyDeserialize;

use crate::connection::Connection;
use crate::handshake::{authenticate, refused};
use crate::transport::Limit;
use crate::types::Column;
use crate::wire::Wire;
use crate::{MysqlError, lenenc};

/// The server asks for a file.
const LOCAL_FILE: u8 = 0xFB;
/// A file is sent in parts of so many bytes.
const FILE_PART: usize = 512 << 10;
/// Seconds that the server waits for the driver: a day.
const PATIENCE: u32 = 86_400;

const COM_QUIT: u8 = 0x01;
const COM_QUERY: u8 = 0x03;
const COM_STMT_PREPARE: u8 = 0x16;
const COM_STMT_EXECUTE: u8 = 0x17;
const COM_STMT_CLOSE: u8 = 0x19;

/// A connection that is let in, and speaks UTF-8 and UTC.
pub struct Session {
    wire: Wire,
}

/// The result of a statement without rows.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// Rows that it added, changed or removed.
    pub affected: u64,
    /// The number of warnings, 65,535 at most.
    pub warnings: u16,
}

/// A query that the server has understood.
#[derive(Debug)]
pub struct Prepared {
    id: u32,
    /// The columns of the answer.
    pub columns: Vec<Column>,
}

/// The rows of an answer, one after the other.
pub struct Rows<'a> {
    wire: &'a mut Wire,
    /// The columns of the rows.
    pub columns: Vec<Column>,
}

impl Session {
    /// Connects, with further attempts where the first one failed by chance.
    ///
    /// # Errors
    /// Kind `network`, `timeout`, `auth`, `not-found` or `config`.
    pub fn open(ctx: &Context, connection: &Connection, timeouts: Timeouts) -> Result<Self> {
        retry(ctx, || Self::connect(connection, timeouts))
    }

    /// Connects, once.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn connect(connection: &Connection, timeouts: Timeouts) -> Result<Self> {
        let doing = || {
            format!(
                "connecting to {}/{} as {:?}",
                connection.address(),
                connection.database,
                connection.user
            )
        };
        Self::enter(connection, timeouts).map_err(|error| Error::from(error).context(doing()))
    }

    fn enter(connection: &Connection, timeouts: Timeouts) -> Result<Self, MysqlError> {
        let until = Limit::Until(Instant::now() + timeouts.connect);
        let dial = |ciphers| {
            let wait = named(timeouts.connect, "connect_timeout");
            let mut wire = Wire::connect(connection, until, wait)?;
            authenticate(&mut wire, connection, ciphers)?;
            Ok(wire)
        };
        let wire = match dial(Ciphers::Fast) {
            // A handshake that failed cannot go on with others on the same connection.
            Err(MysqlError::NoCommonCipher) => dial(Ciphers::All),
            result => result,
        };
        let mut session = Self { wire: wire? };
        session.prepare_to_talk()?;
        session.wire.set_limit(Limit::Each(timeouts.read), named(timeouts.read, "read_timeout"));
        Ok(session)
    }

    /// Has the server speak UTF-8 and UTC, and wait for a step before or behind
    /// that takes its time: by default it closes after a minute.
    fn prepare_to_talk(&mut self) -> Result<(), MysqlError> {
        const NAMES: &str = "SET NAMES utf8mb4, time_zone = '+00:00'";
        // The part in the comment is for MariaDB.
        let patient = format!(
            "{NAMES}, net_read_timeout = {PATIENCE}, net_write_timeout = {PATIENCE}, \
             wait_timeout = {PATIENCE} /*M!100301 , idle_transaction_timeout = 0, \
             idle_readonly_transaction_timeout = 0, idle_write_transaction_timeout = 0 */"
        );
        match self.run(&patient) {
            // Servers that only speak the protocol do not have all of them.
            Err(MysqlError::Server { .. }) => self.run(NAMES).map(drop),
            result => result.map(drop),
        }
    }

    /// Changes how long an answer may take.
    pub(crate) fn limit(&mut self, wait: Duration) {
        self.wire.set_limit(Limit::Each(wait), format!("{:.1} s", wait.as_secs_f64()));
    }

    /// Runs a statement that answers without rows.
    ///
    /// # Errors
    /// The server's.
    pub fn run(&mut self, sql: &str) -> Result<Done, MysqlError> {
        self.begin(sql.as_bytes())?;
        self.finish()
    }

    /// Sends a statement; [`finish`](Self::finish) takes the answer.
    ///
    /// # Errors
    /// The statement cannot be sent.
    pub fn begin(&mut self, sql: &[u8]) -> Result<(), MysqlError> {
        self.wire.command(COM_QUERY, sql)
    }

    /// Sends a LOAD DATA LOCAL statement and the file that it asks for;
    /// [`finish`](Self::finish) takes the answer. No other statement gets a file.
    ///
    /// # Errors
    /// The server's, or it cannot be sent.
    pub fn begin_load(&mut self, sql: &str, file: &[u8]) -> Result<(), MysqlError> {
        self.begin(sql.as_bytes())?;
        let answer = self.wire.receive()?;
        refused(answer)?;
        if answer.first() != Some(&LOCAL_FILE) {
            return Err(MysqlError::protocol("an answer that asks for no file"));
        }
        for part in file.chunks(FILE_PART) {
            self.wire.send(&[], part)?;
        }
        self.wire.send(&[], &[])
    }

    /// Takes the answer to the statement that was sent.
    ///
    /// # Errors
    /// The server's.
    pub fn finish(&mut self) -> Result<Done, MysqlError> {
        let answer = self.wire.receive()?;
        refused(answer)?;
        let [0, rest @ ..] = answer else {
            return Err(MysqlError::protocol("rows, and none were asked for"));
        };
        let mut rest = rest;
        let (affected, _last_id) = (lenenc::int(&mut rest), lenenc::int(&mut rest));
        match (affected, rest) {
            (Some(affected), [_, _, a, b, ..]) => {
                Ok(Done { affected, warnings: u16::from_le_bytes([*a, *b]) })
            }
            _ => Err(MysqlError::protocol("an answer that is cut off")),
        }
    }

    /// Asks for a small table of texts.
    ///
    /// # Errors
    /// The server's.
    pub fn texts(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, MysqlError> {
        self.begin(sql.as_bytes())?;
        let answer = self.wire.receive()?;
        refused(answer)?;
        let count = lenenc::int(&mut &*answer).unwrap_or(0) as usize;
        self.definitions(count)?;
        let mut rows = Vec::new();
        loop {
            let row = self.wire.receive()?;
            refused(row)?;
            if is_eof(row) {
                return Ok(rows);
            }
            let mut rest = row;
            let cells = (0..count).map(|_| match rest {
                [0xFB, after @ ..] => {
                    rest = after;
                    Ok(None)
                }
                _ => lenenc::bytes(&mut rest)
                    .map(|text| Some(String::from_utf8_lossy(text).into_owned()))
                    .ok_or_else(|| MysqlError::protocol("a row that is cut off")),
            });
            let cells = cells.collect::<Result<_, _>>()?;
            rows.push(cells);
        }
    }

    /// Has the server understand a query, which says what it will answer with.
    ///
    /// # Errors
    /// The server's.
    pub fn prepare(&mut self, sql: &str) -> Result<Prepared, MysqlError> {
        self.wire.command(COM_STMT_PREPARE, sql.as_bytes())?;
        let answer = self.wire.receive()?;
        refused(answer)?;
        let answer =
            StmtPacket::deserialize((), &mut ParseBuf(answer)).map_err(MysqlError::protocol)?;
        if answer.num_params() > 0 {
            self.definitions(answer.num_params().into())?;
            return Err(Error::config(
                "the query has placeholders (`?`), and there is nothing to put in their place",
            )
            .into());
        }
        let columns = self.definitions(answer.num_columns().into())?;
        Ok(Prepared { id: answer.statement_id(), columns })
    }

    /// Forgets a query.
    ///
    /// # Errors
    /// The statement cannot be sent.
    pub fn forget(&mut self, query: &Prepared) -> Result<(), MysqlError> {
        self.wire.command(COM_STMT_CLOSE, &query.id.to_le_bytes())
    }

    /// Runs a query. Its rows come as the server's binary protocol has them,
    /// which says floats exactly.
    ///
    /// # Errors
    /// The server's.
    pub fn execute(&mut self, query: &Prepared) -> Result<Rows<'_>, MysqlError> {
        let mut body = query.id.to_le_bytes().to_vec();
        // No cursor, and once.
        body.extend([0, 1, 0, 0, 0]);
        self.wire.command(COM_STMT_EXECUTE, &body)?;
        let answer = self.wire.receive()?;
        refused(answer)?;
        let count = lenenc::int(&mut &*answer).unwrap_or(0) as usize;
        let columns = if count == 0 { Vec::new() } else { self.definitions(count)? };
        Ok(Rows { wire: &mut self.wire, columns })
    }

    /// Says goodbye, so that the server does not count it as a fault.
    pub fn close(mut self) {
        // The server closes anyway once the connection is gone.
        let _ = self.wire.command(COM_QUIT, &[]);
    }

    fn definitions(&mut self, count: usize) -> Result<Vec<Column>, MysqlError> {
        let mut columns = Vec::new();
        if count == 0 {
            return Ok(columns);
        }
        for _ in 0..count {
            let packet = self.wire.receive()?;
            refused(packet)?;
            let definition =
                Definition::deserialize((), &mut ParseBuf(packet)).map_err(MysqlError::protocol)?;
            columns.push(Column::new(&definition));
        }
        if !is_eof(self.wire.receive()?) {
            return Err(MysqlError::protocol("more columns than were announced"));
        }
        Ok(columns)
    }
}

impl Rows<'_> {
    /// The next row: a bitmap of nulls and the values.
    ///
    /// # Errors
    /// The server's, or the connection is cut.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<&[u8]>, MysqlError> {
        if self.columns.is_empty() {
            return Ok(None);
        }
        match self.wire.receive()? {
            [0, row @ ..] => Ok(Some(row)),
            packet if is_eof(packet) => Ok(None),
            packet => {
                refused(packet)?;
                Err(MysqlError::protocol("a packet that is no row"))
            }
        }
    }
}

fn is_eof(packet: &[u8]) -> bool {
    packet.len() < 9 && packet.first() == Some(&0xFE)
}

fn named(wait: Duration, option: &str) -> String {
    format!("{} s; `{option}` says how long to wait", wait.as_secs_f64())
}
