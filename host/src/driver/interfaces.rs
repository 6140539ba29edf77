//! Why a component does not fit this host: a table of what it wants, what is
//! offered, and why the two differ.

use super::CONTRACT;
use super::DriverFile;
use crate::problem::Problem;
use crate::session::visible;

/// The WASI 0.2 interfaces that drivers get; rights inside them are granted apart.
const WASI: [&str; 5] = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"];
const SOCKETS: &str = "wasi:sockets";
/// How much of a name is shown, in characters.
const SHOWN: usize = 100;

/// Says what a component lacks or wants too much of, if the names alone tell.
pub(super) fn mismatch(file: &DriverFile) -> Option<Problem> {
    let (package, version) = CONTRACT.split_once('@')?;
    let export = format!("{package}/driver@{version}");
    let mut rows: Vec<[String; 3]> = file.imports.iter().filter_map(|import| row(import)).collect();
    if !file.exports.contains(&export) {
        let other = file.exports.iter().find(|name| name.starts_with("osiris:driver/driver"));
        let (offered, why) = match other {
            Some(other) => (named(other), "it was built for another version of the contract"),
            None => ("nothing".into(), "the component was built for another world"),
        };
        rows.push([export, offered, why.into()]);
    }
    if rows.is_empty() {
        return None;
    }
    rows.insert(0, ["wanted", "offered", "why"].map(String::from));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let table: String = rows
        .iter()
        .map(|[wanted, offered, why]| format!("\n    {wanted:first$}  {offered:second$}  {why}"))
        .collect();
    Some(
        Problem::new(
            "world_mismatch",
            format!("the driver `{}` and this host do not fit:{table}", file.spec.name),
        )
        .in_file(&file.path)
        .help(format!(
            "build it for the world `plugin` of {CONTRACT}, for example with osiris-sdk"
        )),
    )
}

/// Why an import is none that drivers have, if so.
pub fn unusual(import: &str) -> Option<String> {
    row(import).map(|[_, _, why]| why)
}

/// A row of the table for an import that is not offered.
fn row(import: &str) -> Option<[String; 3]> {
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    let package = interface.split('/').next().unwrap_or(interface);
    let (offered, why) = match package {
        "osiris:driver" if version == "0.1.0" => return None,
        "osiris:driver" => ("0.1.0", "it was built for another version of the contract"),
        _ if WASI.contains(&package) || package == SOCKETS => {
            if version.starts_with("0.2.") {
                return None;
            }
            ("0.2", "it was built for another version of WASI")
        }
        "wasi:http" => ("nothing", "drivers have no HTTP of the host"),
        _ => ("nothing", "this host knows no such interface"),
    };
    Some([named(import), offered.into(), why.into()])
}

/// A name from a component, which may be anything, as a cell of the table.
fn named(name: &str) -> String {
    let name = visible(name);
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} ... (cut)", &name[..end]),
        None => name.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_cell_whatever_is_in_it() {
        assert_eq!(named("a:b/c@1.0.0"), "a:b/c@1.0.0");
        assert_eq!(named("a:\u{1b}[2J\nb"), r"a:\u{1b}[2J\nb");
        // The longest width that can be formatted is that of 16 bits.
        assert!(named(&"é".repeat(1 << 17)).chars().count() < 2 * SHOWN);
    }
}
