//! Python drivers, with the SDK as sources that do not have to be installed.

use osiris_core::diagnostic::Result;

use super::template::Files;
use super::{Language, LanguageName, embedded};

pub(super) const LANGUAGE: Language = Language {
    name: LanguageName::Python,
    template: "sdk/python/template",
    vendored,
    test: "python3 -m unittest",
};

const PACKAGE: &str = "osiris_sdk";

fn vendored() -> Result<Files> {
    let files = embedded::below("sdk/python/osiris_sdk");
    Ok(files
        .map(|(path, content)| (format!("vendor/osiris-sdk/{PACKAGE}/{path}"), content.to_vec()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendored_sdk_is_complete() {
        let files = vendored().unwrap();
        for file in ["__init__.py", "py.typed", "component.py", "layouts/__init__.py"] {
            assert!(files.contains_key(&format!("vendor/osiris-sdk/{PACKAGE}/{file}")), "{file}");
        }
        assert!(files.keys().all(|path| !path.ends_with(".pyc")));
    }
}
