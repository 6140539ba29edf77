//! The table that is there, and whether the rows fit into it.

use mysql_common::{MysqlError, Session, cells, identifier, literal};
use osiris_sdk::{DataType, Error, Field, Result, Schema};

use crate::config::ZonedTimes;
use crate::holds::{Description, Holds};
use crate::syntax::Syntax;

/// A table that is there.
#[derive(Debug)]
pub(crate) struct Target {
    kind: String,
    /// Whether the engine can undo changes.
    transactions: bool,
    engine: String,
    columns: Vec<TargetColumn>,
    unique: Vec<Unique>,
}

/// One of its columns.
#[derive(Debug, Clone)]
pub(crate) struct TargetColumn {
    pub(crate) name: String,
    /// The type as the server writes it, in capitals.
    pub(crate) column_type: String,
    /// The values that the column keeps as they are.
    pub(crate) holds: Holds,
    pub(crate) nullable: bool,
    /// The form of its values on their way to the server.
    pub(crate) syntax: Syntax,
    /// True if its texts are UTF-8, and not of another character set.
    is_utf8: bool,
    /// True if keys that differ only in spaces at their end are the same.
    pub(crate) pads: bool,
    /// Whether the column has a value where none is written.
    optional: bool,
    generated: bool,
}

/// An index of which no two rows have the same values.
#[derive(Debug)]
struct Unique {
    name: String,
    columns: Vec<String>,
    /// True if it compares whole columns, not their beginnings or expressions.
    is_whole: bool,
}

impl Target {
    /// Looks for the table.
    pub(crate) fn find(session: &mut Session, table: &str) -> Result<Option<Self>> {
        let place = format!("table_schema = DATABASE() AND table_name = {}", literal(table));
        let found = session.texts(&format!(
            "SELECT table_type, t.engine, e.transactions FROM information_schema.tables t \
             LEFT JOIN information_schema.engines e ON e.engine = t.engine WHERE {place}"
        ))?;
        let Some(row) = found.into_iter().next() else { return Ok(None) };
        let [kind, engine, transactions] = cells(row);
        let columns = session.texts(&format!(
            "SELECT column_name, data_type, column_type, is_nullable, \
             column_default IS NOT NULL OR extra LIKE '%auto_increment%', \
             extra LIKE '%GENERATED%' AND extra NOT LIKE '%DEFAULT_GENERATED%', \
             datetime_precision, numeric_precision, numeric_scale, character_maximum_length, \
             collation_name, column_comment FROM information_schema.columns WHERE {place} \
             ORDER BY ordinal_position"
        ))?;
        let srids = srids(session, &place)?;
        let columns = columns.into_iter().map(|row| {
            let [name, data_type, column_type, nullable, default, generated, rest @ ..] =
                cells::<12>(row);
            let [time_decimals, precision, scale, length, collation, comment] = &rest;
            let (nullable, generated) = (nullable == "YES", generated == "1");
            let holds = Holds::new(&Description {
                data_type: &data_type.to_lowercase(),
                column_type: &column_type,
                scale: scale.parse().ok(),
                time_decimals: time_decimals.parse().unwrap_or(0),
                precision: precision.parse().unwrap_or(0),
                length: length.parse().unwrap_or(0),
                comment,
                srid: srids.iter().find(|(column, _)| *column == name).map(|(_, srid)| *srid),
            });
            let is_list = matches!(holds, Holds::Enum(_) | Holds::Set(_));
            TargetColumn {
                optional: nullable || generated || default == "1",
                syntax: Syntax::Insert,
                pads: pads(collation),
                is_utf8: ["utf8", "ascii"].iter().any(|set| collation.starts_with(set)),
                // Members keep their letters.
                column_type: if is_list { column_type } else { column_type.to_uppercase() },
                holds,
                name,
                nullable,
                generated,
            }
        });
        let columns = columns.collect();
        let mut unique: Vec<Unique> = Vec::new();
        for row in session.texts(&format!(
            "SELECT index_name, column_name, sub_part IS NULL AND column_name IS NOT NULL \
             FROM information_schema.statistics \
             WHERE {place} AND non_unique = 0 ORDER BY index_name, seq_in_index"
        ))? {
            let [name, column, whole] = cells(row);
            if unique.last().is_none_or(|last| last.name != name) {
                unique.push(Unique { name, columns: Vec::new(), is_whole: true });
            }
            if let Some(index) = unique.last_mut() {
                index.columns.push(column);
                index.is_whole &= whole == "1";
            }
        }
        Ok(Some(Self { transactions: transactions == "YES", unique, kind, engine, columns }))
    }

    /// Returns the columns that those of the schema are written to, in their
    /// order; none for a column that the server makes itself.
    pub(crate) fn columns(
        &self,
        table: &str,
        schema: &Schema,
        zoned: ZonedTimes,
    ) -> Result<Vec<Option<TargetColumn>>> {
        let mut missing = Vec::new();
        let mut matched = Vec::new();
        for field in &schema.fields {
            match self.column(&field.name) {
                Some(column) if column.generated => matched.push(None),
                Some(column) if is_taken(&matched, &column.name) => {
                    return Err(Error::config(format!(
                        "two columns of the input go to column {:?} of table {table:?}, since the \
                         server does not tell upper from lower case there; give one of the two \
                         another name in a step before",
                        column.name
                    )));
                }
                Some(column) => {
                    fits(table, column, &field.data_type, zoned)?;
                    matched.push(Some(column.clone()));
                }
                None => missing.push(format!("{:?}", field.name)),
            }
        }
        if !missing.is_empty() {
            let there: Vec<_> = self.columns.iter().map(|c| format!("{:?}", c.name)).collect();
            return Err(Error::config(format!(
                "table {table:?} has no column {}, it has {}; add what is missing to the table, \
                 set `schema_changes: add_columns`, or leave it out in a step before",
                missing.join(", "),
                there.join(", ")
            )));
        }
        let needed = self.needed(schema);
        if !needed.is_empty() {
            return Err(Error::config(format!(
                "the input has no column {}, which table {table:?} needs a value for; add it in a \
                 step before, or give it a default",
                needed.join(", ")
            )));
        }
        if matched.iter().all(Option::is_none) {
            return Err(Error::config(format!(
                "the server makes all columns of the input itself in table {table:?}; there is \
                 nothing to write"
            )));
        }
        Ok(matched)
    }

    /// Returns the fields that it has no column for.
    pub(crate) fn lacks(&self, schema: &Schema) -> Vec<Field> {
        schema.fields.iter().filter(|field| self.column(&field.name).is_none()).cloned().collect()
    }

    /// Returns the columns that need a value and are not in the schema.
    pub(crate) fn needed(&self, schema: &Schema) -> Vec<String> {
        let is_given = |column: &TargetColumn| {
            schema.fields.iter().any(|field| is_same(&field.name, &column.name))
        };
        let needed = self.columns.iter().filter(|column| !column.optional && !is_given(column));
        needed.map(|column| format!("{:?}", column.name)).collect()
    }

    /// Returns the column of that name if rows have values for it.
    pub(crate) fn written(&self, name: &str) -> Option<&TargetColumn> {
        self.column(name).filter(|column| !column.generated)
    }

    fn column(&self, name: &str) -> Option<&TargetColumn> {
        self.columns.iter().find(|column| is_same(&column.name, name))
    }

    /// Returns whether the target is a table, and not a view.
    pub(crate) fn is_table(&self) -> bool {
        self.kind == "BASE TABLE"
    }

    /// Checks that rows that are written into the table can be undone.
    pub(crate) fn check_undo(&self, table: &str) -> Result<()> {
        if self.is_table() && !self.transactions {
            return Err(Error::unsupported(format!(
                "table {table:?} is of engine {}, which cannot undo what a failed run wrote; use \
                 `mode: replace`, or change it with ALTER TABLE ... ENGINE=InnoDB",
                self.engine
            )));
        }
        Ok(())
    }

    /// Checks that these columns tell which row is meant, and returns the other
    /// indexes by which two rows can meet.
    pub(crate) fn check_keys(&self, table: &str, keys: &[String]) -> Result<Vec<String>> {
        let is_key = |index: &&Unique| {
            index.is_whole
                && index.columns.len() == keys.len()
                && keys.iter().all(|key| index.columns.iter().any(|column| is_same(column, key)))
        };
        if self.unique.iter().any(|index| is_key(&index)) {
            let others = self.unique.iter().filter(|index| !is_key(index));
            return Ok(others.map(|index| index.name.clone()).collect());
        }
        let names: Vec<_> = keys.iter().map(|key| identifier(key)).collect();
        Err(Error::config(format!(
            "table {table:?} has no primary or unique key of upsert_keys; make one with ALTER TABLE \
             {} ADD UNIQUE ({})",
            identifier(table),
            names.join(", ")
        )))
    }

    /// Checks that another table can take the place of this one.
    pub(crate) fn check_replace(&self, session: &mut Session, table: &str) -> Result<()> {
        if !self.is_table() {
            return Err(Error::config(format!(
                "{table:?} is a view, which cannot be replaced; name a table"
            )));
        }
        let name = literal(table);
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

/// Returns the columns whose shapes are all of one SRID.
fn srids(session: &mut Session, place: &str) -> Result<Vec<(String, u32)>> {
    let rows = session.texts(&format!(
        "SELECT column_name, srs_id FROM information_schema.st_geometry_columns \
         WHERE srs_id IS NOT NULL AND {place}"
    ));
    let rows = match rows {
        // MariaDB has no such table, and no such columns.
        Err(MysqlError::Server { .. }) => return Ok(Vec::new()),
        rows => rows?,
    };
    let parsed = rows.into_iter().filter_map(|row| {
        let [name, srid] = cells(row);
        Some((name, srid.parse().ok()?))
    });
    Ok(parsed.collect())
}

fn is_taken(matched: &[Option<TargetColumn>], name: &str) -> bool {
    matched.iter().flatten().any(|column| column.name == name)
}

/// Returns whether two names are of the same column: the server does not tell
/// upper from lower case there.
fn is_same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

/// Returns whether texts of a collation are the same if only spaces at their end differ.
fn pads(collation: &str) -> bool {
    !(collation.is_empty()
        || collation == "binary"
        || collation.contains("_0900_")
        || collation.contains("_nopad_"))
}

/// Checks that the server would not change values of a type in silence.
fn fits(table: &str, column: &TargetColumn, data_type: &DataType, zoned: ZonedTimes) -> Result<()> {
    let name = &column.name;
    let is_nested = matches!(data_type, DataType::List(_) | DataType::Struct(_));
    if is_nested && !column.holds.takes(data_type) {
        return Err(Error::unsupported(format!(
            "column {name:?} is of type {data_type}, which {} does not hold; make it text or columns \
             of its own in a step before",
            column.column_type
        )));
    }
    let has_zone = matches!(data_type, DataType::Timestamp(_, Some(_)));
    if has_zone && column.holds.has_no_zone() && zoned == ZonedTimes::Error {
        return Err(Error::config(format!(
            "column {name:?} of table {table:?} is {}, which has no zone, and the input's times \
             have one; set `zoned_times: utc` to write them as those of UTC, or make the column a \
             TIMESTAMP",
            column.column_type
        )));
    }
    let is_text = matches!(column.holds, Holds::Text | Holds::Char);
    if *data_type == DataType::Binary && is_text && !column.is_utf8 {
        return Err(Error::config(format!(
            "column {name:?} of table {table:?} is {} of another character set than UTF-8, and the \
             input's is {data_type}, whose letters nobody knows; make it text in a step before, or \
             the column a BLOB",
            column.column_type
        )));
    }
    if column.holds.takes(data_type) {
        return Ok(());
    }
    Err(Error::config(format!(
        "column {name:?} of table {table:?} is {}, and the input's is {data_type}, which the \
         server would round or take for another value; cast it in a step before, or change the \
         column",
        column.column_type
    )))
}
