//! The templates of new projects.

use clap::ValueEnum;

/// A template: a pipeline with what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// Copy a CSV file; runs without further files or services
    Hello,
    /// Load a CSV file into PostgreSQL
    CsvToPostgres,
    /// Export a table of MySQL or MariaDB to a CSV file
    MysqlToCsv,
    /// Export a table of PostgreSQL to a CSV file
    PostgresToCsv,
    /// Load the new rows of a MySQL table into PostgreSQL, run after run
    Incremental,
}

/// The kind of service of a connection `@family.main`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Mysql,
    Postgres,
}

/// A path relative to the project, with the content of the file.
pub(crate) type File = (&'static str, &'static str);

const PLANETS: File = ("data/planets.csv", include_str!("files/planets.csv"));

impl Template {
    /// Returns the name, which is also that of the pipeline.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::CsvToPostgres => "csv-to-postgres",
            Self::MysqlToCsv => "mysql-to-csv",
            Self::PostgresToCsv => "postgres-to-csv",
            Self::Incremental => "incremental",
        }
    }

    /// Returns the pipeline and the data that it reads.
    pub(crate) fn files(self) -> &'static [File] {
        match self {
            Self::Hello => &[("pipelines/hello.yaml", include_str!("files/hello.yaml")), PLANETS],
            Self::CsvToPostgres => &[
                ("pipelines/csv-to-postgres.yaml", include_str!("files/csv-to-postgres.yaml")),
                PLANETS,
            ],
            Self::MysqlToCsv => {
                &[("pipelines/mysql-to-csv.yaml", include_str!("files/mysql-to-csv.yaml"))]
            }
            Self::PostgresToCsv => {
                &[("pipelines/postgres-to-csv.yaml", include_str!("files/postgres-to-csv.yaml"))]
            }
            Self::Incremental => {
                &[("pipelines/incremental.yaml", include_str!("files/incremental.yaml"))]
            }
        }
    }

    /// Returns the families of the connections that the pipeline needs.
    pub(super) fn families(self) -> &'static [Family] {
        match self {
            Self::Hello => &[],
            Self::CsvToPostgres | Self::PostgresToCsv => &[Family::Postgres],
            Self::MysqlToCsv => &[Family::Mysql],
            Self::Incremental => &[Family::Mysql, Family::Postgres],
        }
    }
}

impl Family {
    /// Returns the alias of a family's connection in templates.
    pub(super) const ALIAS: &'static str = "main";

    /// Returns the first part of the names of the family's drivers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Postgres => "postgres",
        }
    }

    /// Returns the entry below `connections:`.
    pub(super) fn connection(self) -> &'static str {
        match self {
            Self::Mysql => include_str!("files/connection-mysql.yaml"),
            Self::Postgres => include_str!("files/connection-postgres.yaml"),
        }
    }

    /// Returns the lines of `.env.example`.
    fn variables(self) -> &'static str {
        match self {
            Self::Mysql => include_str!("files/env-mysql"),
            Self::Postgres => include_str!("files/env-postgres"),
        }
    }
}

/// Returns the content of `osiris_connections.yaml`.
pub(super) fn connections(families: &[Family]) -> String {
    let entries = families.iter().map(|family| family.connection());
    std::iter::once(include_str!("files/connections.yaml")).chain(entries).collect()
}

/// Returns the content of `.env.example`.
pub(super) fn variables(families: &[Family]) -> String {
    let lines = families.iter().map(|family| family.variables());
    std::iter::once(include_str!("files/env")).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_names_are_those_of_the_option_and_the_pipeline() {
        for template in Template::value_variants() {
            let value = template.to_possible_value().unwrap();
            assert_eq!(value.get_name(), template.name());
            let (path, content) = template.files()[0];
            assert_eq!(path, format!("pipelines/{}.yaml", template.name()));
            assert!(content.contains(&format!("\nname: {}\n", template.name())), "{path}");
        }
    }
}
