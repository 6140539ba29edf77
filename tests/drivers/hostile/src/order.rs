//! Calls in the wrong order, and handles that the host never gave out.

use crate::bindings::exports::osiris::driver::driver::Summary;
use crate::{Attack, Outcome, Table, done, failure, field, node};

pub(crate) const ATTACKS: Table = &[
    ("send-before-open", |attack| {
        attack.writer()?.send(0, &[])?;
        done()
    }),
    ("open-twice", |attack| {
        attack.writer()?.open(&[field("a", "l")])?;
        attack.writer()?.open(&[field("a", "l")])?;
        done()
    }),
    ("open-again-after-a-failed-open", |attack| {
        // The first call traps; nothing after it may run.
        let _ = attack.writer()?.open(&[field("a", "?")]);
        attack.writer()?.open(&[field("a", "l")])?;
        done()
    }),
    ("never-open", |_| done()),
    ("drop-the-output", |attack| {
        attack.writer()?.open(&[field("a", "l")])?;
        attack.output = None;
        done()
    }),
    ("drop-the-output-unopened", |attack| {
        attack.output = None;
        done()
    }),
    ("half-a-batch", |attack| {
        attack.writer()?.open(&[field("a", "l")])?;
        attack.writer()?.push(&[0; 8]);
        done()
    }),
    ("forward-before-open", forward_before_open),
    ("forward-other-columns", forward_other_columns),
    ("forward-with-a-half-batch", forward_with_a_half_batch),
    ("buffer-of-no-such-number", buffer_of_no_such_number),
    ("read-after-the-end", read_after_the_end),
    ("hoard-handles", hoard_handles),
    ("ignore-the-input", |_| Ok(Summary { rows_written: Some(u64::MAX) })),
    ("claim-more-rows", claim_more_rows),
    ("stop-reading", |attack| {
        attack.reader()?.next()?;
        done()
    }),
    ("fail-after-sending", |attack| {
        attack.send(field("a", "l"), 1, &[node(1, 0, 2)], &[&[], &[0; 8]])?;
        Err(failure("data", "failed on purpose after one good batch"))
    }),
    ("trap-after-sending", |attack| {
        attack.send(field("a", "l"), 1, &[node(1, 0, 2)], &[&[], &[0; 8]])?;
        core::arch::wasm32::unreachable()
    }),
];

fn forward_before_open(attack: &mut Attack) -> Outcome {
    if let Some(batch) = attack.reader()?.next()? {
        attack.writer()?.forward(&batch)?;
    }
    done()
}

fn forward_other_columns(attack: &mut Attack) -> Outcome {
    attack.writer()?.open(&[field("other", "u")])?;
    if let Some(batch) = attack.reader()?.next()? {
        attack.writer()?.forward(&batch)?;
    }
    done()
}

/// Leaves a pushed buffer behind, which must not end up in the next batch.
fn forward_with_a_half_batch(attack: &mut Attack) -> Outcome {
    let writer = attack.writer()?;
    writer.open(&attack.reader()?.schema()?)?;
    writer.push(&[1; 8]);
    while let Some(batch) = attack.reader()?.next()? {
        writer.forward(&batch)?;
    }
    writer.send(0, &[])?;
    done()
}

fn buffer_of_no_such_number(attack: &mut Attack) -> Outcome {
    if let Some(batch) = attack.reader()?.next()? {
        batch.buffer(u32::MAX);
    }
    done()
}

fn read_after_the_end(attack: &mut Attack) -> Outcome {
    attack.writer()?.open(&attack.reader()?.schema()?)?;
    while attack.reader()?.next()?.is_some() {}
    for _ in 0..3 {
        if attack.reader()?.next()?.is_some() {
            return Err(failure("internal", "there was a batch after the end"));
        }
    }
    done()
}

fn hoard_handles(attack: &mut Attack) -> Outcome {
    let mut hoard = Vec::new();
    while let Some(batch) = attack.reader()?.next()? {
        hoard.push(batch);
    }
    Err(failure("internal", format!("{} handles and nobody minded", hoard.len())))
}

fn claim_more_rows(attack: &mut Attack) -> Outcome {
    while attack.reader()?.next()?.is_some() {}
    Ok(Summary { rows_written: Some(1 << 60) })
}
