//! Checks the parts of the documentation that doc tests do not: the spec, and the fences.

/// The spec that the examples with `export!` embed.
const SPEC: &str = include_str!("../spec.yaml");

#[test]
fn readme_shows_the_embedded_spec() {
    let shown = format!("```yaml\n{SPEC}```\n");
    assert!(include_str!("../README.md").contains(&shown), "README.md does not show\n{shown}");
}

/// Rustdoc runs blocks without a language as Rust, and blocks that never run become outdated.
#[test]
fn every_rust_block_is_a_doc_test() {
    for text in [include_str!("../README.md"), include_str!("../GUIDE.md")] {
        let fences = text.lines().filter(|line| line.starts_with("```")).step_by(2);
        for fence in fences {
            assert!(["```rust", "```console", "```yaml"].contains(&fence), "{fence}");
        }
    }
}
