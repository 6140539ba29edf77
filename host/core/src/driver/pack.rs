//! Packs a component into a driver: embeds its spec and strips debug information. All other
//! sections stay unchanged, byte by byte.

use wasm_encoder::{ComponentSectionId, CustomSection, Encode, RawSection, Section};
use wasmparser::{Encoding, Parser, Payload};

use super::sections::{ComponentInfo, damaged};
use super::spec::SECTION;
use crate::diagnostic::Diagnostic;

/// Returns whether a component has a spec.
///
/// # Errors
/// Returns an error if the bytes are not a complete component.
pub fn has_spec(component: &[u8]) -> Result<bool, Diagnostic> {
    Ok(!ComponentInfo::parse(component)?.specs.is_empty())
}

/// Returns the component with `spec` in place of its specs, or with its own if `spec` is `None`.
/// Strips function names and debug information unless `keep_names` is set.
///
/// # Errors
/// Returns an error if the bytes are not a complete component.
pub fn pack(
    component: &[u8],
    spec: Option<&[u8]>,
    keep_names: bool,
) -> Result<Vec<u8>, Diagnostic> {
    ComponentInfo::parse(component)?;
    let goes = |name: &str| {
        (spec.is_some() && name == SECTION) || (!keep_names && only_for_debuggers(name))
    };
    let mut packed = copy(component, goes).map_err(|error| damaged(&error.message()))?;
    if let Some(spec) = spec {
        CustomSection { name: SECTION.into(), data: spec.into() }.append_to(&mut packed);
    }
    Ok(packed)
}

/// Copies a component, with everything nested in it, except for the custom sections that `goes`
/// selects.
fn copy(component: &[u8], goes: impl Fn(&str) -> bool) -> wasmparser::Result<Vec<u8>> {
    let mut output = Vec::with_capacity(component.len());
    let mut outer = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } => {
                output.extend_from_slice(&wasm_encoder::Component::HEADER);
            }
            Payload::Version { encoding: Encoding::Module, .. } => {
                output.extend_from_slice(&wasm_encoder::Module::HEADER);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                outer.push(std::mem::take(&mut output));
                continue;
            }
            Payload::End(_) => {
                // The end of the outermost component.
                let Some(parent) = outer.pop() else { break };
                let nested = std::mem::replace(&mut output, parent);
                let id = match nested.starts_with(&wasm_encoder::Component::HEADER) {
                    true => ComponentSectionId::Component,
                    false => ComponentSectionId::CoreModule,
                };
                output.push(id.into());
                nested.as_slice().encode(&mut output);
            }
            Payload::CustomSection(section) if goes(section.name()) => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            RawSection { id, data: &component[range] }.append_to(&mut output);
        }
    }
    Ok(output)
}

fn only_for_debuggers(section: &str) -> bool {
    section.starts_with(".debug_")
        || ["name", "component-name", "sourceMappingURL", "external_debug_info"].contains(&section)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::code::Code;
    use crate::driver::DriverFile;

    const SPEC: &str = "{name: a.b, version: 1.0.0, modes: [write], configSchema: {type: object}}";

    fn component(spec: &str) -> Vec<u8> {
        let text = format!(
            r#"(component $outer
                (core module $inner (func $named (export "f")) (@custom "{SECTION}" "{spec}")
                    (@custom ".debug_info" "d") (@custom "producers" "\00"))
                (component $nested (core module (func $deep)) (export "x" (core module 0)))
                (core instance (instantiate $inner)))"#
        );
        wat::parse_str(text).unwrap()
    }

    /// Returns the names of the custom sections, and the number of other payloads.
    fn sections(bytes: &[u8]) -> (Vec<String>, usize) {
        let (mut custom, mut others) = (Vec::new(), 0);
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.unwrap() {
                Payload::CustomSection(section) => custom.push(section.name().to_owned()),
                _ => others += 1,
            }
        }
        (custom, others)
    }

    #[test]
    fn packing_replaces_specs_and_strips_names() {
        let before = component("old");
        assert!(has_spec(&before).unwrap());
        let packed = pack(&before, Some(SPEC.as_bytes()), false).unwrap();
        assert_eq!(
            sections(&packed),
            (vec!["producers".into(), SECTION.into()], sections(&before).1)
        );
        assert_eq!(DriverFile::of(&packed, Path::new("x")).unwrap().spec.name, "a.b");
        // Packing is idempotent.
        assert_eq!(pack(&packed, Some(SPEC.as_bytes()), false).unwrap(), packed);
        assert_eq!(pack(&packed, None, false).unwrap(), packed);
    }

    #[test]
    fn packing_with_names_kept_changes_only_the_spec() {
        let before = component(SPEC);
        assert_eq!(pack(&before, None, true).unwrap(), before);
        let names =
            |bytes: &[u8]| sections(bytes).0.iter().filter(|name| only_for_debuggers(name)).count();
        assert!(names(&before) > 1);
        assert_eq!(names(&pack(&before, Some(b"x"), true).unwrap()), names(&before));
    }

    #[test]
    fn packing_a_non_component_is_rejected() {
        for (bytes, code) in [
            (&b"hello"[..], Code::ComponentInvalid),
            (b"\0asm\x01\0\0\0", Code::ComponentInvalid),
            (&component(SPEC)[..40], Code::ComponentInvalid),
        ] {
            assert_eq!(pack(bytes, None, false).unwrap_err().code, code);
        }
    }
}
