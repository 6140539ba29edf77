//! The component file.

use std::time::Duration;

use osiris_core::code::Code;
use osiris_core::text::format_bytes;

use super::super::check::{Check, NotPassed, Verdict, ensure, fail, skip};
use super::super::harness::Harness;
use super::super::requirement::Requirement;

/// Size limit for a component that people like to download, in bytes.
const LARGEST: u64 = 64 << 20;
/// Maximum compile time before the first run.
const MAX_COMPILE_TIME: Duration = Duration::from_secs(120);

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "component.whole",
        title: "the file is a complete WebAssembly component",
        fix: "build the driver again with `osiris drivers build`, for wasm32-wasip2",
        needs: &[],
        run: |harness| broken_as(harness, &[Code::ComponentInvalid]),
    },
    Check {
        id: "component.spec",
        title: "the component contains one spec",
        fix: "export the driver with `osiris_sdk::export!`, which embeds spec.yaml once",
        needs: &[],
        run: |harness| broken_as(harness, &[Code::SpecMissing, Code::SpecDuplicate]),
    },
    Check {
        id: "component.loads",
        title: "the host can load the component: its imports and exports match the contract",
        fix: "build for the world `plugin` of osiris:driver, for example with osiris-sdk",
        needs: &[Requirement::Spec],
        run: |harness| {
            if harness.file.is_none() {
                return Err(skip("the spec is not valid: see the group `spec`"));
            }
            harness.loaded().map(drop).map_err(|problem| NotPassed::Failed(problem.message))
        },
    },
    Check {
        id: "component.size",
        title: "the component has at most 64 MiB",
        fix: "build in release mode, with `lto = true` and `strip = true`",
        needs: &[Requirement::Driver],
        run: |harness| {
            let size = harness.file.as_ref().map_or(0, |file| file.size);
            ensure(size <= LARGEST, || format!("the component has {}", format_bytes(size)))
        },
    },
    Check {
        id: "component.compile-time",
        title: "the component compiles within two minutes",
        fix: "remove unused code, and build with `opt-level = \"s\"`",
        needs: &[Requirement::Driver],
        run: |harness| match harness.loaded().ok().and_then(|loaded| loaded.compiling) {
            None => Err(skip("the compiled code was cached")),
            Some(took) => ensure(took <= MAX_COMPILE_TIME, || {
                format!("compiling took {:.0} s", took.as_secs_f64())
            }),
        },
    },
];

fn broken_as(harness: &Harness, codes: &[Code]) -> Verdict {
    match &harness.broken {
        Some(problem) if codes.contains(&problem.code) => fail(&problem.message),
        Some(_) if codes.contains(&Code::SpecMissing) && harness.raw.is_null() => {
            Err(skip("the file cannot be read"))
        }
        _ => Ok(()),
    }
}
