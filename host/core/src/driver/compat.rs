//! Compatibility of a component's imports and exports with this host, as a table of the interfaces
//! required, the interfaces available, and the reason for each difference.

use semver::{Comparator, Op, Version, VersionReq};

use super::DriverFile;
use crate::code::Code;
use crate::contract::CONTRACT;
use crate::diagnostic::Diagnostic;
use crate::sanitize::escape_control;

/// The WASI 0.2 packages that drivers can import. Permissions within them are granted separately.
const WASI: [&str; 5] = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"];
const SOCKETS: &str = "wasi:sockets";
/// Maximum length of a displayed name, in characters.
const SHOWN: usize = 100;

/// Returns the problem if the names of the interfaces show that a component is incompatible.
pub fn import_mismatch(file: &DriverFile) -> Option<Diagnostic> {
    let (package, available) = CONTRACT.split_once('@')?;
    let available = Version::parse(available).ok()?;
    let mut rows: Vec<[String; 3]> =
        file.imports.iter().filter_map(|import| row(import, &available)).collect();
    let interface = format!("{package}/driver");
    let export = file.exports.iter().find_map(|name| match name.split_once('@') {
        Some((name, version)) if name == interface => Some(version),
        _ => None,
    });
    match export.map(|version| (version, outdated(version, &available))) {
        Some((_, None)) => {}
        Some((version, Some(reason))) => {
            rows.push([
                format!("{interface}@{available}"),
                named(&format!("{interface}@{version}")),
                reason.into(),
            ]);
        }
        None => rows.push([format!("{interface}@{available}"), "none".into(), WORLD.into()]),
    }
    if rows.is_empty() {
        return None;
    }
    rows.insert(0, ["required", "available", "reason"].map(String::from));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let table: String = rows
        .iter()
        .map(|[required, available, reason]| {
            format!("\n    {required:first$}  {available:second$}  {reason}")
        })
        .collect();
    let message = format!("driver `{}` is not compatible with this host:{table}", file.spec.name);
    Some(Diagnostic::new(Code::ContractIncompatible, message).in_file(&file.path).help(help(&rows)))
}

/// Returns the help: update the older of the two sides.
fn help(rows: &[[String; 3]]) -> String {
    let own = env!("CARGO_PKG_VERSION");
    let any = |text: &str| rows.iter().any(|[_, _, reason]| reason == text);
    if any(NEWER) {
        format!("update osiris (this is {own}), or use a driver built for `{CONTRACT}`")
    } else if any(OLDER) {
        format!("rebuild the driver with the SDK of osiris {own}")
    } else if any(WORLD) {
        format!(
            "build the driver for the world `plugin` of `{CONTRACT}`; with osiris-sdk, add to \
             `src/lib.rs`: `osiris_sdk::export!(MyDriver);`"
        )
    } else {
        format!(
            "build the driver for the world `plugin` of `{CONTRACT}`, for example with osiris-sdk"
        )
    }
}

const WORLD: &str = "built for another world";
const NEWER: &str = "built for a newer contract than this osiris supports";
const OTHER: &str = "built for another version of the contract";
const OLDER: &str = "built for an older contract, which this osiris no longer supports";

/// Returns the reason why a host with the `available` contract cannot run a component that requires
/// the `required` one. Returns `None` if it can: later versions only add, except for breaking ones
/// by semantic versioning.
fn outdated(required: &str, available: &Version) -> Option<&'static str> {
    let Ok(required) = Version::parse(required) else { return Some(OTHER) };
    let compatible = VersionReq {
        comparators: vec![Comparator {
            op: Op::Caret,
            major: required.major,
            minor: Some(required.minor),
            patch: Some(required.patch),
            pre: required.pre.clone(),
        }],
    };
    if compatible.matches(available) {
        return None;
    }
    Some(if required > *available { NEWER } else { OLDER })
}

/// Returns whether this host runs drivers of a contract, like `osiris:driver@0.1.0`.
pub fn supports(contract: &str) -> bool {
    let Some((package, available)) = CONTRACT.split_once('@') else { return false };
    let required = contract.strip_prefix(package).and_then(|rest| rest.strip_prefix('@'));
    let versions = required.zip(Version::parse(available).ok());
    versions.is_some_and(|(required, available)| outdated(required, &available).is_none())
}

/// Returns the contract that a component was built for, like `osiris:driver@0.1.0`. Returns `None`
/// if the component uses no interface of the contract.
pub fn contract_of(file: &DriverFile) -> Option<String> {
    let (package, _) = CONTRACT.split_once('@')?;
    let names = file.exports.iter().chain(&file.imports);
    let mut own = names.filter(|name| name.starts_with(package));
    own.find_map(|name| name.split_once('@')).map(|(_, version)| format!("{package}@{version}"))
}

/// Returns the reason why an import is not available to drivers. Returns `None` if it is available.
pub fn nonstandard_import(import: &str) -> Option<String> {
    let (_, contract) = CONTRACT.split_once('@')?;
    row(import, &Version::parse(contract).ok()?).map(|[_, _, reason]| reason)
}

/// Returns the row of the table for an import that is not available.
fn row(import: &str, contract: &Version) -> Option<[String; 3]> {
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    let package = interface.split('/').next().unwrap_or(interface);
    let (available, reason) = match package {
        "osiris:driver" => (contract.to_string(), outdated(version, contract)?),
        _ if WASI.contains(&package) || package == SOCKETS => {
            if version.starts_with("0.2.") {
                return None;
            }
            ("0.2".into(), "built for another version of WASI")
        }
        "wasi:http" => ("none".into(), "the host does not provide HTTP to drivers"),
        _ => ("none".into(), "unknown interface"),
    };
    Some([named(import), available, reason.into()])
}

/// Formats a name from a component, which can contain anything, as a cell of the table.
fn named(name: &str) -> String {
    let name = escape_control(name);
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} ... (cut)", &name[..end]),
        None => name.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contracts_of_other_packages_are_not_supported() {
        assert!(supports(CONTRACT));
        for contract in ["osiris:driver@9.0.0", "osiris:driver", "osiris:drivers@0.1.0", "@", ""] {
            assert!(!supports(contract), "{contract}");
        }
    }

    #[test]
    fn compatible_newer_contract_serves_older_driver() {
        for (required, available, reason) in [
            ("0.1.0", "0.1.0", None),
            ("0.1.0", "0.1.4", None),
            ("1.2.0", "1.3.0", None),
            ("0.1.1", "0.1.0", Some(NEWER)),
            ("0.2.0", "0.1.0", Some(NEWER)),
            ("0.1.0", "0.2.0", Some(OLDER)),
            ("1.9.0", "2.0.0", Some(OLDER)),
            ("", "0.1.0", Some(OTHER)),
        ] {
            assert_eq!(
                outdated(required, &Version::parse(available).unwrap()),
                reason,
                "{required} {available}"
            );
        }
    }

    #[test]
    fn interface_name_is_escaped_and_cut() {
        assert_eq!(named("a:b/c@1.0.0"), "a:b/c@1.0.0");
        assert_eq!(named("a:\u{1b}[2J\nb"), r"a:\u{1b}[2J\nb");
        // The maximum width of the formatter is 16 bits.
        assert!(named(&"é".repeat(1 << 17)).chars().count() < 2 * SHOWN);
    }
}
