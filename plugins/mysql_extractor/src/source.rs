//! The query or the table that is read, and the choice of its rows.

use mysql_common::{Session, identifier, literal};
use osiris_sdk::{Error, Partition, Result};

use crate::config::Config;

/// The table or the query that is read, and the choice of its rows.
#[derive(Debug)]
pub(crate) struct Source {
    select: String,
    conditions: Vec<String>,
    order: Option<String>,
    limit: Option<u64>,
    /// The table or the query, as messages name it.
    pub(crate) name: String,
    /// Whether the rows are those of a table, whose columns say if they take nulls.
    pub(crate) is_table: bool,
}

impl Source {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        match (&config.table, &config.query) {
            (Some(table), None) => Ok(Self::table(config, table)),
            (None, Some(query)) => Self::query(config, query),
            (Some(_), Some(_)) => Err(Error::config(
                "`table` and `query` are both there; keep the one that says what to read",
            )),
            (None, None) => Err(Error::config("what to read is missing: set `table` or `query`")),
        }
        .and_then(|source| match (&config.incremental, config.limit) {
            (Some(_), Some(_)) => Err(Error::config(
                "`incremental` and `limit` do not go together: rows of the same cursor could be \
                 left out for good; drop one of them",
            )),
            _ => Ok(source),
        })
    }

    fn table(config: &Config, table: &str) -> Self {
        let columns = config.columns.as_ref().map_or_else(
            || "*".to_owned(),
            |columns| columns.iter().map(|c| identifier(c)).collect::<Vec<_>>().join(", "),
        );
        Self {
            select: format!("SELECT {columns} FROM {}", identifier(table)),
            conditions: config.filter.clone().into_iter().collect(),
            order: None,
            limit: config.limit,
            name: format!("table {table:?}"),
            is_table: true,
        }
    }

    fn query(config: &Config, query: &str) -> Result<Self> {
        let stray = [
            ("columns", config.columns.is_some()),
            ("filter", config.filter.is_some()),
            ("limit", config.limit.is_some()),
        ];
        if let Some((name, _)) = stray.iter().find(|(_, there)| *there) {
            return Err(Error::config(format!(
                "`{name}` goes with `table`; write it into the `query`, or name a `table`"
            )));
        }
        let query = query.trim_end().trim_end_matches(';').to_owned();
        let select = match config.incremental {
            // The line ends keep a comment at its end from going on.
            Some(_) => format!("SELECT * FROM (\n{query}\n) AS `read`"),
            None => query,
        };
        Ok(Self {
            select,
            conditions: Vec::new(),
            order: None,
            limit: None,
            name: "the query".to_owned(),
            is_table: false,
        })
    }

    /// Reads only one share of the rows. Shares go by the remainder of a key,
    /// which stays the same whatever rows come and go meanwhile; ends of ranges
    /// would not.
    pub(crate) fn share(
        &mut self,
        config: &Config,
        session: &mut Session,
        share: Partition,
    ) -> Result<()> {
        let Some(table) = &config.table else {
            return Err(Error::config("a `query` cannot be split; read a `table`"));
        };
        if config.limit.is_some() || config.incremental.is_some() {
            return Err(Error::config("with `limit` or `incremental` a table cannot be split"));
        }
        let rows = session.texts(&format!(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() \
             AND table_name = {} AND column_key = 'PRI' \
             AND data_type IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint') \
             ORDER BY ordinal_position LIMIT 1",
            literal(table)
        ))?;
        let Some(key) = rows.into_iter().flatten().flatten().next() else {
            return Err(Error::config(format!(
                "table {table:?} cannot be split: it has no primary key of integers"
            )));
        };
        let Partition { index, count } = share;
        // The remainder of a negative key is negative.
        let others = i64::from(index) - i64::from(count);
        self.conditions.push(format!("MOD({}, {count}) IN ({index}, {others})", identifier(&key)));
        Ok(())
    }

    /// Reads only the rows of a condition, in the order of the cursor.
    pub(crate) fn beyond(&mut self, cursor: &str, condition: String) {
        self.conditions.push(condition);
        self.order = Some(identifier(cursor));
    }

    pub(crate) fn sql(&self) -> String {
        let mut sql = self.select.clone();
        for (index, condition) in self.conditions.iter().enumerate() {
            let word = if index == 0 { "WHERE" } else { "AND" };
            sql += &format!(" {word} (\n{condition}\n)");
        }
        if let Some(order) = &self.order {
            sql += &format!(" ORDER BY {order}");
        }
        if let Some(limit) = self.limit {
            sql += &format!(" LIMIT {limit}");
        }
        sql
    }
}
