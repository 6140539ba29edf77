//! Components that fit the world and demand too many resources: at instantiation, before any export
//! is called, or in ways that no compiler produces.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::wasm;

/// Returns all of them, without a spec.
pub(super) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let grow = "(loop $again (br_if $again (i32.ne (i32.const -1) ";
    vec![
        (
            "bomb-table",
            driver(
                "(table $t 1 funcref)",
                &format!("{grow} (table.grow $t (ref.null func) (i32.const 65536))))) unreachable"),
            ),
        ),
        ("bomb-table-at-once", driver("(table 20000000 funcref)", "unreachable")),
        ("bomb-tables", driver(&"(table 65536 funcref)".repeat(40), "unreachable")),
        (
            "bomb-memory",
            driver("", &format!("{grow} (memory.grow (i32.const 1024))))) unreachable")),
        ),
        ("bomb-start-loop", driver("(func $start (loop (br 0))) (start $start)", "unreachable")),
        (
            "bomb-start-recursion",
            driver("(func $start (call $start)) (start $start)", "unreachable"),
        ),
        ("bomb-start-trap", driver("(func $start unreachable) (start $start)", "unreachable")),
        // An answer whose address is outside of the memory.
        ("bomb-answer-outside", driver("", "i32.const 0x7ffffff0")),
        // A result that is neither a value nor an error.
        ("bomb-answer-unknown", driver("(data (i32.const 64) \"\\ff\")", "i32.const 64")),
    ]
}

/// Spec of [`busy`].
pub const SPEC: &str = "\
name: test.busy
version: 1.0.0
modes: [extract]
capabilities: {discover: true, doctor: true}
configSchema: {type: object, properties: {resolved_connection: {type: object}}}
";

/// Returns a driver `test.busy` with a function that is far more expensive to compile than its size
/// suggests: `nests` nests of `depth` loops, over many locals.
pub fn busy(nests: usize, depth: usize, locals: usize) -> Vec<u8> {
    let each = |line: &str| -> String {
        (0..locals).map(|local| line.replace("$n", &local.to_string())).collect()
    };
    let sum = each("(local.set $n (i32.add (local.get $n) (local.get 0)))");
    let nest =
        format!("{} {sum} {}", "loop ".repeat(depth), "(br_if 0 (local.get 0)) end ".repeat(depth));
    let body = format!("(func (local {}) {})", "i32 ".repeat(locals), nest.repeat(nests));
    wasm::with_spec(driver(&body, "unreachable"), SPEC)
}

/// Returns drivers `test.busy` that use features for which an engine without garbage collection and
/// threads has no code; each with the name of the feature.
pub fn lacking() -> Vec<(&'static str, Vec<u8>)> {
    let subtypes = "(type $super (sub (func))) (type $sub (sub $super (func)))
        (table $t 1 funcref) (elem (table $t) (i32.const 0) func $f) (func $f (type $sub))";
    let mut all = vec![(
        "a call of a subtype",
        driver(subtypes, "(call_indirect $t (type $super) (i32.const 0)) unreachable"),
    )];
    let wait = "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))";
    let notify = "(drop (memory.atomic.notify (i32.const 0) (i32.const 1)))";
    for (what, line) in [("a wait for another thread", wait), ("a word to one", notify)] {
        all.push((what, driver("", &format!("{line} unreachable"))));
    }
    all.push(("an exception", driver("(tag $e)", "(throw $e)")));
    all.into_iter().map(|(what, bytes)| (what, wasm::with_spec(bytes, SPEC))).collect()
}

/// Returns a component for the world `plugin` with these parts and this body of `run`.
fn driver(parts: &str, run: &str) -> Vec<u8> {
    let parameters = "i32 ".repeat(13);
    let text = format!(
        "(module
            {parts}
            (memory (export \"memory\") 1)
            (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) i32.const 1024)
            (func (export \"osiris:driver/driver@0.1.0#run\") (param {parameters}) (result i32)
                {run})
            (func (export \"osiris:driver/driver@0.1.0#discover\") (param i32 i32) (result i32)
                unreachable)
            (func (export \"osiris:driver/driver@0.1.0#doctor\") (param i32 i32 i32) (result i32)
                unreachable))"
    );
    let mut module = wat::parse_str(text).expect("the text is a module");
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/driver.wit");
    let (package, _) = resolve.push_path(wit).expect("the contract can be read");
    let world = resolve.select_world(&[package], Some("plugin")).expect("it has the world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("the module takes a section");
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.module(&module).expect("it fits the world");
    encoder.validate(true).encode().expect("it becomes a component")
}
