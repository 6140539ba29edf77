//! Metrics, events, log lines and progress of the faulty driver, and the secrets it leaks.

use osiris_sdk::{Context, Level, Result};
use serde_json::json;

use crate::Config;

/// Sends metrics, events, log lines and progress.
pub(crate) fn words(ctx: &Context, config: &Config) {
    let tags = [("table", "numbers")];
    ctx.metric("pages_read", 3u64, "calls", &tags);
    ctx.event("table.read", &json!({"table": "numbers"}));
    ctx.info("reading numbers");
    ctx.progress(1, Some(2));
    ctx.progress(2, Some(2));
    match config.fault.as_str() {
        "metric-name" => ctx.metric("Pages Read", 3u64, "calls", &tags),
        "metric-name-dropped" => ctx.metric("pages\nread", 3u64, "calls", &tags),
        "metric-unit" => ctx.metric("pages_read", 3u64, "pages", &tags),
        "metric-infinite" => ctx.metric("pages_per_second", f64::INFINITY, "calls", &tags),
        "metric-negative" => ctx.metric("pages_left", -1i64, "calls", &tags),
        "metric-tags-twice" => {
            ctx.metric("pages_read", 3u64, "calls", &[("table", "a"), ("table", "b")]);
        }
        "metric-of-the-host" => ctx.metric("rows_read", 20u64, "rows", &tags),
        "event-name" => ctx.event("Table.Read", &json!({})),
        "event-of-the-host" => ctx.event("step_start", &json!({})),
        "event-flood" => (0..2000).for_each(|row| ctx.event("row.read", &json!({"row": row}))),
        "log-flood" => (0..2000).for_each(|row| ctx.debug(format!("row {row}"))),
        "log-colours" => ctx.log(Level::Warn, "\u{1b}[31mred\u{1b}[0m"),
        "progress-back" => ctx.progress(1, Some(2)),
        "progress-beyond" => ctx.progress(3, Some(2)),
        _ => {}
    }
}

/// Leaks the password in the configured way.
pub(crate) fn secret(ctx: &Context, config: &Config, password: &str) -> Result<()> {
    match config.fault.as_str() {
        "secret-log" => ctx.info(format!("signing in with {password}")),
        "secret-printed" => println!("signing in with {password}"),
        "secret-event" => ctx.event("service.asked", &json!({"with": password})),
        "secret-metric" => ctx.metric("calls_made", 1u64, "calls", &[("password", password)]),
        "secret-artifact" => {
            std::fs::write(ctx.artifacts_dir().join("debug.txt"), format!("pw={password}"))?;
        }
        _ => {}
    }
    if config.is("secret-state") {
        ctx.save_state(&json!({"as": password}).to_string())?;
    }
    Ok(())
}
