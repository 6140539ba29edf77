//! A secret that must not be seen anywhere.

use std::path::Path;

use crate::sandbox::walk;
use crate::{Finished, Sandbox};

/// The secret. Odd characters make its encodings differ.
pub const SECRET: &str = "c4nary/p@ss wörd+\"x\"";

/// Returns the form in which a text holds the secret, or half of it, if it does. What a
/// driver turns round or takes apart, no one can find.
pub(crate) fn find(text: &str) -> Option<String> {
    let plain = forms().into_iter().find(|form| text.contains(form.as_str()));
    plain.or_else(|| {
        let squeezed = squeeze(text);
        squeezed_forms().into_iter().find(|form| squeezed.contains(form.as_str()))
    })
}

/// What is left of a text without what programs put between the characters of another.
fn squeeze(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Forms that are found by looking at the text as it is.
fn forms() -> Vec<String> {
    let digits = |before: &str| -> String {
        SECRET.bytes().map(|byte| format!("{before}{byte:02x}")).collect()
    };
    vec![
        // Either end of it, so that a half is found too, in JSON and percent-encoded as well.
        "c4nary".to_owned(),
        "C4NARY".to_owned(),
        "rd+\"x".to_owned(),
        "rd+\"\"x".to_owned(),
        "RD+\"X".to_owned(),
        "rd+\\\"x".to_owned(),
        "rd%2B%22x".to_owned(),
        digits("%"),
        digits("%").to_uppercase(),
        // base64 of the secret's middle at each of the three places.
        "NG5hcnkvcEBzcyB3".to_owned(),
        "Y0bmFyeS9wQHNzIH".to_owned(),
        "jNG5hcnkvcEBzcyB3".to_owned(),
    ]
}

/// Forms that are found between whatever stands there: its first nine characters.
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
        // base64 of base64 of the whole, at two places.
        "xpsdvlysjvmm0jbyznnz2q4".to_owned(),
        "fl6unvzweo1tdncqwmztwdk".to_owned(),
    ]
}

/// Fails the test if a text holds the secret in any form.
#[track_caller]
pub fn assert_none(place: &str, text: &str) {
    if let Some(form) = find(text) {
        panic!("{place} holds {form:?}:\n{text}");
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
