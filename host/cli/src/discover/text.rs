//! Text output of `discover`, truncated to a readable size.

use std::collections::BTreeMap;

use osiris_core::sanitize::escape_control;

use super::super::render::{BOLD, DIM, ERROR, SUCCESS, Table, WARN, count, cut, paint};
use super::cache::{Changes, Discovery};
use super::samples::{Rows, Sample};

/// Maximum columns of a dataset.
const MAX_COLUMNS: usize = 1000;
/// Maximum datasets and columns in total, and maximum changes of one kind.
const MAX_LINES: usize = 20_000;
/// Maximum characters of a name.
const MAX_NAME: usize = 256;

/// Formats the datasets, their samples and the changes.
pub(super) fn of(
    discovery: &Discovery,
    changes: Option<&Changes>,
    samples: &BTreeMap<String, Sample>,
) -> String {
    let mut text = String::new();
    let mut left = MAX_LINES;
    for (index, resource) in discovery.resources.iter().enumerate() {
        if left == 0 {
            let more = discovery.resources.len() - index;
            text.push_str(&format!("... and {more} more datasets; `--json` lists all\n"));
            break;
        }
        let rows = resource.estimated_row_count.map(|rows| format!("about {} rows", count(rows)));
        text.push_str(&format!(
            "{}  {} {}\n",
            paint(BOLD, &escape_control(&cut(&resource.name, MAX_NAME))),
            paint(DIM, &escape_control(&cut(&resource.kind, MAX_NAME))),
            paint(DIM, &rows.unwrap_or_default())
        ));
        let mut table = Table::new(["Column", "Type", "Null", "Key"]);
        let column_count = resource.fields.len().min(MAX_COLUMNS).min(left);
        for field in &resource.fields[..column_count] {
            table.row([
                cut(&field.name, MAX_NAME).into_owned(),
                cut(&field.native_type, MAX_NAME).into_owned(),
                if field.nullable { "yes" } else { "no" }.to_owned(),
                if field.primary_key { "primary" } else { "" }.to_owned(),
            ]);
        }
        left = left.saturating_sub(column_count + 1);
        text.push_str(&table.render());
        if column_count < resource.fields.len() {
            let more = resource.fields.len() - column_count;
            text.push_str(&format!("  ... and {more} more columns; `--json` lists all\n"));
        }
        if let Some(sample) = samples.get(&resource.name) {
            text.push_str(&sample_text(sample));
        }
    }
    for (style, sign, names) in changes.iter().flat_map(|Changes { added, removed, changed }| {
        [(SUCCESS, "added", added), (ERROR, "removed", removed), (WARN, "changed", changed)]
    }) {
        for name in names.iter().take(MAX_LINES) {
            text.push_str(&format!(
                "{} {}\n",
                paint(style, sign),
                escape_control(&cut(name, MAX_NAME))
            ));
        }
    }
    text
}

fn sample_text(sample: &Sample) -> String {
    match sample {
        Ok(Rows { rows, cut }) => {
            let row = |row| format!("  {}\n", paint(DIM, &escape_control(&format!("{row}"))));
            let more = if *cut { "  (long values, names and rows are truncated)\n" } else { "" };
            rows.iter().map(row).chain([more.to_owned()]).collect()
        }
        Err(why) => format!("  no sample: {}\n", escape_control(why)),
    }
}
