//! Numbers and texts that say how long they are.

/// Takes a number; none if it is cut off.
#[inline]
pub fn int(rest: &mut &[u8]) -> Option<u64> {
    let (&first, after) = rest.split_first()?;
    let length = match first {
        0..=0xFA => {
            *rest = after;
            return Some(first.into());
        }
        0xFC => 2,
        0xFD => 3,
        0xFE => 8,
        _ => return None,
    };
    let (number, after) = after.split_at_checked(length)?;
    *rest = after;
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(number);
    Some(u64::from_le_bytes(bytes))
}

/// Takes a text; none if it is cut off.
#[inline]
pub fn bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(int(rest)?).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_encoded_values_parse() {
        let mut rest: &[u8] = &[2, b'a', b'b', 0xFC, 1, 1, 0xFD, 1, 0, 1, 5, b'x'];
        assert_eq!(bytes(&mut rest), Some(&b"ab"[..]));
        assert_eq!(int(&mut rest), Some(257));
        assert_eq!(int(&mut rest), Some(65_537));
        assert_eq!(bytes(&mut rest), None);
    }
}
