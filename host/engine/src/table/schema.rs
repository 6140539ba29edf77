//! Conversion of schemas between the contract and Arrow.
//!
//! The contract flattens a schema tree depth first; every node carries an
//! [Arrow C Data Interface format string][1].
//!
//! [1]: https://arrow.apache.org/docs/format/CDataInterface.html#data-type-description-format-strings

use std::sync::Arc;

use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType,
    Field as ArrowField, Schema, SchemaRef,
};
use arrow::ffi::FFI_ArrowSchema;

/// Maximum nodes of a schema.
pub const MAX_FIELDS: usize = 1 << 17;
/// Maximum bytes of all names, formats and metadata of a schema.
const MAX_TEXT: usize = 16 << 20;
/// Estimated overhead of a node, in bytes.
const NODE: usize = 256;
/// Maximum nesting depth.
const MAX_DEPTH: usize = 32;
/// Maximum length of a name, in bytes.
const MAX_NAME: usize = 64 << 10;
/// Maximum metadata of one field, in bytes.
pub const MAX_METADATA: usize = 1 << 20;
/// Maximum values in one value of a fixed-size list.
const MAX_LIST: i32 = 1 << 20;

/// One node of a flattened schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name of the column; need not be unique within a struct.
    pub name: String,
    /// Arrow C Data Interface format string.
    pub format: String,
    /// Whether values can be null.
    pub nullable: bool,
    /// Arbitrary metadata of the column, as key and value.
    pub metadata: Vec<(String, String)>,
    /// Number of direct children that follow.
    pub children: u32,
}

/// Converts a schema that a driver sent. Every count and text in `fields` is untrusted.
///
/// # Errors
/// Returns an error if a field is invalid, with its name and the reason.
pub fn unflatten(fields: &[Field]) -> Result<SchemaRef, String> {
    if fields.len() > MAX_FIELDS {
        return Err(format!("the schema has {} fields; the maximum is {MAX_FIELDS}", fields.len()));
    }
    let mut rest = fields;
    let mut columns = Vec::new();
    while !rest.is_empty() {
        columns.push(read(&mut rest, 0)?);
    }
    let text: usize = fields.iter().map(text).sum();
    if text > MAX_TEXT {
        return Err(format!(
            "the schema has {text} bytes of names, formats and metadata; the maximum is {MAX_TEXT}"
        ));
    }
    let mut names: Vec<_> = columns.iter().map(ArrowField::name).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two columns are named `{}`", pair[0]));
    }
    Ok(Arc::new(Schema::new(columns)))
}

/// Returns the estimated memory of a schema, in bytes.
pub fn size(fields: &[Field]) -> u64 {
    fields.iter().map(|field| (text(field) + NODE) as u64).sum()
}

/// Returns the bytes of a node's name, format and metadata.
fn text(field: &Field) -> usize {
    let metadata = field.metadata.iter().map(|(key, value)| key.len() + value.len() + 64);
    field.name.len() + field.format.len() + metadata.sum::<usize>()
}

fn read(rest: &mut &[Field], depth: usize) -> Result<ArrowField, String> {
    let Some((field, tail)) = rest.split_first() else {
        return Err("the schema ends before a field's children".into());
    };
    *rest = tail;
    if field.name.len() > MAX_NAME {
        return Err(format!(
            "a column's name has {} bytes; the maximum is {MAX_NAME}",
            field.name.len()
        ));
    }
    if text(field) - field.name.len() - field.format.len() > MAX_METADATA {
        return Err(format!(
            "column `{}` has more than {MAX_METADATA} bytes of metadata",
            field.name
        ));
    }
    if depth > MAX_DEPTH {
        return Err(format!("column `{}` nests deeper than {MAX_DEPTH} levels", field.name));
    }
    if field.children as usize > rest.len() {
        return Err(format!("the schema ends before the children of `{}`", field.name));
    }
    let children: Vec<ArrowField> =
        (0..field.children).map(|_| read(rest, depth + 1)).collect::<Result<_, _>>()?;
    let data_type = data_type(&field.format, children)
        .and_then(|data_type| match data_type {
            DataType::Null if !field.nullable => {
                Err("a null column must be declared nullable".into())
            }
            data_type => Ok(data_type),
        })
        .map_err(|reason| {
            format!("column `{}` has format `{}`: {reason}", field.name, field.format)
        })?;
    Ok(ArrowField::new(&field.name, data_type, field.nullable)
        .with_metadata(field.metadata.iter().cloned().collect()))
}

fn data_type(format: &str, mut children: Vec<ArrowField>) -> Result<DataType, String> {
    if format == "+s" {
        return Ok(DataType::Struct(children.into()));
    }
    if format.starts_with('+') {
        let child = match (children.len(), children.pop()) {
            (1, Some(child)) => Arc::new(child),
            (count, _) => return Err(format!("it takes one child, not {count}")),
        };
        return match format {
            "+l" => Ok(DataType::List(child)),
            "+L" => Ok(DataType::LargeList(child)),
            _ => match format.strip_prefix("+w:").map(str::parse) {
                Some(Ok(size @ 0..=MAX_LIST)) => Ok(DataType::FixedSizeList(child, size)),
                _ => Err(unsupported()),
            },
        };
    }
    if !children.is_empty() {
        return Err(format!("it takes no children, not {}", children.len()));
    }
    if format.starts_with('v') || format.contains('\0') {
        return Err(unsupported());
    }
    // Arrow parses the remaining formats; without children its parser cannot panic.
    let leaf = FFI_ArrowSchema::try_new(format, Vec::new(), None)
        .and_then(|schema| DataType::try_from(&schema))
        .map_err(|_| unsupported())?;
    match leaf {
        DataType::FixedSizeBinary(..0) => Err("the width is negative".into()),
        DataType::Decimal32(digits, scale) => decimal::<Decimal32Type>(digits, scale),
        DataType::Decimal64(digits, scale) => decimal::<Decimal64Type>(digits, scale),
        DataType::Decimal128(digits, scale) => decimal::<Decimal128Type>(digits, scale),
        DataType::Decimal256(digits, scale) => decimal::<Decimal256Type>(digits, scale),
        leaf => Ok(leaf),
    }
}

/// Returns the decimal type if its parameters are valid.
fn decimal<T: DecimalType>(digits: u8, scale: i8) -> Result<DataType, String> {
    let max = T::MAX_PRECISION;
    if !(1..=max).contains(&digits) {
        return Err(format!("a decimal must have 1 to {max} digits"));
    }
    if !(-T::MAX_SCALE..=digits as i8).contains(&scale) {
        return Err(format!("a decimal must have a scale between -{max} and its number of digits"));
    }
    Ok(T::TYPE_CONSTRUCTOR(digits, scale))
}

fn unsupported() -> String {
    "the type is not supported; see the `arrow` interface of the contract".into()
}

/// Flattens a schema for a driver.
pub fn flatten(schema: &Schema) -> Vec<Field> {
    let mut fields = Vec::new();
    for field in schema.fields() {
        write(field, &mut fields);
    }
    fields
}

fn write(field: &ArrowField, out: &mut Vec<Field>) {
    let children: Vec<&ArrowField> = match field.data_type() {
        DataType::List(child) | DataType::LargeList(child) | DataType::FixedSizeList(child, _) => {
            vec![child]
        }
        DataType::Struct(children) => children.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    };
    let mut metadata: Vec<_> =
        field.metadata().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    metadata.sort_unstable();
    out.push(Field {
        name: field.name().clone(),
        format: format(field.data_type()),
        nullable: field.is_nullable(),
        metadata,
        children: children.len() as u32,
    });
    for child in children {
        write(child, out);
    }
}

fn format(data_type: &DataType) -> String {
    FFI_ArrowSchema::try_from(data_type)
        .map(|schema| schema.format().to_owned())
        .expect("`unflatten` lets only types in that have a format")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, format: &str, children: u32) -> Field {
        Field {
            name: name.into(),
            format: format.into(),
            nullable: true,
            metadata: vec![],
            children,
        }
    }

    #[test]
    fn every_type_survives_a_round_trip() {
        let leaves = "n b c C s S i I l L e f g z Z u U tdD tdm tts ttm ttu ttn tDs tDm tDu tDn tiM tiD \
                      tin tss: tsm: tsu:UTC tsn:Europe/Prague d:10,2 d:3,-2 d:38,0 d:9,2,32 d:76,3,256 w:16";
        let mut fields: Vec<_> = leaves
            .split_whitespace()
            .enumerate()
            .map(|(index, format)| field(&format!("c{index}"), format, 0))
            .collect();
        fields.extend([field("list", "+l", 1), field("struct", "+s", 2)]);
        fields.extend([field("x", "l", 0), field("y", "+w:3", 1), field("item", "u", 0)]);
        fields[3].metadata = vec![("a".into(), "b".into())];
        assert_eq!(flatten(&unflatten(&fields).unwrap()), fields);
    }

    #[test]
    fn invalid_schemas_are_rejected_with_a_reason() {
        let cases: [(&str, Vec<Field>); 13] = [
            ("must be declared nullable", vec![Field { nullable: false, ..field("a", "n", 0) }]),
            ("1 to 9 digits", vec![field("a", "d:10,0,32", 0)]),
            ("1 to 76 digits", vec![field("a", "d:200,3,256", 0)]),
            ("scale between -18 and", vec![field("a", "d:3,4,64", 0)]),
            ("scale between -38 and", vec![field("a", "d:3,-39", 0)]),
            ("the type is not supported", vec![field("a", "+ud:0", 1), field("x", "l", 0)]),
            ("the type is not supported", vec![field("a", "vu", 0)]),
            ("the type is not supported", vec![field("a", "l\0", 0)]),
            ("ends before the children", vec![field("a", "+l", 1)]),
            ("one child, not 2", vec![field("a", "+l", 2), field("x", "l", 0), field("y", "l", 0)]),
            ("no children, not 1", vec![field("a", "l", 1), field("x", "l", 0)]),
            ("width is negative", vec![field("a", "w:-1", 0)]),
            ("two columns are named `a`", vec![field("a", "l", 0), field("a", "l", 0)]),
        ];
        for (want, fields) in cases {
            let error = unflatten(&fields).unwrap_err();
            assert!(error.contains(want), "{error} should contain {want}");
        }
        let deep: Vec<_> =
            (0..100).map(|_| field("d", "+l", 1)).chain([field("x", "l", 0)]).collect();
        assert!(unflatten(&deep).unwrap_err().contains("nests deeper"));
    }
}
