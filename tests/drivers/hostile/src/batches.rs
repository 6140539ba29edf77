//! Batches whose buffers contradict their declared shape.

use crate::{Attack, Outcome, Table, field, node, offsets, parent};

pub(crate) const ATTACKS: Table = &[
    ("rows-beyond-node", |attack| {
        attack.send(field("n", "l"), 2, &[node(1, 0, 2)], &[&[], &[0; 8]])
    }),
    ("rows-without-columns", |attack| attack.send_tree(&[], u64::MAX, &[], &[])),
    ("too-many-rows", |attack| {
        attack.send(field("n", "n"), 1 << 40, &[node(1 << 40, 1 << 40, 0)], &[])
    }),
    ("length-negative-looking", |attack| {
        attack.send(field("n", "l"), 1, &[node(u64::MAX, 0, 2)], &[&[], &[0; 8]])
    }),
    ("values-short", |attack| attack.send(field("n", "l"), 2, &[node(2, 0, 2)], &[&[], &[0; 15]])),
    ("validity-short", |attack| {
        attack.send(field("n", "l"), 9, &[node(9, 0, 2)], &[&[0xff], &[0; 72]])
    }),
    ("null-count-too-low", |attack| {
        attack.send(field("n", "l"), 2, &[node(2, 0, 2)], &[&[0b01], &[0; 16]])
    }),
    ("null-count-too-high", |attack| {
        attack.send(field("n", "l"), 2, &[node(2, 2, 2)], &[&[0b01], &[0; 16]])
    }),
    ("null-count-huge", |attack| {
        attack.send(field("n", "l"), 2, &[node(2, u64::MAX, 2)], &[&[], &[0; 16]])
    }),
    ("nulls-not-allowed", |attack| {
        let mut column = field("n", "l");
        column.nullable = false;
        attack.send(column, 2, &[node(2, 1, 2)], &[&[0b01], &[0; 16]])
    }),
    ("offsets-negative", |attack| text(attack, &[0, -1, 3], b"abc")),
    ("offsets-decreasing", |attack| text(attack, &[0, 3, 1], b"abc")),
    ("offsets-beyond-values", |attack| text(attack, &[0, 1, 1000], b"abc")),
    ("offsets-huge", |attack| text(attack, &[0, i32::MAX, i32::MAX], b"abc")),
    ("offsets-not-from-zero", |attack| text(attack, &[-2, -1, 0], b"abc")),
    ("offsets-missing", |attack| text(attack, &[0, 1], b"abc")),
    ("offsets-empty", |attack| text(attack, &[], b"abc")),
    ("utf8-invalid", |attack| text(attack, &[0, 1, 3], b"a\xff\xfe")),
    ("utf8-cut-in-a-character", |attack| text(attack, &[0, 1, 2], "é".as_bytes())),
    ("utf8-invalid-behind-a-null", |attack| {
        let offsets = offsets(&[0, 1, 3]);
        attack.send(field("t", "u"), 2, &[node(2, 1, 3)], &[&[0b01], &offsets, b"a\xff\xfe"])
    }),
    ("decimal-too-wide", |attack| {
        let value = 1000_i128.to_le_bytes();
        attack.send(field("d", "d:3,0"), 1, &[node(1, 0, 2)], &[&[], &value])
    }),
    ("node-missing", |attack| attack.send(field("n", "l"), 1, &[], &[&[], &[0; 8]])),
    ("node-left-over", |attack| {
        attack.send(field("n", "l"), 1, &[node(1, 0, 2), node(1, 0, 2)], &[&[], &[0; 8]])
    }),
    ("buffer-missing", |attack| attack.send(field("n", "l"), 1, &[node(1, 0, 2)], &[&[]])),
    ("buffer-left-over", |attack| {
        attack.send(field("n", "l"), 1, &[node(1, 0, 2)], &[&[], &[0; 8], &[0; 8]])
    }),
    ("buffer-count-huge", |attack| {
        attack.send(field("n", "l"), 1, &[node(1, 0, u32::MAX)], &[&[], &[0; 8]])
    }),
    ("list-child-short", |attack| {
        let offsets = offsets(&[0, 5]);
        attack.send_tree(
            &[parent("l", "+l", 1), field("item", "l")],
            1,
            &[node(1, 0, 2), node(2, 0, 2)],
            &[&[], &offsets, &[], &[0; 16]],
        )
    }),
    ("struct-child-short", |attack| {
        attack.send_tree(
            &[parent("s", "+s", 1), field("x", "l")],
            3,
            &[node(3, 0, 1), node(2, 0, 2)],
            &[&[], &[], &[0; 16]],
        )
    }),
    ("batch-too-large", |attack| {
        let values = vec![0; 40 << 20];
        attack.send_tree(&[field("a", "C"), field("b", "C")], 0, &[], &[&values, &values])
    }),
];

/// Sends two strings with the given offsets.
fn text(attack: &Attack, at: &[i32], values: &[u8]) -> Outcome {
    attack.send(field("t", "u"), 2, &[node(2, 0, 3)], &[&[], &offsets(at), values])
}
