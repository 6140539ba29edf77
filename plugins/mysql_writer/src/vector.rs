//! Vectors as the server stores them: floats of 32 bits, the lowest byte first.

use osiris_sdk::{Column, ListColumn};

use crate::literal::Misfit;
use crate::number;

/// Returns the vector of a list of floats.
pub(crate) fn list(lists: &ListColumn, row: usize) -> Result<Vec<u8>, Misfit> {
    let range = lists.get(row).unwrap_or_default();
    let mut out = Vec::with_capacity(4 * range.len());
    for at in range {
        let value = match lists.values() {
            Column::Float32(values) => values.get(at).map(f64::from),
            Column::Float64(values) => values.get(at),
            _ => return Err("a list that is not one of floats".to_owned()),
        };
        let value = value.ok_or("a vector with a missing value, and MySQL has none")?;
        push(value, &value, &mut out)?;
    }
    Ok(out)
}

/// Returns the vector of a text like `[0.5, 1, -2e3]`.
pub(crate) fn text(text: &[u8]) -> Result<Vec<u8>, Misfit> {
    let shown = String::from_utf8_lossy(text);
    let inner = shown.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let inner = inner.ok_or_else(|| format!("{shown:?} is no vector as `[0.5, 1]`"))?;
    let mut out = Vec::new();
    for part in inner.split(',').map(str::trim) {
        let value = number::float(part.as_bytes(), true);
        let value = value.ok_or_else(|| {
            format!("{part:?} in a vector is no number of 32 bits, and would be rounded")
        })?;
        push(value, part, &mut out)?;
    }
    Ok(out)
}

/// Checks the length of a vector that comes as bytes.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Misfit> {
    if bytes.len().is_multiple_of(4) {
        return Ok(());
    }
    Err(format!("{} bytes are no vector, which has four for each number", bytes.len()))
}

fn push(
    value: f64,
    shown: &(impl std::fmt::Display + ?Sized),
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let single = value as f32;
    if !single.is_finite() {
        return Err(format!("{shown} in a vector is no number that MySQL has"));
    }
    if f64::from(single) != value {
        return Err(format!("{shown} in a vector would be rounded to 32 bits"));
    }
    out.extend_from_slice(&single.to_le_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vector_texts_parse() {
        let floats = |text: &str| -> Result<Vec<f32>, Misfit> {
            let bytes = super::text(text.as_bytes())?;
            Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        };
        assert_eq!(floats("[0.1, 1,-2e3]"), Ok(vec![0.1, 1.0, -2000.0]));
        for bad in ["", "[]", "1,2", "[1,]", "[0.123456789]", "[NaN]", "[1e99]", "{1}"] {
            assert!(floats(bad).is_err(), "{bad}");
        }
        assert!(check(&[0; 8]).is_ok());
        assert!(check(&[0; 7]).is_err());
    }
}
