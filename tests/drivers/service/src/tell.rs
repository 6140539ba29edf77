//! Leaks secrets, in every encoding and through every output.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use osiris_sdk::{Context, Level, Result};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

/// Leaks every secret.
pub(crate) fn everybody(ctx: &Context, secrets: &[&str]) -> Result<()> {
    for secret in secrets {
        for form in forms(secret) {
            for level in [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error] {
                ctx.log(level, format!("it is {form}"));
            }
            println!("out {form}");
            eprintln!("err {form}");
            ctx.event("secret.told", &json!({"it": form, form.as_str(): [{"is": form}]}));
            ctx.event(&format!("secret.{form}"), &json!({}));
            ctx.metric(&form, 1i64, "rows", &[(form.as_str(), form.as_str())]);
        }
    }
    Ok(())
}

fn forms(secret: &str) -> Vec<String> {
    let base64 = |text: String| STANDARD.encode(text);
    vec![
        secret.to_owned(),
        json!(secret).to_string(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string().to_lowercase(),
        format!("mysql://user:{secret}@host/db"),
        base64(secret.to_owned()),
        base64(format!("user:{secret}")),
        base64(format!("u:{secret}!")),
    ]
}
