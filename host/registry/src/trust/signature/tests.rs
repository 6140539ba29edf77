use super::*;
use osiris_core::code::Code;

/// An empty component with one custom section.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0\0\x08\x04nameabc";

fn keys() -> [SecretKey; 2] {
    [(); 2].map(|()| SecretKey::generate().unwrap())
}

/// Encodes `data` as a custom section with the name of signatures.
fn section(data: &[u8]) -> Vec<u8> {
    let size = u8::try_from(1 + NAME.len() + data.len()).unwrap();
    // A size above 127 takes two bytes.
    let size = if size < 128 { vec![size] } else { vec![size, 1] };
    [b"\0", size.as_slice(), b"\x10", NAME.as_bytes(), data].concat()
}

#[test]
fn signature_layout_matches_the_documentation() {
    let [key, _] = keys();
    let signed = sign(COMPONENT, &key).unwrap();
    let (body, block) = signed.split_at(COMPONENT.len());
    assert_eq!(body, COMPONENT);
    let signature = key.sign(&message(COMPONENT));
    let data = [b"\x01".as_slice(), key.public().bytes(), &signature].concat();
    assert_eq!(block, section(&data));
    assert_eq!(block.len(), 116);
}

#[test]
fn signers_are_listed_in_order() {
    let [first, second] = keys();
    assert_eq!(signers(COMPONENT).unwrap(), []);
    let once = sign(COMPONENT, &first).unwrap();
    assert_eq!(signers(&once).unwrap(), [first.public()]);
    let twice = sign(&once, &second).unwrap();
    assert_eq!(signers(&twice).unwrap(), [first.public(), second.public()]);
    assert_eq!(sign(&twice, &first).unwrap(), twice, "signing again changes nothing");
    assert_eq!(unsigned(&twice), COMPONENT);
}

#[test]
fn any_changed_bit_invalidates_the_signature() {
    let [first, second] = keys();
    let signed = sign(&sign(COMPONENT, &first).unwrap(), &second).unwrap();
    for at in 0..signed.len() {
        for bit in 0..8 {
            let mut changed = signed.clone();
            changed[at] ^= 1 << bit;
            assert!(signers(&changed).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn truncated_signed_file_has_no_false_signer() {
    let [first, second] = keys();
    let once = sign(COMPONENT, &first).unwrap();
    let twice = sign(&once, &second).unwrap();
    for length in 0..twice.len() {
        let found = signers(&twice[..length]);
        match length {
            // Removing whole signatures leaves a file without a false claim.
            _ if length == COMPONENT.len() => assert_eq!(found.unwrap(), []),
            _ if length == once.len() => assert_eq!(found.unwrap(), [first.public()]),
            _ => assert!(!found.is_ok_and(|keys| !keys.is_empty()), "{length} bytes"),
        }
    }
}

#[test]
fn misplaced_signatures_are_rejected() {
    let [key, _] = keys();
    let signed = sign(COMPONENT, &key).unwrap();
    let block = &signed[COMPONENT.len()..];
    let custom = b"\0\x03\x01zz".as_slice();
    let nested = [b"\x04\x7c\0asm\x0d\0\x01\0".as_slice(), block].concat();
    let hidden = {
        let name = [b"\x04tail".as_slice(), block].concat();
        [b"\0".as_slice(), &[u8::try_from(name.len()).unwrap()], &name].concat()
    };
    let mut long_size = [COMPONENT, b"\0\xf2\0", &block[2..]].concat();
    for (case, bytes) in [
        ("a section behind it", [&signed, custom].concat()),
        ("a byte behind it", [&signed, b"\0".as_slice()].concat()),
        ("a section between two", [&signed, custom, block].concat()),
        ("in an inner component", [COMPONENT, nested.as_slice()].concat()),
        ("as the end of another section", [COMPONENT, hidden.as_slice()].concat()),
        ("with its size in more bytes", std::mem::take(&mut long_size)),
        ("twice", [&signed, block].concat()),
        ("on another component", [COMPONENT, custom, block].concat()),
        ("too short", [COMPONENT, &section(&[1; 96])].concat()),
        ("too long", [COMPONENT, &section(&[1; 98])].concat()),
        ("empty", [COMPONENT, &section(&[])].concat()),
        ("of another version", [COMPONENT, &section(&[2; 97])].concat()),
    ] {
        let error = signers(&bytes).expect_err(case);
        assert!(
            [Code::SignatureInvalid, Code::ComponentInvalid].contains(&error.code),
            "{case}: {error}"
        );
        let [_, other] = keys();
        assert!(sign(&bytes, &other).is_err(), "{case}: nobody else signs it so");
    }
}

#[test]
fn non_canonical_signature_is_rejected() {
    // The order of the group in little-endian; RFC 8032 requires a scalar below it.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let [key, _] = keys();
    let mut signed = sign(COMPONENT, &key).unwrap();
    let start = signed.len() - 32;
    let mut carry = 0_u16;
    for (byte, more) in signed[start..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(more);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert!(signers(&signed).is_err());
}

#[test]
fn number_of_signatures_is_limited() {
    let mut signed = COMPONENT.to_vec();
    for _ in 0..MAX_SIGNATURES {
        signed = sign(&signed, &SecretKey::generate().unwrap()).unwrap();
    }
    assert_eq!(signers(&signed).unwrap().len(), MAX_SIGNATURES);
    assert!(sign(&signed, &SecretKey::generate().unwrap()).is_err());
    let more = SecretKey::generate().unwrap();
    let signature = more.sign(&message(COMPONENT));
    let data = [b"\x01".as_slice(), more.public().bytes(), &signature].concat();
    assert!(signers(&[signed, section(&data)].concat()).is_err());
}
