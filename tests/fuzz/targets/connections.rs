//! A connections file and a `.env`, resolved to a driver's configuration: no message and no shown
//! configuration contains the value of a variable.
#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use osiris_core::fs::layout::CONNECTIONS_FILE;
use osiris_core::redact::Redactor;
use osiris_fuzz::Specs;
use osiris_pipeline::connection::{
    self, Connections, Environment, Reference, Secrets, shown_fields,
};
use serde_json::json;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(osiris_fuzz::folder);

/// The value of `SECRET`.
const SECRET: &str = "hide-me-Q7";

/// The line between the connections file and the `.env`.
const PARTING: &[u8] = b"\n### .env\n";

fuzz_target!(|text: &[u8]| {
    let at = text.windows(PARTING.len()).position(|window| window == PARTING);
    let (file, env) = at.map_or((text, &b""[..]), |at| (&text[..at], &text[at + PARTING.len()..]));
    let base: &Path = FOLDER.path();
    fs::write(base.join(CONNECTIONS_FILE), file).expect("the folder is ours");
    fs::write(base.join(".env"), env).expect("the folder is ours");
    let environment = match Environment::read(base) {
        Ok(environment) => environment,
        Err(error) => {
            assert!(!error.diagnostics().is_empty());
            return;
        }
    };
    let environment = environment.with([("SECRET".to_owned(), SECRET.to_owned())]);
    let connections = match Connections::read(base) {
        Ok(connections) => connections,
        Err(error) => return assert!(!error.diagnostics().is_empty()),
    };
    let known = contains(text, SECRET.as_bytes());
    let silent = |words: String| assert!(known || !words.contains(SECRET), "{words}");
    for (family, aliases) in &connections.families {
        for (alias, described) in aliases {
            let fields = described.fields.to_json();
            silent(shown_fields(&fields, &[]).to_string());
            match connections.resolve(family, Some(alias), &environment) {
                Ok(resolved) => assert_eq!(&resolved.reference.alias, alias),
                Err(error) => {
                    assert!(
                        fields.to_string().contains("${"),
                        "only a variable is missing: {error}"
                    );
                    silent(error.to_string());
                }
            }
            let reference = Reference { family: family.clone(), alias: alias.clone() };
            for spec in Specs::all().iter().filter(|spec| spec.family() == family) {
                let config = json!({"connection": reference.to_string(), "table": "t"});
                match connection::resolve_step_config(
                    "step `s`",
                    &config,
                    spec,
                    &connections,
                    &environment,
                ) {
                    Ok(config) => {
                        // A value from a variable is a secret, whatever the field.
                        let secrets = Secrets::find(&config, spec, &connections, &environment);
                        silent(secrets.mask(&config).to_string());
                        let Ok(redactor) = Redactor::new(secrets.values) else { continue };
                        let mut shown = config;
                        redactor.redact_value(&mut shown);
                        silent(shown.to_string());
                    }
                    Err(error) => silent(error.to_string()),
                }
                if let Err(error) =
                    connection::connection_config(&reference, spec, &connections, &environment)
                {
                    silent(error.to_string());
                }
            }
        }
    }
});

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
