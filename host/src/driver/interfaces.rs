//! Why a component does not fit this host: a table of what it wants, what is
//! offered, and why the two differ.

use super::CONTRACT;
use super::DriverFile;
use crate::problem::Problem;

/// The WASI 0.2 interfaces that drivers get; rights inside them are granted apart.
const WASI: [&str; 5] = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"];
const SOCKETS: &str = "wasi:sockets";

/// Says what a component lacks or wants too much of, if the names alone tell.
pub(super) fn mismatch(file: &DriverFile) -> Option<Problem> {
    let (package, version) = CONTRACT.split_once('@')?;
    let export = format!("{package}/driver@{version}");
    let mut rows: Vec<[String; 3]> = file.imports.iter().filter_map(|import| row(import)).collect();
    if !file.exports.contains(&export) {
        let other = file.exports.iter().find(|name| name.starts_with("osiris:driver/driver"));
        let (offered, why) = match other {
            Some(other) => (other.as_str(), "it was built for another version of the contract"),
            None => ("nothing", "the component was built for another world"),
        };
        rows.push([export, offered.into(), why.into()]);
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
    Some([import.into(), offered.into(), why.into()])
}
