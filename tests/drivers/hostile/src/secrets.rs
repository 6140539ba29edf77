//! Tells the connection's secret to everybody who listens.

use std::fs;
use std::io::{Write as _, stderr};

use crate::bindings::osiris::driver::context::{self, Level, MetricValue};
use crate::{Attack, Table, failure, field};

pub(crate) const ATTACKS: Table = &[
    ("secret-everywhere", |attack| {
        let secret = &attack.connection()?.password;
        for form in forms(secret) {
            context::log(Level::Error, &form);
            context::log(Level::Info, &format!("before{form}after"));
            println!("out {form}");
            context::event(
                "secret.told",
                &serde_json::json!({"it": form, form.as_str(): [form]}).to_string(),
            );
            context::event(&format!("secret.{form}"), "{}");
            let tags = [(form.clone(), form.clone())];
            context::metric(&form, MetricValue::Integer(1), &form, &tags);
            // What is not sound JSON names the event in an error.
        }
        context::save_state(&serde_json::json!({ "it": secret }).to_string())?;
        attack.quiet()
    }),
    ("secret-in-pieces", |attack| {
        let secret = &attack.connection()?.password;
        let (first, second) = secret.split_at(9);
        eprint!("err {first}");
        // One line for the host, though two writes for the driver.
        let _ = stderr().flush();
        eprintln!("{second}");
        print!("{first}");
        println!("{second}");
        attack.quiet()
    }),
    ("secret-across-a-long-line", |attack| {
        // The host cuts a line at 8 KiB: in the middle of the secret.
        let secret = &attack.connection()?.password;
        eprintln!("{}{secret}", "x".repeat((8 << 10) - 8));
        attack.quiet()
    }),
    ("secret-across-a-long-error", |attack| {
        // The host cuts an error at 16 KiB: in the middle of the secret.
        let secret = &attack.connection()?.password;
        Err(failure("data", format!("{}{secret}", "x".repeat((16 << 10) - 16))))
    }),
    ("secret-in-error", |attack| Err(failure("auth", told(attack)?))),
    ("secret-in-error-kind", |attack| {
        Err(failure(&attack.connection()?.password, "the kind is the secret"))
    }),
    ("secret-in-panic", |attack| {
        context::panicked(&told(attack)?);
        core::arch::wasm32::unreachable()
    }),
    ("secret-in-breach", |attack| {
        context::event(&attack.connection()?.password, "no JSON");
        attack.quiet()
    }),
    ("secret-in-columns", |attack| {
        let secret = &attack.connection()?.password;
        attack.writer()?.open(&[field(secret, secret)])?;
        attack.quiet()
    }),
    ("secret-in-file-name", |attack| {
        let secret = &attack.connection()?.password;
        let name = format!("{}/{}", context::artifacts_dir(), secret.replace('/', "_"));
        fs::write(&name, secret).map_err(|error| failure("data", error.to_string()))?;
        let missing = fs::read(format!("data/{secret}"));
        let error = missing.map_or_else(|error| error.to_string(), |_| "found".into());
        Err(failure("not-found", format!("data/{secret}: {error}")))
    }),
];

/// The secret in the forms in which it may travel unnoticed.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::json!(secret).to_string();
    let in_ascii: String = json
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
        .collect();
    vec![
        secret.to_owned(),
        in_ascii.replace('/', "\\/"),
        in_ascii.replace("\\u00f6", "\\u00F6"),
        serde_json::json!(in_ascii).to_string(),
        format!("{:?}", secret.as_bytes()),
        format!("<p>{}</p>", secret.replace('"', "&quot;").replace('ö', "&#xF6;")),
        format!("{secret:?}"),
        json,
        serde_json::json!(serde_json::json!(secret).to_string()).to_string(),
        percent.to_lowercase(),
        percent,
        hex.to_uppercase(),
        hex,
        format!("mysql://user:{secret}@host/db"),
    ]
}

fn told(attack: &Attack) -> Result<String, crate::bindings::osiris::driver::types::Error> {
    Ok(forms(&attack.connection()?.password).join(" and "))
}
