//! A driver's spec: a spec that parses satisfies everything that the host relies on.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use osiris_core::driver::endpoints::endpoints;
use osiris_core::driver::spec::{Spec, configured_paths};
use serde_json::Value;

fuzz_target!(|text: &[u8]| {
    let spec = match Spec::parse(text, Path::new("spec.yaml")) {
        Ok(spec) => spec,
        Err(error) => return assert!(!error.diagnostics().is_empty()),
    };
    assert!(spec.name.contains('.') && !spec.modes.is_empty());
    let whole = spec.schema().expect("the schema of a spec that parses");
    let schema = spec.step_schema().unwrap_or(whole);
    for example in &spec.examples {
        let mut filled = Value::Object(example.config.clone().into_iter().collect());
        schema.fill(&mut filled);
        assert!(schema.check(&filled).is_empty(), "an example fits");
        let _ = configured_paths(&filled, &spec.files.read).count();
        let _ = endpoints(&spec, &filled);
    }
    // The serialized spec parses to the same spec.
    let json = serde_json::to_vec(&spec).expect("a spec is JSON");
    assert_eq!(Spec::parse(&json, Path::new("spec.json")).expect("its own words"), spec);
});
