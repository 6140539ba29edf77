//! Substitution of `${NAME}` and `${NAME:-default}` in the texts of a connection.

use std::borrow::Cow;

use super::Environment;

/// A piece of a text.
enum Piece<'t> {
    Plain(&'t str),
    Variable { name: &'t str, default: Option<&'t str> },
}

/// Substitutes the variables in a text.
///
/// # Errors
/// Returns an error if a variable has neither a value nor a default; the error is its name.
pub(super) fn fill<'t>(text: &'t str, environment: &Environment) -> Result<Cow<'t, str>, &'t str> {
    if !text.contains("${") {
        return Ok(Cow::Borrowed(text));
    }
    let mut filled = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Plain(text) => filled.push_str(text),
            Piece::Variable { name, default } => match (environment.get(name), default) {
                (Some(value), _) => filled.push_str(&value),
                (None, Some(default)) => filled.push_str(default),
                (None, None) => return Err(name),
            },
        }
    }
    Ok(Cow::Owned(filled))
}

/// Returns the variables of a text that are set, by name with their values. Variables replaced by
/// the default in the text are left out: that default is not secret.
pub(super) fn used<'t>(
    text: &'t str,
    environment: &Environment,
) -> impl Iterator<Item = (&'t str, String)> {
    variables(text).filter_map(|name| Some((name, environment.get(name)?)))
}

/// Returns the names of the variables in a text.
pub fn variables(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Variable { name, .. } => Some(name),
        Piece::Plain(_) => None,
    })
}

/// Returns whether the text consists of a single variable.
pub(super) fn is_variable(text: &str) -> bool {
    matches!(pieces(text)[..], [Piece::Variable { .. }])
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest[from..].find("${").map(|at| at + from) {
        match variable(&rest[at + 2..]) {
            Some((piece, after)) => {
                if at > 0 {
                    pieces.push(Piece::Plain(&rest[..at]));
                }
                pieces.push(piece);
                (rest, from) = (after, 0);
            }
            None => from = at + 2,
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
    pieces
}

/// Parses the variable after `${` and returns it with the remaining text. Returns `None` if no
/// variable follows.
fn variable(text: &str) -> Option<(Piece<'_>, &str)> {
    let (inside, after) = text.split_once('}')?;
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let first = name.bytes().next()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let valid = !first.is_ascii_digit() && name.bytes().all(plain);
    valid.then_some((Piece::Variable { name, default }, after))
}
