//! One share of a step that is split.

use osiris_sdk::{Context, Error, Partition, Result};
use postgres_common::{Relation, Session, identifier};
use tokio_postgres::types::Type;

use crate::config::Config;
use crate::describe::Column;
use crate::source::Source;

const PRIMARY_KEY: &str = "
    SELECT a.attname::text
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = $1::text::regclass AND i.indisprimary AND i.indnkeyatts = 1
      AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)";

/// Restricts the source to a share, such that all shares together are the
/// source, each row once.
pub(crate) fn restrict(
    ctx: &Context,
    session: &Session,
    config: &Config,
    columns: &[Column],
    share: Partition,
    source: &mut Source,
) -> Result<()> {
    if share.count <= 1 {
        return Ok(());
    }
    let key = match &config.partition_key {
        _ if config.incremental.is_some() || source.is_limited() => None,
        Some(key) => Some(checked(key, columns, source)?),
        None => {
            source.table.as_ref().map(|table| primary_key(session, table)).transpose()?.flatten()
        }
    };
    let Some(key) = key else {
        if share.index == 0 {
            ctx.warn(
                "nothing divides these rows, so one share reads all of them; `partition_key` \
                 names an integer column, and `limit` and `incremental` cannot be divided",
            );
        } else {
            source.only("false".to_owned());
        }
        return Ok(());
    };
    let key = identifier(&key);
    let sql = source.select(&format!("min({key})::int8, max({key})::int8"));
    let row = session.wait(session.client.query_one(&sql, &[]))?;
    let bounds = row.get::<_, Option<i64>>(0).zip(row.get::<_, Option<i64>>(1));
    source.only(condition(&key, bounds, share));
    Ok(())
}

fn checked(key: &str, columns: &[Column], source: &Source) -> Result<String> {
    let column = columns.iter().find(|column| column.name == key);
    match column.map(|column| &column.native) {
        Some(&(Type::INT2 | Type::INT4 | Type::INT8)) => Ok(key.to_owned()),
        Some(other) => Err(Error::config(format!(
            "partition_key: {key:?} is of type {other}; only smallint, integer and bigint divide \
             into ranges"
        ))),
        // A table may be divided by a column that is not read.
        None if source.table.is_some() => Ok(key.to_owned()),
        None => Err(Error::config(format!("partition_key: the query has no column {key:?}"))),
    }
}

fn primary_key(session: &Session, table: &Relation) -> Result<Option<String>> {
    let row = session.wait(session.client.query_opt(PRIMARY_KEY, &[&table.to_string()]))?;
    Ok(row.map(|row| row.get(0)))
}

/// The first share also takes what lies before it and what has no key, the last
/// one what lies behind it.
fn condition(key: &str, bounds: Option<(i64, i64)>, share: Partition) -> String {
    let (low, high) = bounds.unwrap_or((0, 0));
    let (low, span) = (i128::from(low), i128::from(high) - i128::from(low) + 1);
    let start = |index: u32| low + span * i128::from(index) / i128::from(share.count);
    let (from, to) = (start(share.index), start(share.index + 1));
    if share.index == 0 {
        format!("({key} < {to} OR {key} IS NULL)")
    } else if share.index + 1 == share.count {
        format!("{key} >= {from}")
    } else {
        format!("({key} >= {from} AND {key} < {to})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_ranges_meet() {
        let of = |index, bounds| condition("k", bounds, Partition { index, count: 3 });
        assert_eq!(of(0, Some((1, 9))), "(k < 4 OR k IS NULL)");
        assert_eq!(of(1, Some((1, 9))), "(k >= 4 AND k < 7)");
        assert_eq!(of(2, Some((1, 9))), "k >= 7");
        assert_eq!(of(2, Some((i64::MIN, i64::MAX))), "k >= 3074457345618258602");
        assert_eq!(of(0, None), "(k < 0 OR k IS NULL)");
    }
}
