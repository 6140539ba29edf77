//! Tests of the client against servers whose every byte is known.

mod answers;
mod control;
mod create;
mod emulator;
mod faults;
mod retries;
mod scripted;
mod settings;
mod streams;
mod template;
mod transfers;

use std::time::Duration;

use serde_json::json;

use super::control::{Control, Sandbox};
use super::envd::Envd;
use super::settings::Settings;

/// Must not appear in any message, whatever a server echoes.
const KEY: &str = "e2b_0123456789abcdef";
const TOKEN: &str = "70c3a5ecf1e57a11";

const ID: &str = "iabcdefghij0123456789";

/// Returns settings with both planes at one address.
fn settings(url: &str) -> Settings {
    let lookup = |name: &str| match name {
        "E2B_API_KEY" => Some(KEY.to_owned()),
        "E2B_API_URL" | "E2B_SANDBOX_URL" => Some(url.to_owned()),
        _ => None,
    };
    Settings::from(|name| lookup(name).map(osiris_core::variable::Variable::exported)).unwrap()
}

fn control(url: &str) -> Control {
    Control::new(&settings(url)).unwrap().with_timeout(Duration::from_secs(10))
}

/// Describes a sandbox as the control plane does.
fn sandbox_json(envd: &str) -> String {
    json!({
        "templateID": "base", "sandboxID": ID, "clientID": "6532622b", "envdVersion": envd,
        "envdAccessToken": TOKEN, "trafficAccessToken": null, "domain": null,
    })
    .to_string()
}

fn sandbox(envd: &str) -> Sandbox {
    serde_json::from_str(&sandbox_json(envd)).unwrap()
}

fn envd(url: &str) -> Envd {
    Envd::new(&settings(url), &sandbox("0.6.13")).unwrap().with_timeout(Duration::from_secs(10))
}

#[test]
fn envd_version_may_have_a_prefix_or_be_missing() {
    let version = |text| sandbox(text).envd_version.to_string();
    assert_eq!(
        ["v0.6.13", "0.6.13-dirty", "", "?"].map(version),
        ["0.6.13", "0.6.13-dirty", "0.0.0", "0.0.0"]
    );
}
