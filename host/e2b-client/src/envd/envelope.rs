//! Framing of Connect's streams: one byte of flags, the length as four bytes big-endian, the
//! payload.

use bytes::{Buf, Bytes, BytesMut};

/// Bytes of the flags and the length.
const HEADER: usize = 5;

/// Maximum payload in bytes: far more than envd's largest event, 32 KiB as base64.
const MAX: usize = 4 << 20;

const COMPRESSED: u8 = 1;
const END: u8 = 2;

/// One message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Whether this is the last message, which has the stream's result.
    pub(super) end: bool,
    pub(super) payload: Bytes,
}

/// Invalid framing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("a compressed message, which was not requested")]
    Compressed,
    #[error("a message with unknown flags {0:#04x}")]
    Flags(u8),
    #[error("a message of {0} bytes, which is too long")]
    Long(u32),
    #[error("data after the end message")]
    AfterEnd,
}

/// Assembles envelopes from pieces of any size. Buffers at most one envelope and one piece.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    buffer: BytesMut,
    ended: bool,
}

impl Decoder {
    /// Appends the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// Returns the next complete envelope.
    pub(super) fn next(&mut self) -> Result<Option<Envelope>, Malformed> {
        if self.ended {
            return match self.buffer.is_empty() {
                true => Ok(None),
                false => Err(Malformed::AfterEnd),
            };
        }
        let Some((&flags, rest)) = self.buffer.split_first() else { return Ok(None) };
        if flags & COMPRESSED != 0 {
            return Err(Malformed::Compressed);
        }
        if flags & !END != 0 {
            return Err(Malformed::Flags(flags));
        }
        let Some(length) = rest.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length);
        let size = HEADER + length as usize;
        if length as usize > MAX {
            return Err(Malformed::Long(length));
        }
        if self.buffer.len() < size {
            return Ok(None);
        }
        self.ended = flags & END != 0;
        let mut payload = self.buffer.split_to(size).freeze();
        payload.advance(HEADER);
        Ok(Some(Envelope { end: self.ended, payload }))
    }
}

/// Encodes a request's only envelope.
pub(super) fn encode(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut envelope = Vec::with_capacity(HEADER + payload.len());
    envelope.push(0);
    envelope.extend_from_slice(&length.to_be_bytes());
    envelope.extend_from_slice(payload);
    envelope
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&[u8]]) -> Result<Vec<Envelope>, Malformed> {
        let (mut decoder, mut all) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.push(piece);
            while let Some(envelope) = decoder.next()? {
                all.push(envelope);
            }
        }
        Ok(all)
    }

    fn end(payload: &[u8]) -> Vec<u8> {
        let mut bytes = encode(payload);
        bytes[0] = END;
        bytes
    }

    #[test]
    fn envelopes_follow_the_connect_format() {
        assert_eq!(encode(b"{}"), [0, 0, 0, 0, 2, b'{', b'}']);
        let envelopes = all(&[b"\x00\x00\x00\x00\x01a\x02\x00\x00\x00\x02{}"]).unwrap();
        let (a, b) = (Bytes::from_static(b"a"), Bytes::from_static(b"{}"));
        let expected = [Envelope { end: false, payload: a }, Envelope { end: true, payload: b }];
        assert_eq!(envelopes, expected);
    }

    #[test]
    fn invalid_framing_is_rejected_before_buffering() {
        assert_eq!(all(&[&[1]]), Err(Malformed::Compressed));
        assert_eq!(all(&[&[3, 0, 0, 0, 0]]), Err(Malformed::Compressed));
        assert_eq!(all(&[b"HTTP"]), Err(Malformed::Flags(b'H')));
        assert_eq!(all(&[&[0, 0xff, 0xff, 0xff, 0xff]]), Err(Malformed::Long(u32::MAX)));
        assert_eq!(all(&[&end(b"{}"), b"\0"]), Err(Malformed::AfterEnd));
        let largest = u32::try_from(MAX).unwrap();
        assert_eq!(all(&[&[&[0][..], &largest.to_be_bytes()].concat()]), Ok(vec![]));
        let larger = largest + 1;
        let header = [&[0][..], &larger.to_be_bytes()].concat();
        assert_eq!(all(&[&header]), Err(Malformed::Long(larger)));
    }

    proptest! {
        #[test]
        fn split_input_gives_the_same_envelopes(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let mut bytes: Vec<u8> = payloads.iter().flat_map(|one| encode(one)).collect();
            bytes.extend(end(b"{}"));
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            let envelopes = all(&pieces).unwrap();
            prop_assert_eq!(envelopes.len(), payloads.len() + 1);
            for (envelope, payload) in envelopes.iter().zip(&payloads) {
                prop_assert_eq!(&envelope.payload[..], &payload[..]);
                prop_assert!(!envelope.end);
            }
            prop_assert!(envelopes[payloads.len()].end);
        }

        #[test]
        fn garbage_never_yields_more_bytes_than_pushed(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..16),
        ) {
            let mut decoder = Decoder::default();
            let (mut pushed_bytes, mut decoded_bytes) = (0, 0);
            'pieces: for piece in &pieces {
                decoder.push(piece);
                pushed_bytes += piece.len();
                loop {
                    match decoder.next() {
                        Ok(Some(envelope)) => decoded_bytes += envelope.payload.len() + HEADER,
                        Ok(None) => break,
                        Err(_) => break 'pieces,
                    }
                }
                prop_assert!(decoded_bytes + decoder.buffer.len() == pushed_bytes);
                prop_assert!(decoder.buffer.capacity() <= 2 * pushed_bytes + 64);
            }
        }
    }
}
