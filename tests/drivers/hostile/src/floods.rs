//! Floods of messages and data. An attack that succeeds here must have cost the host little.

use crate::bindings::osiris::driver::context::{self, Level, MetricValue};
use crate::{Table, field, node};

pub(crate) const ATTACKS: Table = &[
    ("flood-log", |attack| {
        let line = "log ".repeat(256);
        (0..50_000).for_each(|_| context::log(Level::Info, &line));
        attack.quiet()
    }),
    ("flood-log-of-nothing", |attack| {
        (0..500_000).for_each(|_| context::log(Level::Info, ""));
        attack.quiet()
    }),
    ("flood-one-long-line", |attack| {
        context::log(Level::Error, &"long ".repeat(10 << 20));
        attack.quiet()
    }),
    ("flood-stdout", |attack| {
        let line = "out ".repeat(256);
        (0..50_000).for_each(|_| println!("{line}"));
        attack.quiet()
    }),
    ("flood-stderr-without-newlines", |attack| {
        let line = "err ".repeat(256);
        (0..50_000).for_each(|_| eprint!("{line}"));
        attack.quiet()
    }),
    ("flood-events", |attack| {
        let fields = format!("{{\"text\":\"{}\"}}", "e".repeat(1024));
        (0..50_000).for_each(|_| context::event("flood.event", &fields));
        attack.quiet()
    }),
    ("flood-metrics", |attack| {
        let tags: Vec<_> = (0..16).map(|tag| (tag.to_string(), "t".repeat(64))).collect();
        (0..50_000).for_each(|_| context::metric("flood", MetricValue::Integer(1), "rows", &tags));
        attack.quiet()
    }),
    ("flood-tags", |attack| {
        let tags: Vec<_> = (0..1 << 20).map(|tag| (tag.to_string(), "t".into())).collect();
        context::metric("flood", MetricValue::Integer(1), "rows", &tags);
        attack.quiet()
    }),
    ("flood-progress", |attack| {
        (0..1_000_000).for_each(|done| context::progress(done, Some(u64::MAX)));
        attack.quiet()
    }),
    ("flood-empty-buffers", |attack| {
        let writer = attack.writer()?;
        writer.open(&[field("n", "l")])?;
        loop {
            writer.push(&[]);
        }
    }),
    ("flood-empty-batches", |attack| {
        let writer = attack.writer()?;
        writer.open(&[field("n", "l")])?;
        loop {
            writer.push(&[]);
            writer.push(&[]);
            writer.send(0, &[node(0, 0, 2)])?;
        }
    }),
    ("flood-state", |attack| {
        context::save_state(&format!("\"{}\"", "s".repeat(20 << 20)))?;
        attack.quiet()
    }),
];
