//! The names of the columns, and which of them to read.

use std::collections::{HashMap, HashSet};

use osiris_sdk::{Error, Result};

use crate::fault::{Fault, What};
use crate::names::Names;
use crate::options::Options;
use crate::parse;
use crate::source::Stop;
use crate::split::{Delimiter, Splitter};

/// Bytes in a column's name, at most.
const MAX_NAME: usize = 64 << 10;

/// Goes to the first row of data and gives the names of the columns; none if
/// the file is empty.
pub(crate) fn begin(
    splitter: &mut Splitter<'_>,
    options: &Options,
    path: &str,
) -> Result<Names, Stop> {
    if options.skip_rows == 0 {
        separator(splitter, options, path)?;
    } else {
        let found = splitter.skip_lines(options.skip_rows)?;
        if found < options.skip_rows {
            return Err(Stop::Error(Error::config(format!(
                "skip_rows: {} to drop, but {path} has only {}",
                count(options.skip_rows, "line"),
                count(found, "line")
            ))));
        }
    }
    let Some(header) = options.header else {
        let columns = splitter.row()?.map(|row| row.columns());
        splitter.unread_row();
        return Ok((0..columns.unwrap_or(0)).map(|index| index.to_string()).collect());
    };
    for row in 0..header {
        if splitter.row()?.is_none() {
            return Err(Stop::Error(beyond(path, header, row)));
        }
    }
    let Some(row) = splitter.row()? else {
        // An empty file is an empty table, but not one that rows were dropped from.
        return match header {
            0 if options.skip_rows == 0 => Ok(Names::default()),
            0 => Err(Stop::Error(Error::config(format!(
                "skip_rows: {path} has no row behind the first {}, which are dropped",
                count(options.skip_rows, "line")
            )))),
            header => Err(Stop::Error(beyond(path, header, header))),
        };
    };
    let mut names = Names::default();
    for field in row.first_row() {
        names.push(&String::from_utf8_lossy(&row.value(row.unquote(field))));
    }
    let long = names.iter().position(|name| name.len() > MAX_NAME);
    match long.filter(|_| options.names.is_none()) {
        Some(long) => {
            let len = names.get(long).len();
            let what = What::LongName { column: long + 1, len, limit: MAX_NAME };
            Err(Stop::Fault(Fault::at(row.offset_of(0), what)))
        }
        None => Ok(names),
    }
}

/// Reads the line `sep=;` that some programs write for Excel.
fn separator(splitter: &mut Splitter<'_>, options: &Options, path: &str) -> Result<(), Stop> {
    let Some(found) = splitter.separator()? else { return Ok(()) };
    let delimiter = options.dialect.delimiter.as_bytes();
    let found_text = char::from(found);
    match Delimiter::new(&[found]) {
        _ if delimiter == [found] => Ok(()),
        // The comma is what is there when nothing has been said.
        Some(found) if delimiter == b"," && Some(found.as_bytes()[0]) != options.dialect.quote => {
            splitter.set_delimiter(found);
            Ok(())
        }
        _ => Err(Stop::Error(Error::config(format!(
            "delimiter: it is {:?}, but line 1 of {path} says `sep={found_text}`; set `delimiter: \
             {:?}`, or drop the line with `skip_rows: 1`",
            String::from_utf8_lossy(delimiter),
            found_text.to_string()
        )))),
    }
}

fn beyond(path: &str, header: u64, rows: u64) -> Error {
    Error::config(format!(
        "header: row {header}, counted from 0, is to name the columns, but {path} has only {}",
        count(rows, "row")
    ))
}

fn count(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The names that count: those of the configuration, or those of the file.
pub(crate) fn rename(path: &str, found: &Names, options: &Options) -> Result<Names> {
    match &options.names {
        Some(names) if found.is_empty() || names.len() == found.len() => Ok(names.iter().collect()),
        Some(names) => Err(Error::config(format!(
            "names: {} names for the {} columns of {path}",
            names.len(),
            found.len()
        ))),
        None if options.rename_duplicates => Ok(deduplicate(found)),
        None => Ok(found.clone()),
    }
}

/// Gives names of their own to columns without one, and to all but the first
/// of those that share one.
fn deduplicate<'n>(found: &'n Names) -> Names {
    let mut taken: HashSet<String> = found.iter().map(str::to_owned).collect();
    let mut seen: HashMap<&str, usize> = HashMap::with_capacity(found.len());
    let name = |(index, name): (usize, &'n str)| {
        let base =
            if name.is_empty() { format!("column_{}", index + 1) } else { str::to_owned(name) };
        let times = seen.entry(name).or_default();
        if *times == 0 && !name.is_empty() {
            *times = 1;
            return base;
        }
        if name.is_empty() && taken.insert(base.clone()) {
            return base;
        }
        loop {
            *times += usize::from(*times == 0);
            let next = format!("{base}_{times}");
            *times += 1;
            if taken.insert(next.clone()) {
                return next;
            }
        }
    };
    found.iter().enumerate().map(name).collect()
}

/// Returns whether the row that was dropped as the header, in favour of other
/// names, may be one of data.
pub(crate) fn may_be_data(found: &Names, options: &Options) -> bool {
    let Some(names) = &options.names else { return false };
    let known = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name.trim()));
    options.header.is_some() && !found.iter().any(known) && found.iter().any(is_value)
}

/// A likely delimiter of a header of one column.
pub(crate) fn other_delimiter(found: &Names) -> Option<String> {
    if found.len() != 1 {
        return None;
    }
    found.get(0).chars().find(|character| matches!(character, ';' | '\t' | '|')).map(String::from)
}

/// Returns whether a text is a number, a date, true or false, which names
/// hardly are.
fn is_value(text: &str) -> bool {
    let text = text.trim().as_bytes();
    parse::f64_of(text).is_some()
        || parse::date(text).is_some()
        || parse::moment(text).is_some()
        || parse::bool_of(text).is_some()
}

/// Returns the places of the columns to read in the file, in the order of the
/// table.
pub(crate) fn select(path: &str, names: &Names, options: &Options) -> Result<Vec<usize>> {
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(names.len());
    let mut twice: HashMap<&str, (usize, usize)> = HashMap::new();
    for (index, name) in names.iter().enumerate() {
        let first = *places.entry(name).or_insert(index);
        if first != index {
            twice.entry(name).or_insert((first, index));
        }
    }
    let known = |field: &str, wanted: &str| match (places.get(wanted), twice.get(wanted)) {
        (_, Some(both)) => Err(ambiguous(path, wanted, *both)),
        (Some(place), None) => Ok(*place),
        (None, None) => Err(unknown(path, field, wanted, names)),
    };
    for (field, name) in options.named() {
        known(field, name)?;
    }
    match &options.columns {
        Some(columns) => {
            let mut chosen = HashSet::with_capacity(columns.len());
            if let Some(twice) = columns.iter().find(|name| !chosen.insert(name.as_str())) {
                return Err(Error::config(format!("columns: {twice:?} is there twice")));
            }
            columns.iter().map(|name| known("columns", name)).collect()
        }
        None => match twice.iter().min_by_key(|(_, (_, second))| *second) {
            Some((name, both)) => Err(ambiguous(path, name, *both)),
            None => Ok((0..names.len()).collect()),
        },
    }
}

fn ambiguous(path: &str, name: &str, (first, second): (usize, usize)) -> Error {
    let data = if is_value(name) {
        "if this row is data and the file has no header, set `header: false`; otherwise "
    } else {
        ""
    };
    Error::data(format!(
        "{path}: columns {} and {} are both named {name:?}; {data}`rename_duplicates: true` gives \
         each a name of its own, `names: [...]` replaces the header's, and `columns: [...]` reads \
         others only",
        first + 1,
        second + 1
    ))
}

fn unknown(path: &str, field: &str, wanted: &str, names: &Names) -> Error {
    const SHOWN: usize = 20;
    let list: Vec<_> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    Error::config(if names.is_empty() {
        format!("{field}: no column {wanted:?} in {path}, which has no columns at all")
    } else {
        format!("{field}: no column {wanted:?} in {path}; it has {}{more}", list.join(", "))
    })
}
