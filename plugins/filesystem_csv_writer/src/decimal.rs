//! Decimals as text.

use crate::buffer::Buffer;

/// Writes a decimal with all of its digits: 150 at scale 2 is `1.50`, 15 at
/// scale -1 is `150`.
pub(crate) fn decimal(value: i128, scale: i8, out: &mut Buffer) {
    if value < 0 {
        out.byte(b'-');
    }
    let mut digits = itoa::Buffer::new();
    let size = value.unsigned_abs();
    // Nearly all fit 64 bits, where printing is several times faster.
    let digits = match u64::try_from(size) {
        Ok(small) => digits.format(small),
        Err(_) => digits.format(size),
    };
    let digits = digits.as_bytes();
    let decimals = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        out.put(digits);
        for _ in 0..decimals {
            out.byte(b'0');
        }
    } else if digits.len() > decimals {
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        out.put(whole);
        out.byte(b'.');
        out.put(fraction);
    } else {
        out.put(b"0.");
        for _ in digits.len()..decimals {
            out.byte(b'0');
        }
        out.put(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_formatted_exactly() {
        let text = |value, scale| {
            let mut buffer = Buffer::new(0);
            decimal(value, scale, &mut buffer);
            String::from_utf8_lossy(buffer.as_bytes()).into_owned()
        };
        assert_eq!(text(150, 2), "1.50");
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(0, 2), "0.00");
        assert_eq!(text(-15, 0), "-15");
        assert_eq!(text(15, -1), "150");
        assert_eq!(text(10i128.pow(38) - 1, 38), format!("0.{}", "9".repeat(38)));
        assert_eq!(text(i128::MIN, 0), i128::MIN.to_string());
    }
}
