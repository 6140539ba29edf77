//! Project templates with placeholders like `{{driver}}`: the files for every role are in
//! `common`, those for one role in a directory of its name.

use std::collections::BTreeMap;

use super::embedded;
use super::name::Name;

/// Files of a project, by relative path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Fills the template in a directory of the repository for a new driver.
pub(super) fn fill(folder: &str, name: &Name) -> Files {
    let placeholders = [
        ("{{driver}}", name.driver.clone()),
        ("{{package}}", name.package()),
        ("{{module}}", name.module()),
        ("{{title}}", name.title()),
        ("{{mode}}", name.role.step_mode().to_owned()),
        ("{{osiris}}", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let mut files = Files::new();
    for part in ["common", name.role.as_str()] {
        for (path, content) in embedded::below(&format!("{folder}/{part}")) {
            let mut text = String::from_utf8_lossy(content).into_owned();
            let mut path = visible_name(path);
            for (placeholder, value) in &placeholders {
                text = text.replace(placeholder, value);
                path = path.replace(placeholder, value);
            }
            files.insert(path, text.into_bytes());
        }
    }
    files
}

/// Renames `dot-gitignore` to `.gitignore`, which would be active in the repository.
fn visible_name(path: &str) -> String {
    let parts: Vec<String> = path
        .split('/')
        .map(|part| match part.strip_prefix("dot-") {
            Some(name) => format!(".{name}"),
            None => part.to_owned(),
        })
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::LANGUAGES;
    use super::*;
    use osiris_core::driver::spec::Spec;

    #[test]
    fn filled_template_has_no_placeholder_and_a_valid_spec() {
        for language in LANGUAGES {
            for driver in ["a.x_extractor", "a.x_writer", "a.x_processor"] {
                let name = Name::parse(driver, None).unwrap();
                let files = fill(language.template, &name);
                assert!(files.contains_key(".gitignore"), "{:?}", files.keys());
                let spec = Spec::parse(&files["spec.yaml"], "spec.yaml".as_ref()).unwrap();
                assert_eq!(spec.name, driver);
                for (path, content) in files {
                    let text = String::from_utf8(content).unwrap();
                    let placeholder = text
                        .find("{{")
                        .filter(|at| text[at + 2..].starts_with(char::is_alphabetic));
                    assert_eq!(placeholder, None, "{path}: {text}");
                }
            }
        }
    }

    #[test]
    fn dot_prefix_becomes_a_hidden_file() {
        assert_eq!(visible_name("dot-cargo/config.toml"), ".cargo/config.toml");
        assert_eq!(visible_name("src/lib.rs"), "src/lib.rs");
    }
}
