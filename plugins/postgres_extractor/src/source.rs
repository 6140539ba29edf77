//! The query or the table that is read, and the choice of its rows.

use osiris_sdk::{Error, Result};
use postgres_common::{Relation, check_length, identifier};

use crate::config::Config;

/// Rows to choose from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The table, unless it is a query.
    pub(crate) table: Option<Relation>,
    /// The part behind `FROM`.
    from: String,
    /// The query alone.
    query: Option<String>,
    columns: Option<Vec<String>>,
    conditions: Vec<String>,
    order: Option<String>,
    limit: Option<u64>,
}

impl Source {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let (table, from, query) = match (&config.query, &config.table) {
            (Some(query), None) => {
                let only =
                    [("columns", config.columns.is_some()), ("filter", config.filter.is_some())];
                if let Some((field, _)) = only.into_iter().find(|(_, is_set)| *is_set) {
                    return Err(Error::config(format!(
                        "`{field}` goes with `table`; write it into the `query`"
                    )));
                }
                let query = query.trim().trim_end_matches(';').trim_end();
                // On lines of its own, in case it ends in a comment.
                (None, format!("(\n{query}\n) AS q"), Some(query.to_owned()))
            }
            (None, Some(table)) => {
                check_length("table", table)?;
                let relation = Relation::new(config.resolved_connection.schema(), table);
                let from = relation.to_string();
                (Some(relation), from, None)
            }
            (Some(_), Some(_)) => {
                return Err(Error::config("`query` and `table` are both set; keep one of them"));
            }
            (None, None) => {
                return Err(Error::config(
                    "set `table` to read a table, or `query` to read a query",
                ));
            }
        };
        let conditions = config.filter.iter().map(|filter| format!("(\n{filter}\n)")).collect();
        let (columns, limit) = (config.columns.clone(), config.limit);
        Ok(Self { table, from, query, columns, conditions, order: None, limit })
    }

    /// Keeps the rows that meet a condition, too.
    pub(crate) fn only(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// Sorts the rows by a column.
    pub(crate) fn sorted_by(&mut self, column: &str) {
        self.order = Some(identifier(column));
    }

    /// Returns true if the number of rows is limited, so that their order matters.
    pub(crate) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// The query for all columns as they are.
    pub(crate) fn plain(&self) -> String {
        if let (Some(query), [], None, None) =
            (&self.query, &self.conditions[..], &self.order, self.limit)
        {
            return query.clone();
        }
        let columns = self.columns.as_ref().map(|columns| {
            columns.iter().map(|column| identifier(column)).collect::<Vec<_>>().join(", ")
        });
        self.select(columns.as_deref().unwrap_or("*"))
    }

    /// A query for these expressions.
    pub(crate) fn select(&self, expressions: &str) -> String {
        let mut sql = format!("SELECT {expressions} FROM {}", self.from);
        if !self.conditions.is_empty() {
            sql.push_str(" WHERE ");
            sql.push_str(&self.conditions.join(" AND "));
        }
        if let Some(order) = &self.order {
            sql.push_str(" ORDER BY ");
            sql.push_str(order);
        }
        if let Some(limit) = self.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        sql
    }
}
