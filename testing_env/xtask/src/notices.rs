//! Collects the notices of everything that ships with osiris.
//!
//! cargo-about does the same, but takes longer to build than all other tools of osiris together,
//! and sends a request to a server for each crate.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::shell::{build_dir, cargo_path, command};

/// Target platforms of osiris: the host, and the drivers.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "wasm32-wasip2"];
/// Prefixes of file names, in capitals, that contain a licence or a notice.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    repository: Option<String>,
    manifest_path: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

/// A dependency's kind: `None` for linked crates. The kinds `build` and `dev` do not ship.
#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// Name of the file with the notices.
pub(crate) const FILE: &str = "THIRD-PARTY-NOTICES.txt";

/// Writes the notices next to the binary: each licence text once, with the crates
/// under that licence.
pub(crate) fn run() -> Result<()> {
    let mut crates = BTreeMap::new();
    for platform in PLATFORMS {
        collect_crates(platform, &mut crates)?;
    }
    let mut texts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (name, package) in &crates {
        for text in licences(package)? {
            texts.entry(text).or_default().insert(name);
        }
    }
    let mut notices = "osiris contains these crates:\n\n".to_owned();
    for (name, Package { license, repository, .. }) in &crates {
        let license = license.as_deref().unwrap_or("see its file");
        let repository = repository.as_deref().unwrap_or_default();
        writeln!(notices, "{name}  {license}  {repository}")?;
    }
    for (text, names) in &texts {
        let names = names.iter().copied().collect::<Vec<_>>().join(", ");
        write!(notices, "\n{}\n{names}\n\n{text}\n", "-".repeat(80))?;
    }
    let path = build_dir()?.join(FILE);
    fs::write(&path, notices).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}: {} crates, {} texts", path.display(), crates.len(), texts.len());
    Ok(())
}

/// Adds the crates linked into the binary or a first-party driver, by name and version.
fn collect_crates(platform: &str, crates: &mut BTreeMap<String, Package>) -> Result<()> {
    let arguments =
        ["metadata", "--format-version", "1", "--locked", "--filter-platform", platform];
    let output = command(cargo_path(), &arguments).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let Metadata { packages, resolve } = serde_json::from_slice(&output.stdout)?;
    let is_ours = |package: &&Package| {
        let path = &package.manifest_path;
        let is_driver = path.contains("/plugins/") && platform.starts_with("wasm");
        package.source.is_none() && (is_driver || package.name == "osiris")
    };
    let mut queue: Vec<String> =
        packages.iter().filter(is_ours).map(|package| package.id.clone()).collect();
    let nodes: HashMap<&str, &Node> =
        resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut visited = BTreeSet::new();
    while let Some(id) = queue.pop() {
        let node = nodes.get(id.as_str()).context("a package is not in the graph")?;
        let is_linked =
            |dependency: &&Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
        let dependencies = node.deps.iter().filter(is_linked).map(|dependency| &dependency.pkg);
        queue.extend(dependencies.filter(|id| !visited.contains(*id)).cloned());
        visited.insert(id);
    }
    for package in packages {
        if package.source.is_some() && visited.contains(&package.id) {
            crates.insert(format!("{} {}", package.name, package.version), package);
        }
    }
    Ok(())
}

/// Returns the licence texts in a crate's directory, or those of the licences in its manifest.
fn licences(package: &Package) -> Result<BTreeSet<String>> {
    let folder = Path::new(&package.manifest_path).parent().context("a crate has no folder")?;
    let mut texts = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if NAMES.iter().any(|prefix| name.starts_with(prefix)) && entry.file_type()?.is_file() {
            let text = fs::read(entry.path())?;
            texts.insert(String::from_utf8_lossy(&text).replace('\r', "").trim().to_owned());
        }
    }
    if texts.is_empty() {
        let license = package.license.as_deref().unwrap_or_default();
        let context = || format!("the licence of {} {}", package.name, package.version);
        let expression = spdx::Expression::parse_mode(license, spdx::ParseMode::LAX);
        for requirement in expression.with_context(context)?.requirements() {
            let id = requirement.req.license.id().with_context(context)?;
            texts.insert(id.text().trim().to_owned());
        }
    }
    ensure!(!texts.is_empty(), "{} {} comes without a licence", package.name, package.version);
    Ok(texts)
}
