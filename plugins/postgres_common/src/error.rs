//! Errors of the server, in the words of a driver's errors.

use std::io;

use osiris_sdk::{Error, Kind};
use tokio_postgres::error::DbError;

use crate::Access;
use crate::auth::Refused;

/// Returns the meaning of an error of the protocol in a transaction that reads or writes.
pub(crate) fn explain(error: &tokio_postgres::Error, access: Access) -> Error {
    if let Some(said) = error.as_db_error() {
        return of_server(said, access);
    }
    let source = std::error::Error::source(error);
    if let Some(error) = source.and_then(|source| source.downcast_ref::<io::Error>()) {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>());
        if let Some(refused) = inner {
            return Error::auth(refused.to_string());
        }
        return of_io(error);
    }
    if error.is_closed() {
        return lost("the server closed it");
    }
    match source {
        // Such as the offer of a way to sign in that the driver does not know.
        Some(source) if error.to_string().starts_with("authentication") => {
            Error::auth(format!("signing in failed: {source}"))
        }
        Some(source) if error.to_string().contains("TLS") => Error::network(format!(
            "{source}; check `sslmode` of the connection, prefer and disable do without"
        ))
        .retryable(false),
        Some(source) => Error::internal(format!("{error}: {source}")),
        None => Error::internal(error.to_string()),
    }
}

/// Returns true if another session was in the way: a deadlock, a lock that was not free in time, or
/// rows that changed meanwhile. The same can work once that session is done.
#[must_use]
pub fn is_conflict(error: &Error) -> bool {
    ["40P01", "40001", "55P03"].iter().any(|code| has_code(error, code))
}

/// Returns true if an error is the server's of that SQLSTATE.
#[must_use]
pub fn has_code(error: &Error, code: &str) -> bool {
    error.message.ends_with(&tag(code))
}

/// Returns the end of the message about an error of that code.
fn tag(code: &str) -> String {
    format!("[SQLSTATE {code}]")
}

fn of_io(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::InvalidData => {
            Error::network(format!("the TLS handshake failed: {error}")).retryable(false)
        }
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        // The stream ended within a message.
        | io::ErrorKind::Other => lost(&error.to_string()),
        _ => Error::from(io::Error::new(error.kind(), error.to_string())),
    }
}

fn lost(why: &str) -> Error {
    Error::network(format!("the connection was lost: {why}; run the step again"))
}

fn of_server(said: &DbError, access: Access) -> Error {
    let code = said.code().code();
    let (kind, retryable) = kind(code);
    let mut message = said.message().to_owned();
    if let Some(detail) = said.detail() {
        message = format!("{message}: {detail}");
    }
    if let Some(place) = said.where_().and_then(place) {
        message = format!("{place}: {message}");
    }
    if let Some(hint) = said.hint().or_else(|| hint(code, said.message(), access)) {
        message = format!("{message} ({hint})");
    }
    Error::new(kind, format!("{message} {}", tag(code))).retryable(retryable)
}

/// `COPY t, line 3, column a` as the row and the column that it means.
fn place(context: &str) -> Option<String> {
    let rest = context.lines().find_map(|line| line.strip_prefix("COPY "))?;
    let (_, rest) = rest.split_once(", line ")?;
    let (row, column) = match rest.split_once(", column ") {
        Some((row, column)) => (row, Some(column)),
        None => (rest, None),
    };
    let row = row.split(':').next()?;
    let column = column.map(|column| column.split(": ").next().unwrap_or(column));
    Some(match column {
        Some(column) => format!("row {row}, column {column:?}"),
        None => format!("row {row}"),
    })
}

/// The kind of an SQLSTATE, and whether the same may succeed later.
fn kind(code: &str) -> (Kind, bool) {
    match code {
        "3D000" | "3F000" | "42P01" | "42703" | "42704" | "42883" => (Kind::NotFound, false),
        "42501" => (Kind::Permission, false),
        // Cancelled by a time limit of the server, locks, serialisation and deadlocks.
        "57014" | "55P03" | "40001" | "40P01" | "25P03" | "25P04" => (Kind::Timeout, true),
        "53300" | "57P01" | "57P02" | "57P03" | "57P05" => (Kind::Network, true),
        "25006" => (Kind::Config, false),
        // A value of the type name.
        "42622" => (Kind::Data, false),
        _ => match code.get(..2) {
            Some("28") => (Kind::Auth, false),
            Some("08") => (Kind::Network, true),
            Some("21" | "22" | "23" | "27" | "44") => (Kind::Data, false),
            // A function of the user's, such as that of a trigger, refuses the row.
            Some("09" | "2F" | "38" | "39" | "P0") => (Kind::Data, false),
            // A foreign table, whose server does not answer or does not have it.
            Some("HV") => (if code == "HV00N" { Kind::Network } else { Kind::Config }, false),
            Some("42" | "26" | "34" | "3B" | "2B" | "54" | "55" | "25") => (Kind::Config, false),
            Some("0A") => (Kind::Unsupported, false),
            _ => (Kind::Internal, false),
        },
    }
}

fn hint(code: &str, message: &str, access: Access) -> Option<&'static str> {
    Some(match code {
        "28P01" => "check `user` and `password` of the connection",
        "28000" => {
            "the server's pg_hba.conf does not let this user in from here, or the role may \
                    not log in"
        }
        "3D000" => "check `database` of the connection",
        "42501" if message.contains("row-level security policy") => {
            "a policy of the table does not let this user write such a row; leave the row out, or \
             change the policy's WITH CHECK"
        }
        "42501" => "GRANT the user of the connection what is missing",
        "25006" if access == Access::Read => "an extractor only reads: the query must not write",
        "25006" => {
            "the server is a standby, which only reads, or `default_transaction_read_only` is on \
             for the user or the database; connect to the primary server, or turn it off"
        }
        "40P01" | "40001" => "another session works on the same rows; run the step again",
        "55P03" => {
            "another session holds a lock on the table; run the step again once it ends, or wait \
             for it longer: raise `read_timeout`, and `lock_timeout` in `session` if the server \
             or the step sets one"
        }
        "57014" if message.contains("user request") => {
            "somebody on the server has cancelled it; run the step again"
        }
        "57014" => {
            "raise `statement_timeout` of the step or in its `session`, or make the query faster"
        }
        "25P03" => {
            "raise `idle_in_transaction_session_timeout` in `session` of the step; 0 is none"
        }
        "25P04" => "raise `transaction_timeout` in `session` of the step; 0 is no limit",
        "53100" => "free space on the server's disk",
        "53200" => {
            "the server is out of memory; lower `work_mem` in `session`, or write fewer rows"
        }
        "54011" => "leave columns out in the query or a transform",
        "53300" => {
            "raise the server's `max_connections`, or run fewer steps at the same time with \
                    `limits: {steps: 10}` in osiris.yaml"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_and_column_are_found_in_the_error_context() {
        assert_eq!(place("COPY t, line 3, column a"), Some("row 3, column \"a\"".into()));
        assert_eq!(place("COPY t, line 3, column a: \"x\""), Some("row 3, column \"a\"".into()));
        assert_eq!(place("COPY t, line 7"), Some("row 7".into()));
        assert_eq!(place("PL/pgSQL function f()"), None);
    }

    #[test]
    fn cancelled_statement_is_not_reported_as_timeout() {
        let of = |message| hint("57014", message, Access::Read).unwrap_or_default();
        assert!(of("canceling statement due to statement timeout").contains("`statement_timeout`"));
        assert!(of("canceling statement due to user request").contains("has cancelled it"));
    }

    #[test]
    fn sqlstate_codes_have_kinds() {
        for (code, expected) in [
            ("28P01", Kind::Auth),
            ("3D000", Kind::NotFound),
            ("42501", Kind::Permission),
            ("42601", Kind::Config),
            ("22003", Kind::Data),
            ("23505", Kind::Data),
            ("40P01", Kind::Timeout),
            ("54011", Kind::Config),
            ("57P01", Kind::Network),
            ("25P03", Kind::Timeout),
            ("25P04", Kind::Timeout),
            ("P0001", Kind::Data),
            ("38000", Kind::Data),
            ("HV00N", Kind::Network),
            ("HV00R", Kind::Config),
            ("XX000", Kind::Internal),
        ] {
            assert_eq!(kind(code).0, expected, "{code}");
        }
    }
}
