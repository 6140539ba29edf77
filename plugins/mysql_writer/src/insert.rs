//! Rows on their way into the table: statements of many rows, one transaction.

use mysql_common::{DEADLOCK, Done, LOCK_TIMEOUT, MysqlError, Session, cells, identifier};
use osiris_sdk::{Batch, Column, DataType, Error, Kind, Result, Schema};

use crate::literal;
use crate::load;
use crate::syntax::{self, Syntax};
use crate::target::TargetColumn;
use crate::upsert::Upsert;

/// An INSERT is sent once it is so large.
const INSERT: usize = 1 << 20;
/// The same for LOAD DATA, of which the server parses no statement. Between two
/// of them it waits for the driver.
const LOAD: usize = 8 << 20;
/// Rows of a statement, at most. The server counts no more than 65,535 warnings
/// of one, so that a loss could hide behind others.
const ROWS: u64 = 65_000;
/// Bytes of a packet besides the statement.
const ROOM: usize = 64;
/// The largest `max_allowed_packet` that a server takes.
const MAX_PACKET: usize = 1 << 30;
/// Attempts of a transaction that came to nothing because of others.
const ATTEMPTS: u32 = 3;
/// Warnings of the server that a value was cut or rounded.
const LOSSES: [&str; 6] = ["1264", "1265", "1292", "1366", "1406", "1411"];

/// Warnings that only say that something will be different in later versions.
const HARMLESS: [&str; 5] = ["1287", "1681", "3719", "4095", "4096"];

/// Rows on their way into the table.
pub(crate) struct Inserts<'a> {
    session: &'a mut Session,
    /// The statements of the transaction before the first row.
    opening: Vec<String>,
    /// The place of each column in the input, and how it is written.
    columns: Vec<(usize, DataType, TargetColumn)>,
    /// The change of rows that are there.
    upsert: Option<Upsert<'a>>,
    /// The parts of an INSERT before and after its rows.
    prefix: Vec<u8>,
    suffix: Vec<u8>,
    /// The statement that asks for the rows as a file, where that is used.
    load: Option<String>,
    /// Bytes that the server takes at once.
    packet: usize,
    /// The statement that is being made.
    sql: Vec<u8>,
    pending: u64,
    /// The statement that the server works on.
    sent: Vec<u8>,
    flight: Option<Flight>,
    /// The number of rows that were sent.
    sent_rows: u64,
    /// The number of rows that came in.
    rows: u64,
}

/// The rows of a statement that was sent.
#[derive(Clone, Copy)]
struct Flight {
    first: u64,
    rows: u64,
}

impl<'a> Inserts<'a> {
    /// Begins the transaction.
    pub(crate) fn new(
        session: &'a mut Session,
        table: &str,
        schema: &Schema,
        columns: Vec<Option<TargetColumn>>,
        empty_first: bool,
        upsert: Option<Upsert<'a>>,
        load_data: bool,
    ) -> Result<Self> {
        let settings = session.texts("SELECT @@max_allowed_packet, @@local_infile")?;
        let [packet, local] = cells(settings.into_iter().next().unwrap_or_default());
        let packet = packet.parse().unwrap_or(INSERT);
        let types = schema.fields.iter().map(|field| field.data_type.clone());
        let columns = types.zip(columns).enumerate().filter_map(|(index, (data_type, column))| {
            column.map(|column| (index, data_type, column))
        });
        let mut columns: Vec<_> = columns.collect();
        let mut load = None;
        let is_loadable = columns.iter().all(|(.., column)| syntax::loads(&column.holds));
        if load_data && local == "1" && upsert.is_none() && is_loadable {
            load = load::probe(session, load::statement(table, &columns))?;
        }
        if load.is_some() {
            for (.., column) in &mut columns {
                column.syntax = Syntax::Load;
            }
        }
        let names: Vec<_> = columns.iter().map(|(.., column)| identifier(&column.name)).collect();
        let quoted = identifier(table);
        let suffix = upsert.as_ref().map_or_else(String::new, |upsert| upsert.suffix(&names));
        let mut opening = vec!["START TRANSACTION".to_owned()];
        if empty_first {
            opening.push(format!("DELETE FROM {quoted}"));
        }
        let mut inserts = Self {
            session,
            opening,
            columns,
            upsert,
            prefix: format!("INSERT INTO {quoted} ({}) VALUES ", names.join(",")).into_bytes(),
            load,
            suffix: suffix.into_bytes(),
            packet: packet.saturating_sub(ROOM),
            sql: Vec::with_capacity(INSERT + INSERT / 4),
            pending: 0,
            sent: Vec::new(),
            flight: None,
            sent_rows: 0,
            rows: 0,
        };
        inserts.open()?;
        Ok(inserts)
    }

    /// Adds the rows of a batch.
    pub(crate) fn batch(&mut self, batch: &Batch) -> Result<()> {
        let columns: Vec<_> =
            self.columns.iter().map(|(index, ..)| batch.column(*index)).collect::<Result<_>>()?;
        let (separator, end, full) = match self.load {
            Some(_) => (b'\t', b'\n', LOAD),
            None => (b',', b')', INSERT),
        };
        for row in 0..batch.rows() {
            self.rows += 1;
            if self.sql.is_empty() && self.load.is_none() {
                self.sql.extend_from_slice(&self.prefix);
            }
            let start = self.sql.len();
            self.sql.extend_from_slice(match (&self.load, self.pending) {
                (Some(_), _) => b"",
                (None, 0) => b"(",
                (None, _) => b",(",
            });
            for (index, (column, (_, data_type, target))) in
                columns.iter().zip(&self.columns).enumerate()
            {
                if index > 0 {
                    self.sql.push(separator);
                }
                literal::write(column, data_type, target, row, &mut self.sql).map_err(|why| {
                    Error::data(format!("row {}, column {:?}: {why}", self.rows, target.name))
                })?;
            }
            self.sql.push(end);
            self.pending += 1;
            if self.sql.len() + self.suffix.len() > self.packet {
                self.make_room(start, &columns, row)?;
            }
            if self.sql.len() >= full || self.pending >= ROWS {
                self.send()?;
            }
        }
        Ok(())
    }

    /// Waits until all rows are in the table, and makes them stay.
    pub(crate) fn commit(mut self) -> Result<u64> {
        self.send()?;
        self.settle()?;
        self.session.run("COMMIT").map_err(|error| {
            let unsure = match error {
                MysqlError::Server { .. } => "the rows were not saved",
                _ => "whether the rows were saved is not known",
            };
            Error::from(error).context(format_args!("COMMIT failed, and {unsure}"))
        })?;
        Ok(self.rows)
    }

    /// Undoes what was done, as far as the connection still can.
    pub(crate) fn roll_back(self) -> Result<(), MysqlError> {
        if self.flight.is_some() {
            // Whatever the answer is, it counts no more.
            match self.session.finish() {
                Ok(_) | Err(MysqlError::Server { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.session.run("ROLLBACK").map(drop)
    }

    /// Checks that the last row is not too large for any statement, and sends
    /// those before it if an INSERT has no room for it.
    fn make_room(&mut self, start: usize, columns: &[Column], row: usize) -> Result<()> {
        let one = self.sql.len() - start;
        let beside = if self.load.is_some() { 0 } else { self.prefix.len() + self.suffix.len() };
        if one + beside > self.packet {
            self.check_size(columns, row, beside)?;
        }
        if self.load.is_some() {
            return Ok(());
        }
        // The comma stays behind.
        let last = self.sql.split_off(start);
        self.pending -= 1;
        self.send()?;
        self.sql.extend_from_slice(&self.prefix);
        self.sql.extend_from_slice(&last[1..]);
        self.pending = 1;
        Ok(())
    }

    /// Checks the bytes of a row. A file may have more, but what the server makes
    /// of a field may not, and neither may a row that somebody reads later.
    #[cold]
    fn check_size(&self, columns: &[Column], row: usize, beside: usize) -> Result<()> {
        let (mut sizes, mut out) = (Vec::new(), Vec::new());
        for (column, (_, data_type, target)) in columns.iter().zip(&self.columns) {
            out.clear();
            literal::write(column, data_type, target, row, &mut out).map_err(Error::data)?;
            let is_hex = self.load.is_some() && syntax::is_hex(data_type, &target.holds);
            sizes.push((if is_hex { out.len() / 2 } else { out.len() }, &target.name));
        }
        let total = sizes.iter().map(|(size, _)| size + 1).sum::<usize>() + beside;
        if total <= self.packet {
            return Ok(());
        }
        let (size, name) = sizes.into_iter().max().map_or((0, ""), |(s, name)| (s, name));
        let needed = (total + ROOM).next_multiple_of(1 << 20);
        let way = if needed <= MAX_PACKET {
            format!("raise its max_allowed_packet: SET GLOBAL max_allowed_packet = {needed}")
        } else {
            "which no server takes: write it in parts".to_owned()
        };
        Err(Error::data(format!(
            "row {}: it takes {total} bytes, {size} of them for column {name:?}, and the server \
             takes {} at once; {way}",
            self.rows, self.packet,
        )))
    }

    /// Sends the statement. While the server works on it, the next one is made.
    fn send(&mut self) -> Result<()> {
        if self.pending == 0 {
            return Ok(());
        }
        self.settle()?;
        self.sql.extend_from_slice(&self.suffix);
        std::mem::swap(&mut self.sql, &mut self.sent);
        self.sql.clear();
        let flight = Flight { first: self.sent_rows + 1, rows: self.pending };
        self.sent_rows += self.pending;
        self.pending = 0;
        match self.dispatch() {
            Ok(()) => self.flight = Some(flight),
            Err(error) => self.conclude(flight, Err(error))?,
        }
        Ok(())
    }

    fn dispatch(&mut self) -> Result<(), MysqlError> {
        match &self.load {
            Some(statement) => self.session.begin_load(statement, &self.sent),
            None => self.session.begin(&self.sent),
        }
    }

    /// Takes the answer to the statement that was sent.
    fn settle(&mut self) -> Result<()> {
        let Some(flight) = self.flight.take() else { return Ok(()) };
        let answer = self.session.finish();
        self.conclude(flight, answer)
    }

    fn conclude(&mut self, flight: Flight, mut answer: Result<Done, MysqlError>) -> Result<()> {
        for attempt in 1.. {
            match answer {
                Ok(done) => return self.check(flight, done),
                // Nothing came before, so the whole transaction can be done again.
                Err(error) if flight.first == 1 && attempt < ATTEMPTS && may_pass(&error) => {
                    self.session.run("ROLLBACK")?;
                    self.open()?;
                    answer = self.dispatch().and_then(|()| self.session.finish());
                }
                Err(error) => {
                    let collision =
                        self.upsert.as_ref().and_then(|upsert| upsert.collision(&error));
                    return Err(match collision {
                        Some(collision) => Error::data(collision).context(flight.rows()),
                        None => flight.explain(error),
                    });
                }
            }
        }
        Ok(())
    }

    /// Checks that the server took all rows as they are.
    fn check(&mut self, flight: Flight, done: Done) -> Result<()> {
        let result = self.look_at(flight, done);
        if self.load.is_none() || result.is_ok() {
            return result;
        }
        // An INSERT of the same rows says it better. It is undone too.
        let sql = load::as_insert(&self.prefix, &self.columns, &self.sent);
        if sql.len() <= self.packet {
            self.session.run("ROLLBACK")?;
            self.open()?;
            self.session.begin(&sql)?;
            if let Err(error @ MysqlError::Server { .. }) = self.session.finish() {
                return Err(flight.explain(error));
            }
        }
        result
    }

    fn look_at(&mut self, flight: Flight, done: Done) -> Result<()> {
        if done.warnings > 0 {
            self.look_for_losses(flight, done.warnings)?;
        }
        if self.load.is_some() && done.affected != flight.rows {
            return Err(Error::data(format!(
                "{}: the server took {} of them, and does not say why; set `load_data: false` to \
                 have it say so",
                flight.rows(),
                done.affected
            )));
        }
        Ok(())
    }

    fn open(&mut self) -> Result<()> {
        let mut attempt = 1;
        loop {
            let session = &mut *self.session;
            match self.opening.iter().try_for_each(|sql| session.run(sql).map(drop)) {
                Err(error) if attempt < ATTEMPTS && may_pass(&error) => {
                    self.session.run("ROLLBACK")?;
                    attempt += 1;
                }
                result => return Ok(result?),
            }
        }
    }

    /// Some losses are only notes for the server, such as digits of a decimal.
    /// For LOAD DATA, rows that it leaves out are warnings too.
    fn look_for_losses(&mut self, flight: Flight, warnings: u16) -> Result<()> {
        let rows = self.session.texts("SHOW WARNINGS")?;
        let shown = rows.len();
        for row in rows {
            let [level, code, message] = cells(row);
            let is_error =
                self.load.is_some() && level != "Note" && !HARMLESS.contains(&code.as_str());
            if is_error || LOSSES.contains(&code.as_str()) {
                let code = code.parse().unwrap_or_default();
                return Err(flight.explain(MysqlError::Server { code, message }));
            }
        }
        // The server counts no further than this.
        if shown < usize::from(warnings) || warnings == u16::MAX {
            return Err(Error::data(format!(
                "{}: the server has more warnings than the {shown} that it shows, so a value could \
                 be cut unseen; the first ones say why: look at them with SHOW WARNINGS after an \
                 INSERT of such rows",
                flight.rows()
            )));
        }
        Ok(())
    }
}

/// Returns whether a statement may succeed if it is tried again.
pub(crate) fn may_pass(error: &MysqlError) -> bool {
    matches!(error.code(), Some(DEADLOCK | LOCK_TIMEOUT))
}

impl Flight {
    /// Names the rows of the input.
    fn rows(self) -> String {
        format!("one of the rows {} to {}", self.first, self.first + self.rows - 1)
    }

    /// Says which row of the input it was: the server counts in its statement.
    fn explain(self, error: MysqlError) -> Error {
        let MysqlError::Server { code, message } = error else { return error.into() };
        let (what, row) = match message.rsplit_once(" at row ") {
            Some((what, row)) => (what.to_owned(), row.parse::<u64>().ok()),
            None => (message, None),
        };
        let error = Error::from(MysqlError::Server { code, message: what });
        match row {
            Some(row) => error.context(format_args!("row {}", self.first + row.max(1) - 1)),
            None if error.kind == Kind::Data => error.context(self.rows()),
            None => error,
        }
    }
}
