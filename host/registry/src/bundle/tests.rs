use super::*;

const FIRST: &[u8] = b"the first driver";
const SECOND: &[u8] = b"the second one";

fn item(name: &str, bytes: &[u8]) -> Item {
    Item {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        sha256: canonical::sha256(bytes),
        size: bytes.len() as u64,
        signers: Vec::new(),
    }
}

fn index() -> Index {
    let keys = BTreeMap::from([("acme".to_owned(), "osiris-key:...".to_owned())]);
    Index::new([item("b.second", SECOND), item("a.first", FIRST)], keys)
}

fn bundle(lock: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let load = |item: &Item| Ok(if item.name == "a.first" { FIRST } else { SECOND }.to_vec());
    write(&mut bytes, &index(), lock, load).unwrap();
    bytes
}

/// The content of a bundle: index, lockfile and drivers.
type Out = (Index, Option<Vec<u8>>, Vec<Vec<u8>>);

fn out(bytes: &[u8]) -> Result<Out, Diagnostic> {
    let mut drivers = Vec::new();
    let (index, lock) = read(bytes, |_, bytes| {
        drivers.push(bytes);
        Ok::<_, Diagnostic>(())
    })?;
    Ok((index, lock, drivers))
}

/// Creates a tar of these entries: type, name, content.
fn tar(entries: &[(EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (kind, name, content) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if *kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

#[test]
fn bundle_round_trip_keeps_index_lock_and_drivers() {
    let lock = b"version: 1\n".as_slice();
    let (index, with, drivers) = out(&bundle(Some(lock))).unwrap();
    assert_eq!((index, with.as_deref()), (self::index(), Some(lock)));
    assert_eq!(drivers, [FIRST, SECOND], "by name");
    assert_eq!(out(&bundle(None)).unwrap().1, None);
    assert_eq!(bundle(Some(lock)), bundle(Some(lock)), "the same bytes");
}

#[test]
fn driver_changed_while_bundling_is_rejected() {
    let load = |_: &Item| Ok(b"another".to_vec());
    let error = write(Vec::new(), &index(), None, load).unwrap_err();
    assert!(error.to_string().contains("was changed"), "{error}");
}

#[test]
fn truncated_or_changed_bundle_is_rejected() {
    let whole = bundle(Some(b"lock"));
    // After the last file there are only zeros.
    for length in (0..whole.len() - 1024).step_by(37) {
        assert!(out(&whole[..length]).is_err(), "{length} bytes");
    }
    let expected = out(&whole).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        // The lockfile and unread bytes such as padding can differ, but no driver.
        if let Ok((index, _, drivers)) = out(&changed) {
            assert_eq!(drivers, expected.2, "byte {at}");
            assert_eq!(index.drivers.len(), 2, "byte {at}");
        }
    }
}

#[test]
fn unexpected_bundle_entries_are_rejected() {
    let text = canonical::json(&json!(index()));
    let index = (EntryType::Regular, INDEX, text.as_bytes());
    let (one, two) = (path_of(&item("", FIRST)), path_of(&item("", SECOND)));
    let first = (EntryType::Regular, one.as_str(), FIRST);
    let second = (EntryType::Regular, two.as_str(), SECOND);
    assert!(out(&tar(&[index, first, second])).is_ok());
    let other = |name| (EntryType::Regular, name, b"x".as_slice());
    let long = vec![b'x'; 100];
    for (case, entries) in [
        ("nothing", vec![]),
        ("no index", vec![first, second]),
        ("a driver is missing", vec![index, first]),
        ("another order", vec![index, second, first]),
        ("twice", vec![index, first, first, second]),
        ("twice at the end", vec![index, first, second, second]),
        ("another file", vec![index, first, second, other("drivers/more.wasm")]),
        ("a path that leads outside", vec![index, other("../../x"), first, second]),
        ("an absolute path", vec![index, first, second, other("/tmp/x")]),
        ("a path that is not plain", vec![index, (first.0, "./drivers/x", FIRST), second]),
        ("no name", vec![index, first, second, (EntryType::Regular, "", b"")]),
        ("a link", vec![index, (EntryType::Symlink, &one, b""), second]),
        ("a hard link", vec![index, (EntryType::Link, &one, b""), second]),
        ("a folder", vec![index, (EntryType::Directory, "drivers", b""), first, second]),
        ("a sparse file", vec![index, (EntryType::GNUSparse, &one, FIRST), second]),
        ("a long name", vec![index, (EntryType::GNULongName, "x", &long), first, second]),
        ("headers of pax", vec![index, (EntryType::XHeader, "x", b"9 size=1\n"), first, second]),
        ("too long", vec![index, (first.0, &one, &long), second]),
        ("too short", vec![index, (first.0, &one, &FIRST[..3]), second]),
    ] {
        let error = out(&tar(&entries)).expect_err(case);
        assert_eq!(error.code, Code::BundleInvalid, "{case}");
    }
}

#[test]
fn bundle_index_beyond_limits_is_rejected() {
    let parse = |index: serde_json::Value| Index::parse(index.to_string().as_bytes());
    let good = json!(index());
    assert_eq!(parse(good.clone()).unwrap(), index());
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut index = good.clone();
        change(&mut index);
        parse(index).unwrap_err().message
    };
    let second = good["drivers"][1].clone();
    for (expected, message) in [
        ("format 2", with(&|index| index["format"] = 2.into())),
        ("unknown field", with(&|index| index["more"] = 1.into())),
        ("twice", with(&|index| index["drivers"][0] = second.clone())),
        ("twice", with(&|index| index["drivers"][0]["name"] = "b.second".into())),
        ("invalid sha256", with(&|index| index["drivers"][0]["sha256"] = "../../x".into())),
        ("the limit is", with(&|index| index["drivers"][0]["size"] = u64::MAX.into())),
    ] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let huge = (EntryType::Regular, INDEX, vec![b' '; MAX_TEXT as usize + 1]);
    let error = out(&tar(&[(huge.0, huge.1, &huge.2)])).unwrap_err();
    assert!(error.message.contains("the limit is"), "{error}");
}
