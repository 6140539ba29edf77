//! Warnings about values that a driver accepts, and that probably mean something else.

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::driver::spec::{Spec, configured_paths};
use osiris_core::secret_keys;
use osiris_core::text::quoted;
use osiris_core::yaml::{Diagnostics, Node, Value};
use serde_json::Value as Json;

use super::parameters::Parameters;
use crate::connection::variables;

/// File formats: the first part of the role of a driver, the name of the format, and the usual
/// extensions of its files.
const FORMATS: [(&str, &str, &[&str]); 8] = [
    ("csv", "CSV", &["csv", "tsv", "tab", "psv"]),
    ("parquet", "Parquet", &["parquet", "pq"]),
    ("json", "JSON", &["json"]),
    ("jsonl", "JSON Lines", &["jsonl", "ndjson"]),
    ("arrow", "Arrow", &["arrow", "feather", "ipc"]),
    ("avro", "Avro", &["avro"]),
    ("orc", "ORC", &["orc"]),
    ("excel", "Excel", &["xlsx", "xls"]),
];
/// Formats whose extensions drivers of either use.
const JSON: [&str; 2] = ["json", "jsonl"];
/// Extensions of compressed files.
const COMPRESSED: [&str; 7] = ["gz", "gzip", "zst", "zstd", "bz2", "xz", "lz4"];

/// Warns of `${NAME}` in a step's configuration, which is not replaced.
pub(super) fn check_placeholders(
    owner: &str,
    key: &str,
    node: &Node,
    parameters: &Parameters,
    warnings: &mut Diagnostics<'_>,
) {
    match &node.value {
        Value::Text(text) => {
            let Some(name) = variables(text).next() else { return };
            let message = format!(
                "{owner}: {} is not replaced: a pipeline refers to parameters, not to environment variables",
                quoted(&format!("${{{name}}}"))
            );
            let parameter = name.to_lowercase();
            let help = match parameters.closest(name) {
                _ if secret_keys::is_secret_key(key) => {
                    "put the value in a connection, which can refer to environment variables"
                        .to_owned()
                }
                Some(declared) if declared.to_lowercase() == parameter => {
                    format!("write `${{params.{declared}}}`")
                }
                _ => format!(
                    "write `${{params.{parameter}}}`, and set the parameter with `--param {parameter}=...` or `OSIRIS_PARAM_{}`",
                    parameter.to_uppercase()
                ),
            };
            let problem = Diagnostic::new(Code::PlaceholderUnknown, message);
            warnings.report(node.position, problem.help(help));
        }
        Value::List(items) => {
            items.iter().for_each(|item| check_placeholders(owner, key, item, parameters, warnings))
        }
        Value::Map(entries) => entries.iter().for_each(|entry| {
            check_placeholders(owner, &entry.key, &entry.value, parameters, warnings);
        }),
        _ => {}
    }
}

/// Warns of an output file whose extension is that of another format than the driver's.
pub(super) fn check_extensions(
    owner: &str,
    config: &Node,
    json: &Json,
    spec: &Spec,
    warnings: &mut Diagnostics<'_>,
) {
    let role = spec.name.split_once('.').map_or("", |(_, role)| role);
    let prefix = role.split('_').next().unwrap_or_default();
    let Some(own) = FORMATS.iter().find(|(name, ..)| *name == prefix) else { return };
    for pointer in spec.files.write.iter().filter(|pointer| !spec.files.read.contains(pointer)) {
        for path in configured_paths(json, std::slice::from_ref(pointer)) {
            let Some((stem, found)) = foreign_format(path, own.0) else { continue };
            let message = format!(
                "{owner}: {} is named like a {found} file, but `{}` writes {}",
                quoted(path),
                spec.name,
                own.1
            );
            let help = format!(
                "write {}, or use a driver that writes {found}",
                quoted(&format!("{stem}.{}", own.2[0]))
            );
            let problem = Diagnostic::new(Code::ExtensionMismatched, message);
            warnings.report(config.position_of(pointer), problem.help(help));
        }
    }
}

/// Returns the path without its extension and the format of that extension, if the format is not
/// `own`.
fn foreign_format<'p>(path: &'p str, own: &str) -> Option<(&'p str, &'static str)> {
    let (mut stem, mut extension) = path.rsplit_once('.')?;
    if COMPRESSED.contains(&extension.to_lowercase().as_str()) {
        (stem, extension) = stem.rsplit_once('.')?;
    }
    let extension = extension.to_lowercase();
    let (name, title, _) =
        FORMATS.iter().find(|(_, _, extensions)| extensions.contains(&extension.as_str()))?;
    let is_own = *name == own || JSON.contains(name) && JSON.contains(&own);
    (!is_own).then_some((stem, *title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_of_other_formats_are_recognized() {
        for (path, own, expected) in [
            ("out/a.parquet", "csv", Some(("out/a", "Parquet"))),
            ("out/a.JSON.gz", "csv", Some(("out/a", "JSON"))),
            ("out/a.csv", "parquet", Some(("out/a", "CSV"))),
            ("out/a.tsv.gz", "csv", None),
            ("out/a.jsonl", "json", None),
            ("out/a.txt", "csv", None),
            ("out/a", "csv", None),
            ("out.parquet/a", "csv", None),
        ] {
            assert_eq!(foreign_format(path, own), expected, "{path}");
        }
    }
}
