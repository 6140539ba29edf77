//! Generates rows that are the same every time.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;

/// Writes a CSV file of `rows` rows: two integers, a text, an amount with two decimals, a date
/// and a boolean; about 50 bytes a row.
pub(super) fn write_csv(path: &Path, rows: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "id,customer,product,amount,day,paid")?;
    let mut state = 1u64;
    for id in 0..rows {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let random = state >> 33;
        let (day, month) = (random % 28 + 1, random % 12 + 1);
        writeln!(
            file,
            "{id},{},product-{:06}-x,{}.{:02},2025-{month:02}-{day:02},{}",
            random % 1_000_000,
            random % 999_983,
            random % 10_000,
            random % 100,
            random.is_multiple_of(3),
        )?;
    }
    file.flush()?;
    Ok(())
}
