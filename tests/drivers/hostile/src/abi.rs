//! Calls that no binding would make: raw canonical ABI calls with invalid pointers, lengths and
//! handles.

use crate::bindings::osiris::driver::tables::Writer;
use crate::{Attack, Outcome, Table, done, failure};

#[link(wasm_import_module = "osiris:driver/context@0.1.0")]
unsafe extern "C" {
    #[link_name = "log"]
    fn log(level: u32, message: usize, length: usize);
    #[link_name = "metric"]
    fn metric(
        name: usize,
        name_length: usize,
        kind: u32,
        value: u64,
        unit: usize,
        unit_length: usize,
        tags: usize,
        tags_length: usize,
    );
}

#[link(wasm_import_module = "osiris:driver/tables@0.1.0")]
unsafe extern "C" {
    #[link_name = "[method]writer.push"]
    fn push(writer: u32, buffer: usize, length: usize);
    #[link_name = "[method]writer.open"]
    fn open(writer: u32, fields: usize, length: usize, answer: usize);
    #[link_name = "[resource-drop]writer"]
    fn drop_writer(writer: u32);
    #[link_name = "[method]batch.rows"]
    fn rows(batch: u32) -> u64;
}

pub(crate) const ATTACKS: Table = &[
    ("abi-pointer-outside", |_| log_at(2, usize::MAX - 64, 32)),
    ("abi-length-outside", |_| log_at(2, TEXT.as_ptr() as usize, usize::MAX)),
    ("abi-text-not-utf8", |_| log_at(2, b"\xff\xfe".as_ptr() as usize, 2)),
    ("abi-level-unknown", |_| log_at(77, TEXT.as_ptr() as usize, TEXT.len())),
    ("abi-one-text-many-times", one_text_many_times),
    ("abi-one-field-many-times", one_field_many_times),
    ("abi-list-beyond-memory", |_| metric_with(0, 8, 1 << 26)),
    ("abi-list-wraps", |_| metric_with(0, 8, u32::MAX as usize)),
    ("abi-list-not-aligned", |_| metric_with(0, 9, 1)),
    ("abi-value-unknown", |_| metric_with(7, 8, 0)),
    ("abi-handle-forged", |_| push_to(4_000_000)),
    ("abi-handle-of-another-kind", |attack| push_to(attack.reader()?.handle())),
    ("abi-handle-dropped", |attack| {
        let writer = attack.writer()?.handle();
        // SAFETY: no memory is involved. The host must detect the invalid handle.
        unsafe { drop_writer(writer) };
        push_to(writer)
    }),
    ("abi-handle-dropped-twice", |attack| {
        let writer = attack.writer()?.handle();
        // SAFETY: as above.
        unsafe {
            drop_writer(writer);
            drop_writer(writer);
        }
        done()
    }),
    ("abi-batch-forged", |_| {
        // SAFETY: as above.
        let rows = unsafe { rows(0) };
        Err(failure("internal", format!("a batch that is none has {rows} rows")))
    }),
];

const TEXT: &str = "text";

fn log_at(level: u32, message: usize, length: usize) -> Outcome {
    // SAFETY: the host only reads, and never past the end of the memory, which the attack tests.
    unsafe { log(level, message, length) };
    Err(failure("internal", "the host took it"))
}

/// Sends a metric whose tags are at address `tags`.
fn metric_with(kind: u32, tags: usize, count: usize) -> Outcome {
    let text = TEXT.as_ptr() as usize;
    // SAFETY: the host only reads, and never past the end of the memory, which the attack tests.
    unsafe { metric(text, TEXT.len(), kind, 1, text, TEXT.len(), tags, count) };
    Err(failure("internal", "the host took it"))
}

fn push_to(writer: u32) -> Outcome {
    // SAFETY: the buffer is valid; the attack is in the handle.
    unsafe { push(writer, TEXT.as_ptr() as usize, TEXT.len()) };
    Err(failure("internal", "the host took it"))
}

/// Sends 64 Ki tags that all share one mebibyte: 128 GiB if the host copies each.
fn one_text_many_times(_: &mut Attack) -> Outcome {
    let text = "t".repeat(1 << 20);
    let tags =
        vec![[text.as_ptr() as usize, text.len(), text.as_ptr() as usize, text.len()]; 1 << 16];
    metric_with(0, tags.as_ptr() as usize, tags.len())
}

/// Opens the output with 1 Mi fields that all share one long name.
fn one_field_many_times(attack: &mut Attack) -> Outcome {
    /// A field in its canonical ABI layout: two strings, a bool, a list and a number.
    #[repr(C)]
    #[derive(Clone)]
    struct Field {
        name: (usize, usize),
        format: (usize, usize),
        nullable: u32,
        metadata: (usize, usize),
        children: u32,
    }
    let text = "n".repeat(32 << 10);
    let field = Field {
        name: (text.as_ptr() as usize, text.len()),
        format: ("l".as_ptr() as usize, 1),
        nullable: 1,
        metadata: (4, 0),
        children: 0,
    };
    let fields = vec![field; 1 << 20];
    let mut answer = [0_u64; 8];
    let writer: &Writer = attack.writer()?;
    // SAFETY: the fields are valid, and the result buffer is larger than the host needs.
    unsafe {
        open(writer.handle(), fields.as_ptr() as usize, fields.len(), answer.as_mut_ptr() as usize);
    }
    Err(failure("internal", "the host took it"))
}
