//! Uses up the host's memory, disk and time through the data that it holds for a driver.

use std::fs;

use crate::bindings::osiris::driver::arrow::Field;
use crate::bindings::osiris::driver::context::{self, MetricValue};
use crate::bindings::osiris::driver::tables::Writer;
use crate::bindings::osiris::driver::types::Error;
use crate::{Attack, Outcome, Table, done, field, node, parent};

/// Size of a large batch in bytes.
const LARGE: usize = 32 << 20;

pub(crate) const ATTACKS: Table = &[
    // Not attacks themselves: batches for other steps to hoard.
    ("send-large-batches", |attack| {
        let writer = attack.writer()?;
        writer.open(&[field("n", "l")])?;
        let values = vec![1; LARGE];
        for _ in 0..40 {
            numbers(writer, &values)?;
        }
        done()
    }),
    ("send-hidden-bytes", |attack| {
        let writer = attack.writer()?;
        writer.open(&[field("n", "l")])?;
        let values = vec![1; LARGE];
        for _ in 0..40 {
            writer.push(&[]);
            writer.push(&values);
            writer.send(0, &[node(0, 0, 2)])?;
        }
        done()
    }),
    ("hoard-batches", hoard),
    ("hoard-hidden-bytes", hoard),
    // Holds as much as a correct driver may, and releases it each time.
    ("hoard-batches-for-a-while", |attack| {
        let mut hoard = Vec::new();
        while let Some(batch) = attack.reader()?.next()? {
            hoard.push(batch);
            if hoard.len() == 6 {
                hoard.clear();
            }
        }
        attack.quiet()
    }),
    ("hoard-a-state", |attack| {
        context::save_state(&format!("\"{}\"", "s".repeat(15 << 20)))?;
        attack.quiet()
    }),
    ("hoard-a-batch-in-pieces", |attack| {
        let writer = attack.writer()?;
        writer.open(&[field("n", "C")])?;
        for _ in 0..60 {
            writer.push(&vec![1; 1 << 20]);
        }
        done()
    }),
    ("hoard-columns", |attack| {
        attack.writer()?.open(&described(14, 1 << 20))?;
        done()
    }),
    ("columns-with-too-much-text", |attack| {
        attack.writer()?.open(&described(40, 500_000))?;
        done()
    }),
    ("columns-half-a-million", |attack| wide(attack, 500_000, 1)),
    // The maximum number of columns: succeeds.
    ("columns-many", |attack| wide(attack, 100_000, 3)),
    ("columns-forever", |attack| {
        begin();
        wide(attack, 131_072, u64::MAX)
    }),
    ("columns-of-much-metadata", |attack| {
        let mut column = field("a", "n");
        column.metadata = vec![(String::new(), String::new()); 1 << 20];
        attack.writer()?.open(&[column])?;
        done()
    }),
    ("memory-bomb-of-the-run", |_| {
        let mut hoard = Vec::new();
        loop {
            hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
        }
    }),
    ("event-countless-values", |attack| {
        context::event("flood.values", &zeros(60 << 20));
        attack.quiet()
    }),
    ("event-countless-keys", |attack| {
        context::event("flood.keys", &keys(60 << 20));
        attack.quiet()
    }),
    ("event-countless-values-of-no-name", |attack| {
        context::event("flood", &zeros(60 << 20));
        attack.quiet()
    }),
    ("event-many-values", |attack| {
        // Each event is within the byte limit.
        let (values, keys) = (zeros(1 << 20), keys(1 << 20));
        for _ in 0..200 {
            context::event("flood.values", &values);
            context::event("flood.keys", &keys);
        }
        attack.quiet()
    }),
    ("events-forever", |_| {
        let text = zeros(60 << 20);
        begin();
        loop {
            context::event("flood.values", &text);
        }
    }),
    ("tags-forever", |_| {
        let tags: Vec<_> = (0..1 << 20).map(|tag| (tag.to_string(), "t".into())).collect();
        begin();
        loop {
            context::metric("flood", MetricValue::Integer(1), "rows", &tags);
        }
    }),
    ("states-forever", |_| {
        let state = zeros(15 << 20);
        begin();
        loop {
            context::save_state(&state)?;
        }
    }),
    ("batches-forever", |attack| {
        let writer = attack.writer()?;
        writer.open(&[field("n", "l"), field("d", "d:38,0")])?;
        let rows = 5 << 19;
        let (numbers, decimals) = (vec![0; rows * 8], vec![0; rows * 16]);
        let nodes = vec![node(rows as u64, 0, 2); 2];
        begin();
        loop {
            writer.push(&[]);
            writer.push(&numbers);
            writer.push(&[]);
            writer.push(&decimals);
            writer.send(rows as u64, &nodes)?;
        }
    }),
    ("metric-of-a-mebibyte", |attack| {
        let tags = vec![("k".repeat(1 << 10), "v".repeat(1 << 10)); 200];
        context::metric("flood", MetricValue::Integer(1), "rows", &tags);
        attack.quiet()
    }),
    ("log-of-a-mebibyte", |attack| {
        context::log(context::Level::Info, &"long ".repeat(200 << 10));
        attack.quiet()
    }),
    ("spill-large-batches", |attack| {
        let writer = attack.writer()?;
        writer.open(&[field("n", "l")])?;
        let values = vec![1; 4 << 20];
        loop {
            numbers(writer, &values)?;
        }
    }),
    ("spill-columns-of-much-text", |attack| {
        let writer = attack.writer()?;
        writer.open(&described(4, 1 << 20))?;
        let mut nodes = vec![node(0, 0, 0); 4];
        nodes[0].buffers = 2;
        for _ in 0..100 {
            writer.push(&[]);
            writer.push(&[]);
            writer.send(0, &nodes)?;
        }
        done()
    }),
    ("spill-tiny-batches", |attack| {
        let writer = attack.writer()?;
        writer.open(&[field("n", "l")])?;
        for _ in 0..20_000 {
            writer.push(&[]);
            writer.push(&[0; 8]);
            writer.send(1, &[node(1, 0, 2)])?;
        }
        done()
    }),
    // Read by `discover --samples`.
    ("samples-wide-nulls", |attack| {
        let columns = [parent("a", "+w:1048576", 1), parent("b", "+w:2000", 1), field("c", "n")];
        let nodes = [node(1, 0, 1), node(1 << 20, 0, 1), node(2000 << 20, 2000 << 20, 0)];
        attack.send_tree(&columns, 1, &nodes, &[&[], &[]])
    }),
    ("samples-long-names", |attack| {
        let columns: Vec<_> =
            (0..1000).map(|at| field(&format!("{at}{}", "n".repeat(15_000)), "n")).collect();
        attack.send_tree(&columns, 1000, &vec![node(1000, 1000, 0); 1000], &[])
    }),
    ("samples-wide", |attack| wide(attack, 100_000, 10)),
    ("samples-long-cells", |attack| {
        let text = vec![b't'; 60 << 20];
        let end = (text.len() as i32).to_le_bytes();
        let offsets = [0_i32.to_le_bytes(), end].concat();
        attack.send(field("t", "u"), 1, &[node(1, 0, 3)], &[&[], &offsets, &text])
    }),
    ("samples-no-rows", |attack| {
        let writer = attack.writer()?;
        writer.open(&[field("n", "n")])?;
        loop {
            writer.send(0, &[node(0, 0, 0)])?;
        }
    }),
];

/// Keeps every batch that it reads.
fn hoard(attack: &mut Attack) -> Outcome {
    let mut hoard = Vec::new();
    while let Some(batch) = attack.reader()?.next()? {
        hoard.push(batch);
    }
    attack.quiet()
}

/// Sends `values` as a column of integers.
fn numbers(writer: &Writer, values: &[u8]) -> Result<(), Error> {
    let rows = values.len() as u64 / 8;
    writer.push(&[]);
    writer.push(values);
    writer.send(rows, &[node(rows, 0, 2)])
}

/// Returns fields with `bytes` of metadata each: one of integers, the others of nulls.
fn described(count: usize, bytes: usize) -> Vec<Field> {
    let column = |at: usize| {
        let mut column = field(&at.to_string(), if at == 0 { "l" } else { "n" });
        column.metadata = vec![("k".to_owned(), "m".repeat(bytes - 1024))];
        column
    };
    (0..count).map(column).collect()
}

/// Sends batches of one row and many columns, nearly all of them without data.
fn wide(attack: &Attack, columns: usize, batches: u64) -> Outcome {
    let writer = attack.writer()?;
    let mut names: Vec<_> = (0..columns).map(|at| field(&at.to_string(), "n")).collect();
    names[0].format = "l".into();
    writer.open(&names)?;
    let mut nodes = vec![node(1, 1, 0); columns];
    nodes[0] = node(1, 0, 2);
    for _ in 0..batches {
        writer.push(&[]);
        writer.push(&[0; 8]);
        writer.send(1, &nodes)?;
    }
    done()
}

/// Returns a JSON object with a list of zeros, about `bytes` long.
fn zeros(bytes: usize) -> String {
    format!("{{\"a\":[0{}]}}", ",0".repeat(bytes / 2 - 5))
}

/// Returns a JSON object with many keys, about `bytes` long.
fn keys(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    text.push('{');
    let mut at = 0_u32;
    while text.len() + 16 < bytes {
        text.push_str(&format!("\"{at}\":0,"));
        at += 1;
    }
    text.push_str("\"z\":0}");
    text
}

/// Signals to the test that the endless part begins.
fn begin() {
    // If the file cannot be written, the test that waits for the file reports it.
    let _ = fs::write(format!("{}/begun", context::artifacts_dir()), "begun");
}
