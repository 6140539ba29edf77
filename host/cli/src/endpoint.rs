//! A place that rows come from or go to, as a command names it: a file or a table.

use std::fmt::Write as _;

use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::DriverFile;
use osiris_core::text::{join_or, quoted};
use osiris_pipeline::connection::Reference;
use osiris_runtime::Workspace;
use serde_json::Value;

/// Extensions of files, and the family of the drivers for them.
const FORMATS: [(&str, &str); 2] = [("csv", "filesystem.csv"), ("tsv", "filesystem.csv")];
/// Extensions of compressed files, before which the format's extension stands.
const COMPRESSIONS: [&str; 6] = ["gz", "bz2", "xz", "zst", "zstd", "zip"];

/// A file or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A path in the project.
    File(String),
    /// `@family.alias/table`; the table is `None` if a query replaces it.
    Table(Reference, Option<String>),
}

/// The step of a pipeline that reads from an endpoint or writes to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EndpointStep {
    /// Name of the driver.
    pub(super) driver: String,
    /// Options of the driver, in the order of the file.
    pub(super) options: Vec<(String, Value)>,
}

impl Endpoint {
    /// Parses an endpoint of a command line.
    ///
    /// # Errors
    /// Returns an error if a connection is not written as `@family.alias/table`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if !text.starts_with('@') {
            return Ok(Self::File(text.to_owned()));
        }
        let (reference, table) = match text.split_once('/') {
            Some((reference, table)) => (reference, Some(table.to_owned())),
            None => (text, None),
        };
        Ok(Self::Table(reference.parse().map_err(Error::invalid)?, table))
    }

    /// Returns the step that reads from this endpoint (`Mode::Extract`) or writes to it.
    ///
    /// # Errors
    /// Returns an error if the format of a file is unknown, no driver fits, or a table is missing.
    pub(super) fn step(
        &self,
        mode: Mode,
        options: &[(String, Value)],
        workspace: &Workspace,
    ) -> Result<EndpointStep> {
        let (driver, mut own) = match self {
            Self::File(path) => {
                let (extension, family) = format_of(path)?;
                let role = if mode == Mode::Write { "writer" } else { "extractor" };
                let mut own = vec![("path".to_owned(), Value::from(path.as_str()))];
                if extension == "tsv" {
                    own.push(("delimiter".to_owned(), "\t".into()));
                }
                (format!("{family}_{role}"), own)
            }
            Self::Table(reference, table) => {
                let driver = driver_of(reference, mode, workspace)?;
                let mut own = vec![("connection".to_owned(), reference.to_string().into())];
                let has_query = options.iter().any(|(key, _)| key == "query");
                match table {
                    Some(table) => own.extend(table_options(table, driver)),
                    None if has_query => {}
                    None => return Err(table_missing(reference)),
                }
                (driver.spec.name.clone(), own)
            }
        };
        own.retain(|(key, _)| options.iter().all(|(other, _)| other != key));
        own.extend(options.iter().cloned());
        Ok(EndpointStep { driver, options: own })
    }
}

impl EndpointStep {
    /// Appends the step to the text of a pipeline.
    pub(super) fn write_to(&self, text: &mut String, id: &str, mode: &str, needs: Option<&str>) {
        // Writing to a text cannot fail. JSON is YAML.
        let _ = write!(text, "  - id: {id}\n    component: {}\n    mode: {mode}\n", self.driver);
        if let Some(needs) = needs {
            let _ = writeln!(text, "    needs: [{needs}]");
        }
        text.push_str("    config:\n");
        for (key, value) in &self.options {
            let _ = writeln!(text, "      {key}: {value}");
        }
    }
}

/// Parses `KEY=VALUE`. A value that is JSON stands for itself, any other is a text.
pub(super) fn option(text: &str) -> std::result::Result<(String, Value), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            Ok((key.to_owned(), value))
        }
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// Returns the extension of a file, and the family of its drivers.
pub(super) fn format_of(path: &str) -> Result<(&'static str, &'static str)> {
    let mut extensions: Vec<String> = path.rsplit('.').map(str::to_lowercase).take(2).collect();
    if COMPRESSIONS.contains(&extensions[0].as_str()) {
        extensions.remove(0);
    }
    let extension = extensions.first().filter(|_| path.contains('.'));
    let format = FORMATS.into_iter().find(|(known, _)| extension.is_some_and(|own| own == known));
    format.ok_or_else(|| {
        let known: Vec<String> = FORMATS.iter().map(|(known, _)| format!("`.{known}`")).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let message = format!("cannot tell the format of {} by its extension", quoted(path));
        let problem = Diagnostic::new(Code::UsageInvalid, message);
        Error::invalid(problem.help(format!(
            "use a file that ends in {}, or a table like `@postgres.main/orders`",
            join_or(&known)
        )))
    })
}

/// Returns the driver of a connection's family with this mode.
fn driver_of<'w>(
    reference: &Reference,
    mode: Mode,
    workspace: &'w Workspace,
) -> Result<&'w DriverFile> {
    let family = &reference.family;
    let mut drivers = workspace.drivers.drivers();
    let driver =
        drivers.find(|driver| driver.spec.family() == family && driver.spec.modes.contains(&mode));
    driver.map(AsRef::as_ref).ok_or_else(|| {
        let action = if mode == Mode::Write { "writes" } else { "reads" };
        let message = format!("no driver of the family {} {action} rows", quoted(family));
        let help = "list the available drivers with `osiris drivers list`";
        Error::environment(Diagnostic::new(Code::DriverMissing, message).help(help))
    })
}

/// Returns the options for a table: `schema.table` is a table of a schema where the driver has
/// schemas.
fn table_options(table: &str, driver: &DriverFile) -> Vec<(String, Value)> {
    let has_schemas = driver.spec.connection_fields.iter().any(|field| field.name == "schema");
    match table.split_once('.').filter(|_| has_schemas) {
        Some((schema, table)) => {
            vec![("schema".to_owned(), schema.into()), ("table".to_owned(), table.into())]
        }
        None => vec![("table".to_owned(), table.into())],
    }
}

fn table_missing(reference: &Reference) -> Error {
    let message = format!("`{reference}` names no table");
    let help = format!(
        "name a table, as in `{reference}/orders`; `osiris discover {reference}` lists them"
    );
    Error::invalid(Diagnostic::new(Code::UsageInvalid, message).help(help))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn format_is_that_of_the_extension() {
        for path in ["a.csv", "x/A.CSV", "a.csv.gz", "a.b.csv.zst"] {
            assert_eq!(format_of(path).unwrap().0, "csv", "{path}");
        }
        assert_eq!(format_of("a.tsv").unwrap().0, "tsv");
        for path in ["csv", "a.parquet", "a.gz", "a.csv.", ""] {
            let error = format_of(path).unwrap_err().to_string();
            assert!(error.contains("cannot tell the format"), "{path}: {error}");
        }
    }

    #[test]
    fn endpoint_is_a_file_or_a_table() {
        let table = |text| Endpoint::parse(text).unwrap();
        assert_eq!(table("data/a.csv"), Endpoint::File("data/a.csv".into()));
        let reference: Reference = "@postgres.main".parse().unwrap();
        let name = Some("crm.orders".to_owned());
        assert_eq!(table("@postgres.main/crm.orders"), Endpoint::Table(reference.clone(), name));
        assert_eq!(table("@postgres.main"), Endpoint::Table(reference, None));
        assert!(Endpoint::parse("@postgres/orders").is_err());
    }

    #[test]
    fn option_is_json_or_text() {
        assert_eq!(option("limit=3").unwrap(), ("limit".into(), json!(3)));
        assert_eq!(option("keys=[\"id\"]").unwrap(), ("keys".into(), json!(["id"])));
        assert_eq!(option("query=select 1=1").unwrap(), ("query".into(), json!("select 1=1")));
        assert!(option("limit").is_err() && option("=3").is_err());
    }
}
