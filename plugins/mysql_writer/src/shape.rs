//! Shapes of WKB and EWKB in the form that the server stores: the SRID, then
//! WKB in the order of bytes that it wants.

use crate::literal::Misfit;

/// Flags of EWKB.
const HAS_Z: u32 = 0x8000_0000;
const HAS_M: u32 = 0x4000_0000;
const HAS_SRID: u32 = 0x2000_0000;
/// Types of ISO's WKB from here on have more than two coordinates.
const ISO_MORE: u32 = 1000;
/// Bytes of a point.
const POINT: usize = 16;
/// Collections in collections, at most.
const DEPTH: u32 = 64;

/// Returns a shape as the server stores it. One that does not say its SRID has
/// that of the column, or 0.
pub(crate) fn stored(shape: &[u8], column: Option<u32>) -> Result<Vec<u8>, Misfit> {
    let mut out = vec![0; 4];
    out.reserve(shape.len());
    let mut reader = Reader { rest: shape, srid: None };
    reader.shape(&mut out, DEPTH)?;
    if !reader.rest.is_empty() {
        return Err(format!("a shape with {} bytes behind its end", reader.rest.len()));
    }
    let srid = reader.srid.or(column).unwrap_or(0);
    if let Some(column) = column.filter(|column| *column != srid) {
        return Err(format!("a shape of SRID {srid}, and those of the column have {column}"));
    }
    out[..4].copy_from_slice(&srid.to_le_bytes());
    Ok(out)
}

/// Returns the bytes of hexadecimal digits.
pub(crate) fn unhex(text: &[u8]) -> Result<Vec<u8>, Misfit> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = text.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    let bytes: Option<Vec<u8>> = bytes.collect();
    bytes.filter(|_| rest.is_empty() && !text.is_empty()).ok_or_else(|| {
        format!(
            "{:?} is no shape as hexadecimal digits of WKB or EWKB; read it with ST_AsWKB in a query",
            String::from_utf8_lossy(text)
        )
    })
}

struct Reader<'a> {
    rest: &'a [u8],
    srid: Option<u32>,
}

/// The order of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

impl Reader<'_> {
    /// Reads a shape and writes it.
    fn shape(&mut self, out: &mut Vec<u8>, depth: u32) -> Result<(), Misfit> {
        let order = match self.take::<1>()? {
            [0] => Order::Big,
            [1] => Order::Little,
            _ => return Err("bytes that are no shape of WKB or EWKB".to_owned()),
        };
        let kind = self.number(order)?;
        if kind & HAS_SRID != 0 {
            let srid = self.number(order)?;
            if *self.srid.get_or_insert(srid) != srid {
                return Err("a shape of parts that differ in their SRID".to_owned());
            }
        }
        if kind & (HAS_Z | HAS_M) != 0 || kind & !HAS_SRID > ISO_MORE {
            return Err("a shape with Z or M, and the server's have X and Y only".to_owned());
        }
        let kind = kind & !HAS_SRID;
        out.push(1);
        out.extend_from_slice(&kind.to_le_bytes());
        match kind {
            1 => self.points(1, order, out),
            2 => self.line(order, out),
            3 => {
                for _ in 0..self.count(order, out)? {
                    self.line(order, out)?;
                }
                Ok(())
            }
            4..=7 => {
                let Some(depth) = depth.checked_sub(1) else {
                    return Err(format!("a shape with collections in collections, {DEPTH} deep"));
                };
                for _ in 0..self.count(order, out)? {
                    self.shape(out, depth)?;
                }
                Ok(())
            }
            _ => Err(format!("a shape of type {kind}, which the server does not have")),
        }
    }

    fn line(&mut self, order: Order, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let count = self.count(order, out)?;
        self.points(count, order, out)
    }

    /// Copies points.
    fn points(&mut self, count: u32, order: Order, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let length = (count as usize).checked_mul(POINT);
        let split = length.and_then(|length| self.rest.split_at_checked(length));
        let (points, rest) = split.ok_or_else(cut_off)?;
        self.rest = rest;
        for number in points.as_chunks::<8>().0 {
            let number = match order {
                Order::Big => f64::from_be_bytes(*number),
                Order::Little => f64::from_le_bytes(*number),
            };
            if !number.is_finite() {
                return Err(
                    "a shape with an empty point, which the server does not have".to_owned()
                );
            }
            out.extend_from_slice(&number.to_le_bytes());
        }
        Ok(())
    }

    /// Copies a count of parts.
    fn count(&mut self, order: Order, out: &mut Vec<u8>) -> Result<u32, Misfit> {
        let count = self.number(order)?;
        out.extend_from_slice(&count.to_le_bytes());
        Ok(count)
    }

    fn number(&mut self, order: Order) -> Result<u32, Misfit> {
        let bytes = self.take()?;
        Ok(match order {
            Order::Big => u32::from_be_bytes(bytes),
            Order::Little => u32::from_le_bytes(bytes),
        })
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Misfit> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(*taken)
    }
}

fn cut_off() -> Misfit {
    "a shape of WKB or EWKB that is cut off".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hex: &str, column: Option<u32>) -> Result<String, Misfit> {
        let stored = stored(&unhex(hex.as_bytes())?, column)?;
        Ok(stored.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    #[test]
    fn geometries_are_converted() {
        let point = "0101000000000000000000f03f0000000000000040";
        let tail = &point[10..];
        assert_eq!(of(point, None), Ok(format!("00000000{point}")));
        assert_eq!(of(point, Some(4326)), Ok(format!("e6100000{point}")));
        // EWKB, in both orders.
        let little = format!("0101000020e6100000{tail}");
        assert_eq!(of(&little, None), Ok(format!("e6100000{point}")));
        let big = "0020000001000010e63ff00000000000004000000000000000";
        assert_eq!(of(big, Some(4326)), Ok(format!("e6100000{point}")));
        // A collection of two, the second one in the other order.
        let both = format!("010700000002000000{point}00000000013ff00000000000004000000000000000");
        assert_eq!(of(&both, None), Ok(format!("00000000010700000002000000{point}{point}")));
        let empty = "010700000000000000";
        assert_eq!(of(empty, None), Ok(format!("00000000{empty}")));
    }

    #[test]
    fn invalid_geometries_are_rejected() {
        let tail = "000000000000f03f0000000000000040";
        for (hex, column, part) in [
            (String::new(), None, "no shape"),
            ("POINT(1 2)".to_owned(), None, "ST_AsWKB"),
            ("0101".to_owned(), None, "cut off"),
            ("02".to_owned(), None, "no shape"),
            (format!("0101000000{tail}00"), None, "1 bytes behind"),
            (format!("0101000020e6100000{tail}"), Some(3857), "SRID 4326"),
            (format!("0101000080{tail}"), None, "Z or M"),
            (format!("01e9030000{tail}"), None, "Z or M"),
            (format!("0108000000{tail}"), None, "type 8"),
            ("0102000000ffffffff".to_owned(), None, "cut off"),
            ("0101000000000000000000f87f000000000000f87f".to_owned(), None, "empty point"),
            ("010700000001000000".repeat(100), None, "64 deep"),
        ] {
            let error = of(&hex, column).expect_err(&hex);
            assert!(error.contains(part), "{hex}: {error}");
        }
    }
}
