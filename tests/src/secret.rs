//! A secret that must not be seen anywhere.

use std::path::Path;

use crate::sandbox::walk;
use crate::{Finished, Sandbox};

/// The secret. Odd characters make its encodings differ.
pub const SECRET: &str = "c4nary/p@ss wörd+\"x\"";

/// The forms that a host finds by looking: those in which a secret travels in
/// earnest. What a driver turns round or takes apart, no one can find.
pub(crate) fn forms() -> Vec<String> {
    let digits = |before: &str| -> String {
        SECRET.bytes().map(|byte| format!("{before}{byte:02x}")).collect()
    };
    vec![
        // Either end of it, so that a half is found too, in JSON and percent-encoded as well.
        "c4nary".to_owned(),
        "rd+\"x".to_owned(),
        "rd+\\\"x".to_owned(),
        "rd%2B%22x".to_owned(),
        digits("%"),
        digits("%").to_uppercase(),
        digits(""),
        digits("").to_uppercase(),
        // base64 of the secret's middle at each of the three places.
        "NG5hcnkvcEBzcyB3".to_owned(),
        "Y0bmFyeS9wQHNzIH".to_owned(),
        "jNG5hcnkvcEBzcyB3".to_owned(),
    ]
}

/// Fails the test if a text holds the secret in any form.
#[track_caller]
pub fn assert_none(place: &str, text: &str) {
    for form in forms() {
        assert!(!text.contains(&form), "{place} holds {form:?}:\n{text}");
    }
}

/// Fails the test if a file below a folder holds the secret.
#[track_caller]
pub fn assert_none_below(folder: &Path) {
    walk(folder, &mut |path| {
        // What may not be read or is no file has nothing to tell.
        let bytes = std::fs::read(path).unwrap_or_default();
        assert_none(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
    });
}

/// Fails the test if a file of the project or an output holds the secret.
#[track_caller]
pub fn assert_hidden(sandbox: &Sandbox, finished: &Finished) {
    assert_none("stdout", &finished.stdout);
    assert_none("stderr", &finished.stderr);
    assert_none_below(&sandbox.project());
}
