//! `osiris drivers info`.

use osiris_core::diagnostic::Result;
use osiris_core::driver::DriverFile;
use osiris_core::driver::compat::{contract_of, supports};
use osiris_core::sanitize::escape_control;
use osiris_pipeline::project::Project;
use osiris_registry::index::{Found, Release};
use osiris_registry::trust::{Policy, RequestedPermissions};
use serde_json::{Value, json};

use super::super::render::{BOLD, DIM, format_bytes, paint};
use super::super::shell::{CommandOutput, Shell};
use super::fetch_args::{FetchContext, Local, NetworkArgs};
use super::lookup::{Lookup, NamedDriver};
use super::{add, describe};

const EXAMPLES: &str = "\
Examples:
  osiris drivers info acme.crm_extractor
  osiris drivers info acme.crm_extractor@1.2.0
  osiris drivers info acme.crm_extractor --json | jq -r .versions[].version

Shows what an index says about a driver; nothing of the driver itself is fetched. For
the configuration of a driver that the project has, use `osiris drivers show`.";

/// Show a driver of an index: versions, source, signer and permissions
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver name, or NAME@VERSION
    #[arg(value_name = "NAME")]
    name: String,
    /// Look only into this index of osiris.yaml
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
    #[command(flatten)]
    local: Local,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(super) fn info(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let project = shell.project()?;
    let context = FetchContext::open(shell, &project, &args.network)?;
    let everything = NamedDriver { name: &args.name, version: None };
    let named = NamedDriver::parse(&args.name).unwrap_or(everything);
    if args.index.is_none()
        && named.is_built_in(&context)
        && let Some(driver) = context.built_in(named.name)
    {
        return Ok(of_built_in(driver));
    }
    let indexes = context.indexes(&project, args.index.as_deref(), args.local)?;
    let lookup = Lookup { context: &context, project: &project, local: args.local };
    let found = lookup.find(&indexes, named)?;
    let release = found.release(named.version)?;
    Ok(of_index(&found, release, &project))
}

fn of_index(found: &Found<'_>, release: &Release, project: &Project) -> CommandOutput {
    let (driver, index) = (found.driver, found.index);
    let mut text = format!(
        "{} {} {}\n",
        paint(BOLD, &escape_control(found.name)),
        paint(DIM, &escape_control(&release.version)),
        escape_control(&driver.title)
    );
    for line in driver.description.trim().lines() {
        text.push_str(&format!("  {}\n", escape_control(line)));
    }
    let mut section = |name: &str, lines: &[String]| {
        text.push_str(&format!("{}\n", paint(BOLD, name)));
        lines.iter().for_each(|line| text.push_str(&format!("  {}\n", escape_control(line))));
    };
    section("Source", std::slice::from_ref(&release.source));
    section("File", &[format!("{}, sha256 {}", format_bytes(release.size), release.sha256)]);
    section("Signed by", &[signer(release, &project.settings.drivers)]);
    section("Requested permissions", &permissions(&release.permissions));
    section("Contract", &[contract(&release.contract)]);
    let versions: Vec<String> = driver.versions.iter().map(|one| one.version.clone()).collect();
    section("Versions", &[versions.join(", ")]);
    if let Some(license) = &driver.license {
        section("License", std::slice::from_ref(license));
    }
    if let Some(homepage) = &driver.homepage {
        section("Homepage", std::slice::from_ref(homepage));
    }
    let place = format!(
        "{}, {} (sequence {})",
        index.name,
        index.source.recorded(project.base()),
        index.index.sequence
    );
    section("Index", &[place]);
    let is_default = driver.newest().is_some_and(|newest| newest.version == release.version);
    let version = if is_default { String::new() } else { format!("@{}", release.version) };
    text.push_str(&paint(
        DIM,
        &format!("add it with `osiris drivers add {}{version}`", found.name),
    ));
    let json = json!({
        "name": found.name, "index": index.name, "sequence": index.index.sequence,
        "offline": index.offline.is_some(), "built_in": false,
        "title": driver.title, "description": driver.description,
        "license": driver.license, "homepage": driver.homepage,
        "selected": release.version, "versions": driver.versions,
    });
    CommandOutput::new(json, text)
}

fn of_built_in(driver: &DriverFile) -> CommandOutput {
    let spec = &driver.spec;
    let lines = RequestedPermissions::of(spec).lines();
    let mut text = describe::heading(spec);
    let mut section = |name: &str, lines: &[String]| {
        text.push_str(&format!("{}\n", paint(BOLD, name)));
        lines.iter().for_each(|line| text.push_str(&format!("  {}\n", escape_control(line))));
    };
    section(
        "Source",
        &["comes with osiris: pipelines can use it without `drivers add`".to_owned()],
    );
    section("Requested permissions", &permissions(&lines));
    let contract_name = contract_of(driver).unwrap_or_default();
    section("Contract", &[contract(&contract_name)]);
    text.push_str(&paint(
        DIM,
        &format!("show its configuration with `osiris drivers show {}`", spec.name),
    ));
    let release = json!({
        "version": spec.version, "source": add::built_in_source(&spec.name), "size": driver.size,
        "contract": contract_name, "permissions": lines,
    });
    let json = json!({
        "name": spec.name, "index": Value::Null, "offline": false, "built_in": true,
        "title": spec.title, "description": spec.description,
        "selected": spec.version, "versions": [release],
    });
    CommandOutput::new(json, text)
}

fn signer(release: &Release, policy: &Policy) -> String {
    let Some(signer) = &release.signer else { return "nobody".to_owned() };
    match signer.parse().ok().and_then(|key| policy.key_name(&key)) {
        Some(name) => format!("{name}, trusted in this project: {signer}"),
        None => format!("an unknown key: {signer}"),
    }
}

/// Describes permissions for people. A limit, or a line of a newer version, is shown as it is.
fn permissions(lines: &[String]) -> Vec<String> {
    let of_line = |line: &String| {
        let requested = RequestedPermissions::from_lines([line.as_str()]);
        let described =
            requested.map(|requested| requested.added_since(&RequestedPermissions::default()));
        described.filter(|texts| !texts.is_empty()).unwrap_or_else(|| vec![line.clone()])
    };
    match lines.is_empty() {
        true => vec!["none".to_owned()],
        false => lines.iter().flat_map(of_line).collect(),
    }
}

fn contract(name: &str) -> String {
    match supports(name) {
        true => name.to_owned(),
        false => format!("{name}, which this osiris does not support"),
    }
}
