//! The secret of a connection, and where it must not be.

use std::fs;

use serde_json::Value;

use crate::{Finished, Sandbox, sandbox};

/// Odd characters make its encodings differ.
pub const SECRET: &str = "c4nary/p@ss wörd+\"x\"";

/// The forms that a host finds by looking: those in which a secret travels in
/// earnest. What a driver turns round or takes apart, no one can find.
fn forms() -> Vec<String> {
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    vec![
        SECRET.to_owned(),
        Value::from(SECRET).to_string().trim_matches('"').to_owned(),
        "c4nary%2Fp%40ss".to_owned(),
        "c4nary%2fp%40ss".to_owned(),
        percent,
        // base64 of the secret's middle at each of the three places.
        "NG5hcnkvcEBzcyB3".to_owned(),
        "Y0bmFyeS9wQHNzIH".to_owned(),
        "jNG5hcnkvcEBzcyB3".to_owned(),
    ]
}

/// Looks in all that a run prints and leaves, but for what is the driver's own:
/// its artifacts and its state.
///
/// # Errors
/// Says where the secret is.
pub fn check(sandbox: &Sandbox, finished: &Finished) -> Result<(), String> {
    let forms = forms();
    let look = |place: &str, text: &str| match forms.iter().find(|form| text.contains(*form)) {
        Some(form) => Err(format!("{place} holds {form:?}:\n{text}")),
        None => Ok(()),
    };
    look("stdout", &finished.stdout)?;
    look("stderr", &finished.stderr)?;
    let mut result = Ok(());
    sandbox::walk(&sandbox.project(), &mut |path| {
        let name = path.display().to_string();
        let own = name.contains("/artifacts/attack/") || name.contains("/.osiris/state/");
        let is_file = path.symlink_metadata().is_ok_and(|meta| meta.is_file());
        if result.is_ok() && is_file && !own {
            let bytes = fs::read(path).unwrap_or_default();
            result = look(&name, &String::from_utf8_lossy(&bytes));
        }
    });
    result
}
