//! Checks the links between pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::page::line_of;

/// Checks every relative link of a page, whose path is relative to the repository: the file exists
/// and has the anchor.
///
/// # Errors
/// Returns an error if the page cannot be read, or a line for every link that leads nowhere.
pub fn check(path: &Path) -> Result<(), String> {
    let file = super::repository().join(path);
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut faults = Vec::new();
    for (line, link) in links(&text) {
        if let Err(error) = resolve(&file, &text, &link) {
            faults.push(format!("{}:{line}: {link}: {error}", path.display()));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Returns the relative links of a text with their lines, from 1.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (event, range) in parser(text).into_offset_iter() {
        let (Event::Start(Tag::Link { dest_url, .. }) | Event::Start(Tag::Image { dest_url, .. })) =
            event
        else {
            continue;
        };
        if !dest_url.contains("://") && !dest_url.starts_with("mailto:") {
            links.push((line_of(text, range.start), dest_url.to_string()));
        }
    }
    links
}

/// Checks a link of the page `file` with the content `text`.
fn resolve(file: &Path, text: &str, link: &str) -> Result<(), String> {
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (link, None),
    };
    let target = file.with_file_name(path);
    if !path.is_empty() && !target.exists() {
        return Err("there is no such file".to_owned());
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let anchors = if path.is_empty() {
        anchors(text)
    } else if target.extension().is_some_and(|extension| extension == "md") {
        anchors(&fs::read_to_string(&target).map_err(|error| error.to_string())?)
    } else {
        return Err("only pages have anchors".to_owned());
    };
    if anchors.contains(anchor) {
        return Ok(());
    }
    let anchors: Vec<_> = anchors.into_iter().collect();
    Err(format!("there is no such heading; the anchors are {}", anchors.join(", ")))
}

/// Returns the anchors that GitHub makes for the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut heading: Option<String> = None;
    for event in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let anchor = slug(&heading.take().unwrap_or_default());
                let count = counts.entry(anchor.clone()).or_default();
                anchors.insert(match *count {
                    0 => anchor,
                    count => format!("{anchor}-{count}"),
                });
                *count += 1;
            }
            _ => {}
        }
    }
    anchors
}

fn slug(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{anchors, links, resolve};

    #[test]
    fn anchors_match_github() {
        let text =
            "# Who set a value?\n## `osiris.yaml`: its *keys*\n# Twice\n# Twice\n```\n# no\n```\n";
        let expected = ["osirisyaml-its-keys", "twice", "twice-1", "who-set-a-value"];
        assert_eq!(anchors(text).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn links_in_paragraphs_and_tables_are_found_but_not_in_code() {
        let text = "[a\nb](a.md) `[c](c.md)` [d](https://d)\n\n| x |\n|---|\n| [e](e.md#f) |\n";
        assert_eq!(links(text), [(1, "a.md".to_owned()), (6, "e.md#f".to_owned())]);
    }

    #[test]
    fn dead_links_are_rejected() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let resolve = |link| resolve(&page, "# Here\n", link);
        for link in ["#here", "../README.md", "../README.md#install", "src"] {
            assert_eq!(resolve(link), Ok(()), "{link}");
        }
        for link in ["#there", "NONE.md", "../README.md#none", "Cargo.toml#lib"] {
            assert!(resolve(link).is_err(), "{link}");
        }
    }
}
