//! Rust drivers, with the SDK as a vendored crate outside of this workspace.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use toml_edit::{DocumentMut, Item, TableLike};

use super::template::Files;
use super::{Language, LanguageName, embedded};

pub(super) const LANGUAGE: Language = Language {
    name: LanguageName::Rust,
    template: "sdk/rust/template",
    vendored,
    test: "cargo test",
};

const VENDOR: &str = "vendor/osiris-sdk";
/// Path to the contract in the SDK's sources: in the workspace, and in the copy.
const CONTRACT: [&str; 2] = [r#"path: "../../wit""#, r#"path: "wit""#];

fn vendored() -> Result<Files> {
    let files = || {
        let manifest =
            flatten(embedded_text("sdk/rust/Cargo.toml")?, embedded_text("Cargo.toml")?)?;
        let mut files = Files::new();
        // The versions that this osiris is built with; cargo drops unused ones.
        files.insert("Cargo.lock".into(), embedded_text("Cargo.lock")?.into());
        files.insert("rust-toolchain.toml".into(), embedded_text("rust-toolchain.toml")?.into());
        files.insert(format!("{VENDOR}/Cargo.toml"), manifest.into());
        // The pages of the SDK's documentation.
        for page in ["GUIDE.md", "README.md"] {
            files.insert(
                format!("{VENDOR}/{page}"),
                embedded_text(&format!("sdk/rust/{page}"))?.into(),
            );
        }
        for (path, content) in embedded::below("wit") {
            files.insert(format!("{VENDOR}/wit/{path}"), content.into());
        }
        for (path, content) in embedded::below("sdk/rust/src") {
            let content = match path {
                "bindings.rs" => {
                    String::from_utf8_lossy(content).replace(CONTRACT[0], CONTRACT[1]).into()
                }
                _ => content.to_vec(),
            };
            files.insert(format!("{VENDOR}/src/{path}"), content);
        }
        Ok(files)
    };
    // Can only fail for a broken repository at build time.
    files().map_err(|why: String| Error::environment(Diagnostic::new(Code::TemplateUnusable, why)))
}

fn embedded_text(path: &str) -> Result<&'static str, String> {
    embedded::text(path).ok_or_else(|| format!("osiris was built without `{path}`"))
}

/// Returns a workspace member's manifest without inheritance, and without the parts that only its
/// own tests and lints need.
fn flatten(member: &str, workspace: &str) -> Result<String, String> {
    let parse = |text: &str| text.parse::<DocumentMut>().map_err(|error| error.to_string());
    let (mut member, workspace) = (parse(member)?, parse(workspace)?);
    let none = Item::None;
    let shared = |key| {
        let table = workspace.get("workspace").and_then(|workspace| workspace.get(key));
        table.unwrap_or(&none)
    };
    for other in ["dev-dependencies", "lints", "test"] {
        member.remove(other);
    }
    if let Some(package) = member["package"].as_table_like_mut() {
        inherit(package, shared("package"))?;
    }
    let shared = shared("dependencies");
    if let Some(dependencies) = member["dependencies"].as_table_like_mut() {
        inherit(dependencies, shared)?;
    }
    for (_, target) in member["target"].as_table_like_mut().into_iter().flat_map(|t| t.iter_mut()) {
        if let Some(dependencies) = target["dependencies"].as_table_like_mut() {
            inherit(dependencies, shared)?;
        }
    }
    Ok(member.to_string())
}

/// Replaces each `key.workspace = true` by the workspace's value.
fn inherit(table: &mut dyn TableLike, shared: &Item) -> Result<(), String> {
    for (key, item) in table.iter_mut() {
        let Some(own) = item.as_table_like() else { continue };
        if own.get("workspace").and_then(Item::as_bool) != Some(true) {
            continue;
        }
        let own: Vec<(String, Item)> = own
            .iter()
            .filter(|(name, _)| *name != "workspace")
            .map(|(name, item)| (name.to_owned(), item.clone()))
            .collect();
        let value = shared.get(key.get()).cloned().filter(|_| own.is_empty());
        *item = value.ok_or_else(|| {
            format!("cannot resolve `{}` of the SDK's manifest in its workspace", key.get())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_inherits_nothing_after_inlining() {
        let member = "\
[package]
name = \"a\"
version.workspace = true

[features]
x = []

[dependencies]
# Why.
one.workspace = true
two = \"2\"

[target.'cfg(unix)'.dependencies]
three.workspace = true

[dev-dependencies]
four.workspace = true

[lints]
workspace = true
";
        let workspace = "\
[workspace.package]
version = \"1.0.0\"
[workspace.dependencies]
one = { version = \"1\", default-features = false }
three = \"3\"
";
        let expected = "\
[package]
name = \"a\"
version = \"1.0.0\"

[features]
x = []

[dependencies]
one = { version = \"1\", default-features = false }
two = \"2\"

[target.'cfg(unix)'.dependencies]
three = \"3\"
";
        assert_eq!(flatten(member, workspace).unwrap(), expected);
        let error = flatten(member, "[workspace.package]\nversion = \"1\"\n").unwrap_err();
        assert!(error.contains("`one`"), "{error}");
    }

    #[test]
    fn vendored_sdk_is_complete() {
        let files = vendored().unwrap();
        let text = |path: &str| String::from_utf8(files[path].clone()).unwrap();
        assert!(!text("vendor/osiris-sdk/Cargo.toml").contains("workspace"));
        assert!(text("vendor/osiris-sdk/src/bindings.rs").contains(CONTRACT[1]));
        assert!(text("vendor/osiris-sdk/wit/driver.wit").contains("package osiris:driver@"));
    }
}
