//! JavaScript drivers, with the SDK as a vendored package.

use osiris_core::diagnostic::Result;

use super::template::Files;
use super::{Language, LanguageName, embedded};

pub(super) const LANGUAGE: Language = Language {
    name: LanguageName::Javascript,
    template: "sdk/javascript/template",
    vendored,
    test: "npm ci && npm test",
};

const SDK: &str = "sdk/javascript";
/// Directories that do not belong to the package.
const BESIDE: [&str; 1] = ["template/"];

fn vendored() -> Result<Files> {
    let package = embedded::below(SDK)
        .filter(|(path, _)| !BESIDE.iter().any(|folder| path.starts_with(folder)))
        .map(|(path, content)| (format!("vendor/osiris-sdk/{path}"), content.to_vec()));
    Ok(package.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendored_sdk_is_complete() {
        let files = vendored().unwrap();
        let text = |path: &str| {
            String::from_utf8(files[&format!("vendor/osiris-sdk/{path}")].clone()).unwrap()
        };
        assert!(text("package.json").contains("\"osiris-sdk\""));
        assert!(text("src/index.js").contains("DriverError"));
        // A symlink in the repository.
        assert!(text("wit/deps/osiris-driver.wit").contains("package osiris:driver@"));
    }
}
