//! Arrays.

use osiris_sdk::ListBuilder;
use postgres_common::Wire;

use super::{Misfit, Rules, array, decode};

/// Adds an array of one dimension, or an empty one.
#[inline(never)]
pub(super) fn list(
    item: &Wire,
    bytes: &[u8],
    rules: Rules,
    column: &mut ListBuilder,
) -> Result<(), Misfit> {
    let mut rest = bytes;
    let dimensions = int(&mut rest)?;
    // Whether there are nulls, and the type of the values: both are known.
    int(&mut rest)?;
    int(&mut rest)?;
    if dimensions > 0 {
        let count = int(&mut rest)?;
        let first = int(&mut rest)?;
        if dimensions > 1 || first != 1 {
            return Err(Misfit::Dimensions);
        }
        for _ in 0..count {
            match usize::try_from(int(&mut rest)?) {
                Ok(length) => {
                    let (value, after) = rest.split_at_checked(length).ok_or(Misfit::Malformed)?;
                    decode(item, value, rules, &mut column.values)?;
                    rest = after;
                }
                Err(_) => column.values.push_null(),
            }
        }
    }
    column.push();
    Ok(())
}

fn int(rest: &mut &[u8]) -> Result<i32, Misfit> {
    let (head, after) = rest.split_at_checked(4).ok_or(Misfit::Malformed)?;
    *rest = after;
    Ok(i32::from_be_bytes(array(head)?))
}
