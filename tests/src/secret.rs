//! A secret that must not appear anywhere.

use std::path::Path;

use crate::project::walk;
use crate::{Finished, TestProject};

/// The secret. Unusual characters make its encodings differ.
pub const SECRET: &str = "c4nary/p@ss wörd+\"x\"";

/// Returns the form in which a text contains the secret or half of it, or `None`. A secret that a
/// driver reverses or splits cannot be found.
pub(crate) fn find(text: &str) -> Option<String> {
    let plain = forms().into_iter().find(|form| text.contains(form.as_str()));
    plain.or_else(|| {
        let squeezed = squeeze(text);
        squeezed_forms().into_iter().find(|form| squeezed.contains(form.as_str()))
    })
}

/// Removes the characters that programs insert between those of another text.
fn squeeze(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns forms that are searched for in the verbatim text.
fn forms() -> Vec<String> {
    let digits = |before: &str| -> String {
        SECRET.bytes().map(|byte| format!("{before}{byte:02x}")).collect()
    };
    vec![
        // Both ends of the secret, so that half of it is found too, also in JSON and
        // percent-encoded.
        "c4nary".to_owned(),
        "C4NARY".to_owned(),
        "rd+\"x".to_owned(),
        "rd+\"\"x".to_owned(),
        "RD+\"X".to_owned(),
        "rd+\\\"x".to_owned(),
        "rd%2B%22x".to_owned(),
        digits("%"),
        digits("%").to_uppercase(),
        // Base64 of the secret's middle at each of the three alignments.
        "NG5hcnkvcEBzcyB3".to_owned(),
        "Y0bmFyeS9wQHNzIH".to_owned(),
        "jNG5hcnkvcEBzcyB3".to_owned(),
    ]
}

/// Returns forms of the secret's first nine characters that are searched for in squeezed text.
fn squeezed_forms() -> Vec<String> {
    let half = &SECRET[..9];
    let digits = |digits: fn(u8) -> String| half.bytes().map(digits).collect::<String>();
    vec![
        squeeze(half),
        digits(|byte| format!("{byte:02x}")),
        digits(|byte| format!("0x{byte:02x}")),
        digits(|byte| byte.to_string()),
        "ng5hcnkvcebzcyb3".to_owned(),
        "y0bmfyes9wqhnzih".to_owned(),
        // Base64 of base64 of the whole secret, at two alignments.
        "xpsdvlysjvmm0jbyznnz2q4".to_owned(),
        "fl6unvzweo1tdncqwmztwdk".to_owned(),
    ]
}

/// Fails the test if a text contains the secret in any form.
#[track_caller]
pub fn assert_none(place: &str, text: &str) {
    if let Some(form) = find(text) {
        panic!("{place} holds {form:?}:\n{text}");
    }
}

/// Fails the test if a file below a directory contains the secret.
#[track_caller]
pub fn assert_none_below(folder: &Path) {
    walk(folder, &mut |path| {
        // Unreadable files and special files reveal nothing.
        let bytes = std::fs::read(path).unwrap_or_default();
        assert_none(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
    });
}

/// Fails the test if a file of the project or the output contains the secret.
#[track_caller]
pub fn assert_hidden(project: &TestProject, finished: &Finished) {
    assert_none("stdout", &finished.stdout);
    assert_none("stderr", &finished.stderr);
    assert_none_below(&project.root());
}
