//! Conversion of schemas to and from the form of the contract: trees, flattened depth first.

use super::{DataType, Field, Schema};
use crate::bindings::osiris::driver::arrow;
use crate::{Error, Result};

/// Maximum nesting depth, beyond that of any realistic table.
const MAX_DEPTH: usize = 64;

impl Schema {
    pub(crate) fn to_wire(&self) -> Vec<arrow::Field> {
        let mut wire = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            flatten(field, &mut wire);
        }
        wire
    }

    pub(crate) fn from_wire(wire: Vec<arrow::Field>) -> Result<Self> {
        let mut wire = wire.into_iter();
        let mut schema = Self::default();
        while let Some(head) = wire.next() {
            schema.fields.push(unflatten(head, &mut wire, 1)?);
        }
        Ok(schema)
    }
}

fn flatten(field: &Field, wire: &mut Vec<arrow::Field>) {
    let children = field.data_type.children();
    wire.push(arrow::Field {
        name: field.name.clone(),
        format: field.data_type.format(),
        nullable: field.nullable,
        metadata: field.metadata.clone(),
        // A schema of 2^32 fields does not fit into the address space.
        children: children.len() as u32,
    });
    for child in children {
        flatten(child, wire);
    }
}

fn unflatten(
    head: arrow::Field,
    rest: &mut impl Iterator<Item = arrow::Field>,
    depth: usize,
) -> Result<Field> {
    let arrow::Field { name, format, nullable, metadata, children } = head;
    if depth > MAX_DEPTH {
        return Err(Error::data(format!(
            "column {name:?} is nested deeper than {MAX_DEPTH} levels"
        )));
    }
    let mut fields = Vec::new();
    for _ in 0..children {
        let child = rest.next().ok_or_else(|| {
            Error::data(format!(
                "the schema ends inside of {name:?}: it has {} of {children} children",
                fields.len()
            ))
        })?;
        fields.push(unflatten(child, rest, depth + 1)?);
    }
    let data_type = DataType::parse(&format, fields)
        .map_err(|error| error.context(format_args!("column {name:?}")))?;
    Ok(Field { name, data_type, nullable, metadata })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TimeUnit;

    #[test]
    fn schema_survives_a_wire_round_trip() {
        use DataType::*;
        let flat = [
            Null,
            Bool,
            Int8,
            Int16,
            Int32,
            Int64,
            UInt8,
            UInt16,
            UInt32,
            UInt64,
            Float32,
            Float64,
            Utf8,
            Binary,
            Date32,
            Time32(TimeUnit::Second),
            Time32(TimeUnit::Millisecond),
            Time64(TimeUnit::Microsecond),
            Time64(TimeUnit::Nanosecond),
            Timestamp(TimeUnit::Second, None),
            Timestamp(TimeUnit::Nanosecond, Some("Europe/Prague".into())),
            Decimal128(38, -3),
        ];
        let mut fields: Vec<Field> = flat
            .into_iter()
            .enumerate()
            .map(|(index, data_type)| Field::new(format!("c{index}"), data_type, index % 2 == 0))
            .collect();
        fields[3].metadata.push(("unit".into(), "kg".into()));
        let nested = Struct(vec![
            Field::new("tags", DataType::list_of(DataType::list_of(Utf8)), true),
            Field::new("none", Struct(vec![]), false),
        ]);
        fields.push(Field::new("nested", nested, true));
        fields.push(Field::new("last", Int64, false));
        let schema = Schema::new(fields);
        assert_eq!(Schema::from_wire(schema.to_wire()).unwrap(), schema);
    }

    #[test]
    fn unsupported_arrow_format_is_named() {
        let field = |format: &str, children| arrow::Field {
            name: "c".into(),
            format: format.into(),
            nullable: true,
            metadata: vec![],
            children,
        };
        let text = |wire| Schema::from_wire(wire).unwrap_err().message;
        assert_eq!(
            text(vec![field("vu", 0)]),
            "column \"c\": Arrow format \"vu\" is none of the SDK's types; cast the column first"
        );
        assert_eq!(
            text(vec![field("d:50,2,256", 0)]),
            "column \"c\": decimals are 128 bits wide, not 256; cast the column first"
        );
        assert_eq!(
            text(vec![field("d:39,2", 0)]),
            "column \"c\": a decimal has a precision of 1 to 38 digits, not 39"
        );
        assert_eq!(
            text(vec![field("+s", 2), field("l", 0)]),
            "the schema ends inside of \"c\": it has 1 of 2 children"
        );
        assert_eq!(
            text(vec![field("l", 1), field("l", 0)]),
            "column \"c\": int64 has no children, this schema gives it 1"
        );
        let deep = vec![field("+l", 1); 100];
        assert_eq!(text(deep), "column \"c\" is nested deeper than 64 levels");
    }
}
