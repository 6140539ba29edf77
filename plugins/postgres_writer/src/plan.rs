//! The columns of the input, and the columns of the table that they feed.

use osiris_sdk::{DataType, Error, Field, Result, Schema};
use postgres_common::{Relation, identifier};
use tokio_postgres::types::Type;

use crate::feed::{Feed, Rules, feed};
use crate::target::TargetColumn;

/// A column of the input that is written.
#[derive(Debug, Clone)]
pub(crate) struct Fed {
    /// Its place in the input.
    pub(crate) index: usize,
    /// Its type there.
    pub(crate) data_type: DataType,
    pub(crate) feed: Feed,
    /// Whether the server has to read its values from text.
    pub(crate) as_text: bool,
    /// Whether it tells rows apart, and a missing value never does.
    pub(crate) is_key: bool,
    pub(crate) target: TargetColumn,
}

/// The way of the rows into the table.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) relation: Relation,
    pub(crate) columns: Vec<Fed>,
}

impl Plan {
    pub(crate) fn new(
        relation: &Relation,
        schema: &Schema,
        targets: &[TargetColumn],
        rules: Rules,
    ) -> Result<Self> {
        let unknown = names(schema.fields.iter().filter_map(|field| {
            let known = targets.iter().any(|target| target.name == field.name);
            (!known).then_some(&field.name)
        }));
        if let Some(unknown) = unknown {
            return Err(Error::config(format!(
                "{relation} has no column {unknown}; add it to the table, leave it out before, or \
                 set `schema_changes: add_columns`"
            )));
        }
        let missing = names(targets.iter().filter_map(|target| {
            let given = schema.index_of(&target.name).is_some();
            let needed = target.not_null && !target.has_default && !target.generated;
            (needed && !given).then_some(&target.name)
        }));
        if let Some(missing) = missing {
            return Err(Error::config(format!(
                "{relation} needs a value in column {missing}, which the input lacks; add it to \
                 the input, or give it a default in the table"
            )));
        }
        let pairs = schema.fields.iter().enumerate().filter_map(|(index, field)| {
            let target = targets.iter().find(|target| target.name == field.name)?;
            // The server computes its values itself.
            (!target.generated).then_some((index, field, target))
        });
        let columns = pairs
            .map(|(index, field, target)| fed(relation, index, field, target, rules))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { relation: relation.clone(), columns })
    }

    /// Returns true if some values have to be read from text by the server.
    pub(crate) fn has_text(&self) -> bool {
        self.columns.iter().any(|column| column.as_text)
    }

    /// Says which value does not fit.
    pub(crate) fn misfit(&self, fed: &Fed, row: i64, value: &str, why: &str) -> Error {
        Error::data(format!(
            "{}, row {row}, column {:?}: {:?} {why} ({})",
            self.relation,
            fed.target.name,
            shorten(value),
            fed.target.declared
        ))
    }

    /// Says which key is missing.
    pub(crate) fn null_key(&self, fed: &Fed, row: i64) -> Error {
        Error::data(format!(
            "{}, row {row}, column {:?}: a key of `upsert_keys` is NULL, which never equals \
             another one, so every run would add the row again; leave such rows out before, or \
             declare the table's unique constraint NULLS NOT DISTINCT",
            self.relation, fed.target.name
        ))
    }

    /// The columns' names, as SQL takes them.
    pub(crate) fn names(&self) -> String {
        let names: Vec<_> =
            self.columns.iter().map(|column| identifier(&column.target.name)).collect();
        names.join(", ")
    }
}

fn fed(
    relation: &Relation,
    index: usize,
    field: &Field,
    target: &TargetColumn,
    rules: Rules,
) -> Result<Fed> {
    let known = feed(&field.data_type, &target.native, target.modifier, rules);
    let as_text = known.is_none() && field.data_type == DataType::Utf8;
    let text = Feed::Text { limit: None, remove_nul: rules.remove_nul };
    match known.or(as_text.then_some(text)) {
        Some(feed) => Ok(Fed {
            index,
            data_type: field.data_type.clone(),
            feed,
            as_text,
            is_key: false,
            target: target.clone(),
        }),
        None => Err(Error::config(format!(
            "{relation}, column {:?}: values of {} cannot be written to {} without loss{}",
            field.name,
            field.data_type,
            target.declared,
            advice(&field.data_type, target)
        ))),
    }
}

fn advice(data_type: &DataType, target: &TargetColumn) -> &'static str {
    match data_type {
        DataType::Timestamp(_, None) if target.native == Type::TIMESTAMPTZ => {
            "; say in the query or a transform which time zone they are in"
        }
        DataType::Timestamp(..) if target.native == Type::TIMESTAMP => {
            "; drop the time zone in the query or a transform"
        }
        _ => "; convert them in the query or a transform, to text if nothing else fits",
    }
}

/// A value short enough for a message.
fn shorten(value: &str) -> String {
    const SHOWN: usize = 60;
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &value[..end]),
        None => value.to_owned(),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: Vec<_> = names.map(|name| format!("{name:?}")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
