//! Changes of a table, so that it can hold the rows.

use osiris_sdk::{DataType, Result, Schema};
use postgres_common::{Relation, Session, identifier};
use tokio_postgres::types::{Kind, Type};

use crate::config::Config;
use crate::create::{columns, native_type};
use crate::feed::{characters, last_digit};
use crate::merge::NAME;
use crate::target::{TargetColumn, shape};

/// Columns to add, and columns that may need another type.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    added: Vec<(String, String)>,
    widened: Vec<Widened>,
}

/// A column whose type is changed if there is a value that needs it.
#[derive(Debug)]
struct Widened {
    name: String,
    /// The type that holds the values that are there, and every value that may come.
    wide: String,
    /// An SQL condition for the values that the column cannot hold as it is.
    misfits: String,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.widened.is_empty()
    }

    /// Returns the statements that change the table, given the rows in the stage.
    pub(crate) fn statements(&self, session: &Session, relation: &Relation) -> Result<Vec<String>> {
        let mut statements: Vec<_> = self
            .added
            .iter()
            .map(|(name, native)| {
                format!("ALTER TABLE {relation} ADD COLUMN {} {native}", identifier(name))
            })
            .collect();
        if self.widened.is_empty() {
            return Ok(statements);
        }
        let conditions: Vec<_> = self
            .widened
            .iter()
            .map(|widened| format!("coalesce(bool_or({}), false)", widened.misfits))
            .collect();
        let sql = format!("SELECT {} FROM {NAME}", conditions.join(", "));
        let needed = session.wait(session.client.query_one(&sql, &[]))?;
        let needed = self.widened.iter().enumerate().filter(|(index, _)| needed.get(*index));
        statements.extend(needed.map(|(_, Widened { name, wide, .. })| {
            format!("ALTER TABLE {relation} ALTER COLUMN {} TYPE {wide}", identifier(name))
        }));
        Ok(statements)
    }
}

/// Returns the changes that a table needs as far as the step allows them, and its columns as they
/// are after that.
pub(crate) fn changes(
    session: &Session,
    config: &Config,
    schema: &Schema,
    targets: &[TargetColumn],
) -> Result<(Changes, Vec<TargetColumn>)> {
    let mut changes = Changes::default();
    let mut targets = targets.to_vec();
    let allowed = config.changes();
    if allowed.widens() {
        changes.widened = schema
            .fields
            .iter()
            .filter_map(|field| {
                let target = targets.iter().find(|target| target.name == field.name)?;
                if target.generated || target.native.schema() != "pg_catalog" {
                    return None;
                }
                let name = identifier(&target.name);
                let TargetColumn { native, modifier, declared, .. } = target;
                let (wide, misfits) = wider(&field.data_type, native, *modifier, declared, &name)?;
                Some(Widened { name: field.name.clone(), wide, misfits })
            })
            .collect();
    }
    if allowed.adds_columns() {
        let unknown = schema
            .fields
            .iter()
            .filter(|field| !targets.iter().any(|target| target.name == field.name));
        changes.added = columns(session, config, unknown)?;
    }
    let widened =
        changes.widened.iter().map(|widened| (widened.name.clone(), widened.wide.clone()));
    for column in shape(session, &widened.collect::<Vec<_>>())? {
        if let Some(target) = targets.iter_mut().find(|target| target.name == column.name) {
            let TargetColumn { native, modifier, declared, .. } = column;
            *target = TargetColumn { native, modifier, declared, ..target.clone() };
        }
    }
    targets.extend(shape(session, &changes.added)?);
    Ok((changes, targets))
}

/// Returns a type that holds all values of a column's type and all of that source, and the
/// condition for those of them, in the expression `name`, that the column cannot hold; nothing if
/// there is no such type, or no need of it.
fn wider(
    source: &DataType,
    native: &Type,
    modifier: i32,
    declared: &str,
    name: &str,
) -> Option<(String, String)> {
    use DataType as D;
    if let (Kind::Array(native), D::List(item)) = (native.kind(), source) {
        let declared = declared.strip_suffix("[]")?;
        let (wide, misfits) = wider(&item.data_type, native, modifier, declared, "item")?;
        let any = format!("EXISTS (SELECT FROM unnest({name}) AS items (item) WHERE {misfits})");
        return Some((format!("{wide}[]"), any));
    }
    let wide = |native: &str, misfits: String| Some((native.to_owned(), misfits));
    let whole = |bits: u32| {
        let limit = 1_i128 << (bits - 1);
        format!("{name} NOT BETWEEN {} AND {}", -limit, limit - 1)
    };
    match (native, source) {
        (&Type::INT2, D::Int32 | D::UInt16) => wide("integer", whole(16)),
        (&Type::INT2, D::Int64 | D::UInt32) => wide("bigint", whole(16)),
        (&Type::INT4, D::Int64 | D::UInt32) => wide("bigint", whole(32)),
        (&Type::INT2, D::UInt64) => wide("numeric(20,0)", whole(16)),
        (&Type::INT4, D::UInt64) => wide("numeric(20,0)", whole(32)),
        (&Type::INT8, D::UInt64) => wide("numeric(20,0)", whole(64)),
        (&Type::INT2 | &Type::INT4 | &Type::INT8, D::Decimal128(precision, scale)) => {
            let (digits, bits) = match *native {
                Type::INT2 => (5, 16),
                Type::INT4 => (10, 32),
                _ => (19, 64),
            };
            let scale = i32::from((*scale).max(0));
            let digits = digits.max(i32::from(*precision) - scale);
            wide(
                &format!("numeric({},{scale})", digits + scale),
                format!("({name} <> trunc({name}) OR {})", whole(bits)),
            )
        }
        (&Type::INT2 | &Type::INT4, D::Float32 | D::Float64) => {
            let bits = if *native == Type::INT2 { 16 } else { 32 };
            wide("double precision", format!("({name} <> trunc({name}) OR {})", whole(bits)))
        }
        (&Type::FLOAT4, D::Float64 | D::Int32 | D::Int64 | D::UInt32 | D::UInt64) => wide(
            "double precision",
            format!(
                "CASE WHEN {name} IN ('NaN', 'Infinity', '-Infinity') THEN false WHEN abs({name}) \
                 > 3.4e38 OR ({name} <> 0 AND abs({name}) < 1.2e-38) THEN true ELSE {name} <> \
                 {name}::real::float8 END"
            ),
        ),
        (&Type::NUMERIC, _) => {
            let kept = usize::try_from(last_digit(modifier)?).ok()?;
            let whole = usize::try_from((modifier - 4) >> 16).ok()?.checked_sub(kept)?;
            let wide = match source {
                D::Decimal128(precision, scale) => {
                    let scale = usize::try_from(*scale).ok()?;
                    let digits = usize::from(*precision).checked_sub(scale)?;
                    let (digits, scale) = (digits.max(whole), scale.max(kept));
                    format!("numeric({},{scale})", digits + scale)
                }
                D::Bool => return None,
                _ => "numeric".to_owned(),
            };
            // The column's own type holds all of the source.
            if wide == declared {
                return None;
            }
            Some((
                wide,
                format!(
                    "CASE WHEN {name} = 'NaN' THEN false ELSE abs({name}) >= 1e{whole}::numeric OR \
                     {name} <> round({name}, {kept}) END"
                ),
            ))
        }
        (&Type::VARCHAR, _) => {
            let limit = characters(modifier)?;
            wide("character varying", format!("char_length({name}) > {limit}"))
        }
        (
            &Type::TIME | &Type::TIMESTAMP | &Type::TIMESTAMPTZ,
            D::Time32(_) | D::Time64(_) | D::Timestamp(..),
        ) if modifier >= 0 => {
            let bare = native_type(source)?;
            wide(&bare, format!("{name} <> {name}::{declared}"))
        }
        (&Type::DATE, D::Timestamp(_, None)) => {
            wide("timestamp", format!("{name} <> {name}::date::timestamp"))
        }
        _ => None,
    }
}
