//! Rows as the file that LOAD DATA LOCAL asks for.

use mysql_common::{MysqlError, Session, identifier};
use osiris_sdk::{DataType, Result};

use crate::insert::may_pass;
use crate::syntax::{self, Syntax};
use crate::target::TargetColumn;

/// Has the server load no rows, and returns the statement if it does: not all
/// that speak the protocol can.
pub(crate) fn probe(session: &mut Session, statement: String) -> Result<Option<String>> {
    match session.begin_load(&statement, &[]).and_then(|()| session.finish()) {
        Ok(_) => Ok(Some(statement)),
        Err(error) if may_pass(&error) => Err(error.into()),
        Err(MysqlError::Server { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The statement that asks for the rows as a file. The name of it means nothing:
/// what is sent are the rows, whatever the server asks for.
pub(crate) fn statement(table: &str, columns: &[(usize, DataType, TargetColumn)]) -> String {
    let (mut fields, mut conversions) = (Vec::new(), Vec::new());
    for (index, data_type, column) in columns {
        let name = identifier(&column.name);
        match syntax::conversion(data_type, &column.holds) {
            Some(conversion) => {
                let variable = format!("@v{index}");
                conversions.push(format!("{name}={}", conversion.replace('@', &variable)));
                fields.push(variable);
            }
            None => fields.push(name),
        }
    }
    let set = if conversions.is_empty() { "" } else { " SET " };
    format!(
        "LOAD DATA LOCAL INFILE 'rows' INTO TABLE {} CHARACTER SET utf8mb4 \
         FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({}){set}{}",
        identifier(table),
        fields.join(","),
        conversions.join(",")
    )
}

/// Makes an INSERT of the rows of a file: where LOAD DATA only warns, it says
/// what is wrong.
pub(crate) fn as_insert(
    prefix: &[u8],
    columns: &[(usize, DataType, TargetColumn)],
    file: &[u8],
) -> Vec<u8> {
    let mut sql = prefix.to_vec();
    let mut field = Vec::new();
    let (mut column, mut is_null, mut rows) = (0, false, 0);
    let mut bytes = file.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'N') => is_null = true,
                escaped => field.extend(escaped),
            },
            b'\t' | b'\n' => {
                sql.extend_from_slice(match (column, rows) {
                    (0, 0) => b"(",
                    (0, _) => b",(",
                    _ => b",",
                });
                let conversion = columns.get(column).and_then(|(_, data_type, target)| {
                    syntax::conversion(data_type, &target.holds)
                });
                let (before, after) =
                    conversion.and_then(|c| c.split_once('@')).unwrap_or_default();
                sql.extend_from_slice(before.as_bytes());
                if is_null {
                    Syntax::Insert.null(&mut sql);
                } else {
                    Syntax::Insert.text(&field, &mut sql);
                }
                sql.extend_from_slice(after.as_bytes());
                field.clear();
                is_null = false;
                column += 1;
                if byte == b'\n' {
                    sql.push(b')');
                    column = 0;
                    rows += 1;
                }
            }
            other => field.push(other),
        }
    }
    sql
}
