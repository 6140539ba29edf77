//! The table that is there, and whether the rows fit into it.

use mysql_common::{Session, cells, quote};
use osiris_sdk::{DataType, Error, Result, Schema};

/// A table that is there.
#[derive(Debug)]
pub(crate) struct Target {
    kind: String,
    /// Whether what was written can be undone.
    transactions: bool,
    engine: String,
    columns: Vec<TargetColumn>,
    /// The columns of each key that makes rows unique.
    unique: Vec<Vec<String>>,
}

/// One of its columns.
#[derive(Debug, Clone)]
pub(crate) struct TargetColumn {
    pub(crate) name: String,
    /// The server's name for the type, without a size.
    data_type: String,
    /// What the server would do to a value without a word.
    pub(crate) holds: Holds,
    pub(crate) nullable: bool,
    /// Whether the server knows what to put where nothing is written.
    optional: bool,
    generated: bool,
    /// Digits after the seconds.
    pub(crate) decimals: u8,
}

/// What a column takes as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Integers; others are rounded.
    Whole,
    /// Years; those of two digits get a century.
    Years,
    /// Floats of 32 bits; others are rounded.
    Singles,
    /// Floats of 64 bits; others are rounded.
    Doubles,
    /// Times, to so many digits after the seconds.
    Times,
    /// Anything else, which the server refuses if it does not fit.
    Others,
}

impl Holds {
    fn new(data_type: &str) -> Self {
        match data_type {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "bit" => Self::Whole,
            "year" => Self::Years,
            "float" => Self::Singles,
            "double" => Self::Doubles,
            "datetime" | "timestamp" | "time" => Self::Times,
            _ => Self::Others,
        }
    }
}

impl Target {
    /// Looks for the table.
    pub(crate) fn find(session: &mut Session, table: &str) -> Result<Option<Self>> {
        let place = format!("table_schema = DATABASE() AND table_name = {}", quote::text(table));
        let found = session.texts(&format!(
            "SELECT table_type, t.engine, e.transactions FROM information_schema.tables t \
             LEFT JOIN information_schema.engines e ON e.engine = t.engine WHERE {place}"
        ))?;
        let Some(row) = found.into_iter().next() else { return Ok(None) };
        let [kind, engine, transactions] = cells(row);
        let columns = session.texts(&format!(
            "SELECT column_name, data_type, is_nullable, \
             column_default IS NOT NULL OR extra LIKE '%auto_increment%', \
             extra LIKE '%GENERATED%' AND extra NOT LIKE '%DEFAULT_GENERATED%', \
             datetime_precision FROM information_schema.columns WHERE {place} \
             ORDER BY ordinal_position"
        ))?;
        let columns = columns.into_iter().map(|row| {
            let [name, data_type, nullable, default, generated, decimals] = cells(row);
            let (nullable, generated) = (nullable == "YES", generated == "1");
            TargetColumn {
                optional: nullable || generated || default == "1",
                decimals: decimals.parse().unwrap_or(0),
                holds: Holds::new(&data_type.to_lowercase()),
                data_type: data_type.to_lowercase(),
                name,
                nullable,
                generated,
            }
        });
        let columns = columns.collect();
        let mut unique: Vec<(String, Vec<String>)> = Vec::new();
        for row in session.texts(&format!(
            "SELECT index_name, column_name FROM information_schema.statistics \
             WHERE {place} AND non_unique = 0 ORDER BY index_name, seq_in_index"
        ))? {
            let [index, column] = cells(row);
            match unique.last_mut() {
                Some((name, columns)) if *name == index => columns.push(column),
                _ => unique.push((index, vec![column])),
            }
        }
        Ok(Some(Self {
            transactions: transactions == "YES",
            unique: unique.into_iter().map(|(_, columns)| columns).collect(),
            kind,
            engine,
            columns,
        }))
    }

    /// The columns that those of the schema are written to, in their order.
    pub(crate) fn columns(&self, table: &str, schema: &Schema) -> Result<Vec<TargetColumn>> {
        let mut missing = Vec::new();
        let mut matched = Vec::new();
        for field in &schema.fields {
            // The server does not tell upper from lower case in names of columns.
            match self.columns.iter().find(|c| c.name.to_lowercase() == field.name.to_lowercase()) {
                Some(column) if column.generated => {
                    return Err(Error::config(format!(
                        "column {:?} of table {table:?} is made by the server; leave it out in a \
                         step before",
                        field.name
                    )));
                }
                Some(column) => {
                    fits(table, column, &field.data_type)?;
                    matched.push(column.clone());
                }
                None => missing.push(format!("{:?}", field.name)),
            }
        }
        if !missing.is_empty() {
            let there: Vec<_> = self.columns.iter().map(|c| format!("{:?}", c.name)).collect();
            return Err(Error::config(format!(
                "table {table:?} has no column {}, it has {}; add what is missing to the table, \
                 or leave it out in a step before",
                missing.join(", "),
                there.join(", ")
            )));
        }
        let needed: Vec<_> = self
            .columns
            .iter()
            .filter(|column| !column.optional)
            .filter(|column| !matched.iter().any(|other| other.name == column.name))
            .map(|column| format!("{:?}", column.name))
            .collect();
        if !needed.is_empty() {
            return Err(Error::config(format!(
                "the input has no column {}, which table {table:?} needs a value for; add it in a \
                 step before, or give it a default",
                needed.join(", ")
            )));
        }
        Ok(matched)
    }

    /// Whether it has exactly these columns.
    pub(crate) fn is_of(&self, schema: &Schema) -> bool {
        let names = |column: &TargetColumn| column.name.to_lowercase();
        self.columns.len() == schema.fields.len()
            && self
                .columns
                .iter()
                .all(|c| schema.fields.iter().any(|f| f.name.to_lowercase() == names(c)))
    }

    /// Whether what is written into it can be undone.
    pub(crate) fn check_undo(&self, table: &str) -> Result<()> {
        if self.kind == "BASE TABLE" && !self.transactions {
            return Err(Error::unsupported(format!(
                "table {table:?} is of engine {}, which cannot undo what a failed run wrote; use \
                 `mode: replace`, or change it with ALTER TABLE ... ENGINE=InnoDB",
                self.engine
            )));
        }
        Ok(())
    }

    /// Whether these columns tell which row is meant.
    pub(crate) fn check_keys(&self, table: &str, keys: &[String]) -> Result<()> {
        let same = |columns: &Vec<String>| {
            columns.len() == keys.len()
                && keys.iter().all(|key| {
                    columns.iter().any(|column| column.to_lowercase() == key.to_lowercase())
                })
        };
        if self.unique.iter().any(same) {
            return Ok(());
        }
        let names: Vec<_> = keys.iter().map(|key| quote::name(key)).collect();
        Err(Error::config(format!(
            "table {table:?} has no primary or unique key of upsert_keys; make one with ALTER TABLE \
             {} ADD UNIQUE ({})",
            quote::name(table),
            names.join(", ")
        )))
    }

    /// Whether another table can take its place.
    pub(crate) fn check_replace(&self, session: &mut Session, table: &str) -> Result<()> {
        if self.kind != "BASE TABLE" {
            return Err(Error::config(format!(
                "{table:?} is a view, which cannot be replaced; name a table"
            )));
        }
        let name = quote::text(table);
        let ties = session.texts(&format!(
            "SELECT 'a trigger' FROM information_schema.triggers \
             WHERE event_object_schema = DATABASE() AND event_object_table = {name} \
             UNION SELECT 'a foreign key' FROM information_schema.key_column_usage \
             WHERE referenced_table_name IS NOT NULL \
             AND (table_schema = DATABASE() AND table_name = {name} \
             OR referenced_table_schema = DATABASE() AND referenced_table_name = {name})"
        ))?;
        match ties.into_iter().flatten().flatten().next() {
            None => Ok(()),
            Some(tie) => Err(Error::config(format!(
                "table {table:?} has {tie}, which would be lost with it; use `mode: truncate`"
            ))),
        }
    }
}

/// Whether a type is one whose values the server would not round in silence.
fn fits(table: &str, column: &TargetColumn, data_type: &DataType) -> Result<()> {
    let is_whole = matches!(column.holds, Holds::Whole | Holds::Years);
    let is_fraction = matches!(data_type, DataType::Float32 | DataType::Float64);
    let is_exact = matches!(column.data_type.as_str(), "decimal");
    let is_day = column.data_type == "date";
    let is_moment = matches!(data_type, DataType::Timestamp(..));
    if is_fraction && (is_whole || is_exact) || is_day && is_moment {
        return Err(Error::config(format!(
            "column {:?} of table {table:?} is {}, and the input's is {data_type}, which the server \
             would round; cast it in a step before, or change the column",
            column.name,
            column.data_type.to_uppercase()
        )));
    }
    if matches!(data_type, DataType::List(_) | DataType::Struct(_)) {
        return Err(Error::unsupported(format!(
            "column {:?} is of type {data_type}, which MySQL does not have; make it text or columns \
             of its own in a step before",
            column.name
        )));
    }
    Ok(())
}
