//! Invalid schemas.

use crate::bindings::osiris::driver::arrow::Field;
use crate::{Attack, Outcome, Table, done, field, parent};

pub(crate) const ATTACKS: Table = &[
    ("schema-duplicate-names", |attack| open(attack, &[field("a", "l"), field("a", "u")])),
    ("schema-unknown-format", |attack| open(attack, &[field("a", "?")])),
    ("schema-empty-format", |attack| open(attack, &[field("a", "")])),
    ("schema-zero-in-format", |attack| open(attack, &[field("a", "l\0u")])),
    ("schema-escapes-in-name", |attack| {
        open(attack, &[field("\u{1b}[31mred\r\n", "?"), field("b", "l")])
    }),
    ("schema-long-name", |attack| open(attack, &[field(&"n".repeat(1 << 20), "l")])),
    ("schema-long-format", |attack| open(attack, &[field("a", &"l".repeat(1 << 20))])),
    ("schema-long-metadata", |attack| {
        let mut column = field("a", "l");
        column.metadata = vec![("k".repeat(32 << 20), "v".into())];
        open(attack, &[column])
    }),
    ("schema-much-metadata", |attack| {
        let mut column = field("a", "l");
        column.metadata = (0..1 << 20).map(|key| (key.to_string(), String::new())).collect();
        open(attack, &[column])
    }),
    ("schema-million-fields", |attack| {
        let columns: Vec<_> = (0..(1 << 20) + 1).map(|at| field(&at.to_string(), "l")).collect();
        open(attack, &columns)
    }),
    ("schema-too-deep", |attack| {
        let mut columns: Vec<_> = (0..100_000).map(|_| parent("d", "+l", 1)).collect();
        columns.push(field("leaf", "l"));
        open(attack, &columns)
    }),
    ("schema-children-missing", |attack| open(attack, &[parent("a", "+s", 2), field("b", "l")])),
    ("schema-children-countless", |attack| open(attack, &[parent("a", "+s", u32::MAX)])),
    ("schema-children-of-a-number", |attack| open(attack, &[parent("a", "l", 1), field("b", "l")])),
    ("schema-list-of-two", |attack| {
        open(attack, &[parent("a", "+l", 2), field("b", "l"), field("c", "l")])
    }),
    ("schema-negative-width", |attack| open(attack, &[field("a", "w:-8")])),
    ("schema-wide-fixed-list", |attack| {
        open(attack, &[parent("a", "+w:2147483647", 1), field("b", "l")])
    }),
    ("schema-impossible-decimal", |attack| open(attack, &[field("a", "d:99,200")])),
    ("schema-unknown-zone", |attack| open(attack, &[field("a", "tsu:Mars/Olympus")])),
];

fn open(attack: &Attack, columns: &[Field]) -> Outcome {
    attack.writer()?.open(columns)?;
    done()
}
