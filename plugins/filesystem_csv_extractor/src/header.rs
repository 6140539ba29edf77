//! The names of the columns, and which of them to read.

use std::collections::{HashMap, HashSet};

use osiris_sdk::{Error, Result};

use crate::config::ParseDates;
use crate::options::Options;
use crate::source::Stop;
use crate::split::Splitter;

/// Goes to the first row of data and gives the names of the columns; none if
/// the file ends before there is a row.
pub(crate) fn begin(splitter: &mut Splitter<'_>, options: &Options) -> Result<Vec<String>, Stop> {
    splitter.skip_lines(options.skip_rows)?;
    let Some(header) = options.header else {
        let columns = splitter.row()?.map(|row| row.columns());
        splitter.unread_row();
        return Ok((0..columns.unwrap_or(0)).map(|index| index.to_string()).collect());
    };
    for _ in 0..header {
        splitter.row()?;
    }
    let Some(row) = splitter.row()? else { return Ok(Vec::new()) };
    let name = |column| {
        let field = row.column(column).next().unwrap_or_default();
        String::from_utf8_lossy(&row.value(row.unquote(field))).into_owned()
    };
    Ok((0..row.columns()).map(name).collect())
}

/// The names that count: those of the configuration, or those of the file.
pub(crate) fn rename(path: &str, found: Vec<String>, options: &Options) -> Result<Vec<String>> {
    let names = match &options.names {
        Some(names) if found.is_empty() || names.len() == found.len() => names.clone(),
        Some(names) => {
            return Err(Error::config(format!(
                "names: {} names for the {} columns of {path}",
                names.len(),
                found.len()
            )));
        }
        None => found,
    };
    let mut seen = HashMap::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        if let Some(first) = seen.insert(name.as_str(), index) {
            return Err(Error::data(format!(
                "{path}: columns {} and {} are both named {name:?}; give every column a name of \
                 its own with `names: [...]`, which replaces the header's",
                first + 1,
                index + 1
            )));
        }
    }
    Ok(names)
}

/// Where the columns to read stand in the file, in the order of the table.
pub(crate) fn select(path: &str, names: &[String], options: &Options) -> Result<Vec<usize>> {
    let places: HashMap<&str, usize> =
        names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    let known = |field: &str, wanted: &str| {
        places.get(wanted).copied().ok_or_else(|| unknown(path, field, wanted, names))
    };
    for name in options.types.keys() {
        known("dtype", name)?;
    }
    if let ParseDates::Columns(columns) = &options.parse_dates {
        for name in columns {
            known("parse_dates", name)?;
        }
    }
    match &options.columns {
        Some(columns) => {
            let mut chosen = HashSet::with_capacity(columns.len());
            if let Some(twice) = columns.iter().find(|name| !chosen.insert(name.as_str())) {
                return Err(Error::config(format!("columns: {twice:?} is there twice")));
            }
            columns.iter().map(|name| known("columns", name)).collect()
        }
        None => Ok((0..names.len()).collect()),
    }
}

fn unknown(path: &str, field: &str, wanted: &str, names: &[String]) -> Error {
    const SHOWN: usize = 20;
    let list: Vec<_> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    Error::config(if names.is_empty() {
        format!("{field}: no column {wanted:?} in {path}, which has no columns at all")
    } else {
        format!("{field}: no column {wanted:?} in {path}; it has {}{more}", list.join(", "))
    })
}
