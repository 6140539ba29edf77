//! Builds components from text and from other components.

use std::fs;
use std::path::Path;

/// Compiles every `*.wat` file in a directory to a `.wasm` file and removes the source.
///
/// # Errors
/// Returns the file and position of invalid text.
pub fn assemble(folder: &Path) -> Result<(), String> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "wat") {
            let bytes = wat::parse_file(&path).map_err(|error| error.to_string())?;
            fs::write(path.with_extension("wasm"), bytes)
                .and_then(|()| fs::remove_file(&path))
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// Returns a component with different bytes and the same behavior: adds a custom section that is
/// ignored.
pub fn touched(component: &[u8]) -> Vec<u8> {
    const SECTION: &[u8] = b"\0\x08\x07touched";
    [component, SECTION].concat()
}

/// Returns a component that has the exports of a driver and a spec, but no code: enough for
/// everything except running it.
pub fn driver(spec: &str) -> Vec<u8> {
    const TEXT: &str =
        r#"(component (instance $d) (export "osiris:driver/driver@0.1.0" (instance $d)))"#;
    with_spec(wat::parse_str(TEXT).expect("the text is sound"), spec)
}

/// Returns the component with a spec added.
pub fn with_spec(mut component: Vec<u8>, spec: &str) -> Vec<u8> {
    let name = b"osiris:spec";
    let content = [&[name.len() as u8][..], name, spec.as_bytes()].concat();
    component.push(0);
    let mut left = content.len();
    // LEB128.
    while left >= 0x80 {
        component.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    component.push(left as u8);
    component.extend(content);
    component
}
