//! Components that are truncated or modified at any point are reported and never cause a panic.

use osiris_tests::{TestProject, built};

#[test]
fn truncated_component_is_rejected() {
    let whole = std::fs::read(built::test_driver("test.hostile")).unwrap();
    let project = TestProject::new();
    for percent in 0..100 {
        let length = whole.len() * percent / 100;
        project.write(format!("drivers/cut-{percent:02}.wasm"), &whole[..length]);
    }
    let list = project.osiris(["drivers", "list"]).test_drivers().run().expect(0);
    assert!(!list.stderr.contains("panicked"), "{}", list.stderr);
    assert!(list.stderr.contains("... and 80 more files that cannot be used"), "{}", list.stderr);
    let list = project.osiris(["drivers", "list", "--json"]).test_drivers().run().expect(0);
    for percent in 0..100 {
        let name = format!("cut-{percent:02}.wasm");
        assert!(list.stdout.contains(&name), "{name} is none: {}", list.stdout);
    }
    // A command about a single file reports the error with its exit code.
    for percent in (0..100).step_by(10) {
        let file = format!("drivers/cut-{percent:02}.wasm");
        let inspect = project.osiris(["drivers", "inspect", &file]).run().expect(2);
        assert!(inspect.stderr.contains(&file), "{}", inspect.stderr);
    }
}

#[test]
fn component_with_a_changed_byte_does_not_panic() {
    let whole = std::fs::read(built::test_driver("test.passthrough")).unwrap();
    let project = TestProject::new();
    // The same offsets each time, spread over the file and dense at its start.
    let places = (0..20).chain((1..20).map(|at| whole.len() * at / 20));
    for place in places {
        let mut changed = whole.clone();
        changed[place] ^= 0x55;
        project.write("changed.wasm", changed);
        let inspect = project.osiris(["drivers", "inspect", "changed.wasm"]).run();
        assert!(matches!(inspect.code(), Some(0 | 2)), "{place}: {}", inspect.stderr);
        assert!(!inspect.stderr.contains("panicked"), "{place}: {}", inspect.stderr);
    }
}
