//! Writes a page of documentation for each driver in `plugins/`, from its spec.

mod markdown;
mod options;
mod page;
mod spec;
mod types;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use self::spec::Spec;
use crate::shell::root;

/// Directory of the pages, in the workspace's root. All of its pages are generated.
const PAGES: &str = "docs/drivers";
/// The overview that links to the pages.
const OVERVIEW: &str = "docs/drivers.md";

/// Writes the pages, or checks that they are current.
///
/// # Errors
/// Returns an error if a spec cannot be described, if the overview does not link to a page, or, in a
/// check, if a page is not current; the error names the page and the command that writes it.
pub(crate) fn run(check: bool) -> Result<()> {
    let root = root();
    let pages = render(&root)?;
    let changed = update(&root.join(PAGES), &pages, check)?;
    let overview = fs::read_to_string(root.join(OVERVIEW))?;
    for name in pages.keys() {
        let link = format!("(drivers/{name})");
        ensure!(overview.contains(&link), "{OVERVIEW} has no link to {PAGES}/{name}: add `{link}`");
    }
    for name in changed {
        println!("{PAGES}/{name}");
    }
    Ok(())
}

/// Writes the pages that are not current, removes those of drivers that are gone, and returns the
/// names of both.
///
/// # Errors
/// Returns an error if a page cannot be written or, in a check, if a page is not current.
fn update(folder: &Path, pages: &BTreeMap<String, String>, check: bool) -> Result<Vec<String>> {
    let mut changed = Vec::new();
    for (name, page) in pages {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|current| current == *page) {
            continue;
        }
        changed.push(name.clone());
        if !check {
            fs::create_dir_all(folder)?;
            fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if pages.contains_key(&name) {
            continue;
        }
        changed.push(name);
        if !check {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    ensure!(
        !check || changed.is_empty(),
        "pages in {PAGES} are not current: {}; run `cargo xtask docs`",
        changed.join(", ")
    );
    Ok(changed)
}

/// Returns the pages of all drivers, by file name.
fn render(root: &Path) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(root.join("plugins"))? {
        let source = format!("plugins/{}/spec.yaml", entry?.file_name().to_string_lossy());
        // Crates that families share have no spec.
        let Ok(text) = fs::read_to_string(root.join(&source)) else { continue };
        let context = || format!("cannot describe {source}");
        let spec: Spec = serde_yaml_ng::from_str(&text).with_context(context)?;
        let page = page::page(&spec, &source).with_context(context)?;
        if pages.insert(format!("{}.md", spec.name), page).is_some() {
            bail!("two specs in plugins/ have the name {}", spec.name);
        }
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outdated_pages_are_named_and_rewritten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("drivers");
        let mut pages: BTreeMap<String, String> =
            ["a.md", "b.md"].map(|name| (name.to_owned(), "new".to_owned())).into();
        let check_error = |pages: &_| update(&folder, pages, true).unwrap_err().to_string();
        assert!(check_error(&pages).contains("a.md, b.md; run `cargo xtask docs`"));
        assert!(!folder.exists());
        assert_eq!(update(&folder, &pages, false).unwrap(), ["a.md", "b.md"]);
        assert!(update(&folder, &pages, true).unwrap().is_empty());

        fs::write(folder.join("b.md"), "old").unwrap();
        pages.remove("a.md");
        assert!(check_error(&pages).contains(": b.md, a.md;"));
        assert_eq!(update(&folder, &pages, false).unwrap(), ["b.md", "a.md"]);
        assert!(update(&folder, &pages, true).unwrap().is_empty());
        assert!(!folder.join("a.md").exists());
        assert_eq!(fs::read_to_string(folder.join("b.md")).unwrap(), "new");
    }
}
