//! Leaks the connection's secret through every output of a driver.

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
            // An event with invalid JSON is named in an error.
        }
        context::save_state(&serde_json::json!({ "it": secret }).to_string())?;
        attack.quiet()
    }),
    ("secret-undeclared", |attack| {
        for (field, value) in &attack.connection()?.more {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            context::log(Level::Warn, &format!("{field} {text}"));
            println!("{field} {text}");
            context::event("undeclared.told", &serde_json::json!({ field: value }).to_string());
        }
        attack.quiet()
    }),
    ("secret-number", |attack| {
        let secret = attack.connection()?.password.clone();
        let number: i64 = secret.parse().map_err(|_| failure("config", "no number"))?;
        let value = |value| context::metric("pin", value, "secrets", &[]);
        value(MetricValue::Integer(number));
        value(MetricValue::Integer(-number));
        value(MetricValue::Float(number as f64));
        value(MetricValue::Float(number as f64 + 0.5));
        value(MetricValue::Integer(10 * number));
        context::metric("honest", MetricValue::Integer(42), "rows", &[]);
        context::event(
            "pin.told",
            &serde_json::json!({"it": number, "list": [number, 7], "real": number as f64})
                .to_string(),
        );
        context::progress(number as u64, Some(number as u64));
        attack.quiet()
    }),
    // Writes a secret into the host's own artifact.
    ("secret-in-the-config", |attack| {
        forge(attack)?;
        attack.quiet()
    }),
    ("secret-in-the-config-of-a-failure", |attack| {
        forge(attack)?;
        Err(failure("data", "after all that"))
    }),
    ("secret-in-the-config-of-a-trap", |attack| {
        forge(attack)?;
        core::arch::wasm32::unreachable()
    }),
    ("secret-in-the-config-as-a-folder", |attack| {
        let secret = &attack.connection()?.password;
        let path = config_path();
        fs::remove_file(&path).map_err(|error| failure("data", error.to_string()))?;
        for path in [path.clone(), format!("{path}.tmp")] {
            fs::create_dir(&path).map_err(|error| failure("data", error.to_string()))?;
            fs::write(format!("{path}/x"), secret)
                .map_err(|error| failure("data", error.to_string()))?;
        }
        attack.quiet()
    }),
    ("secret-in-pieces", |attack| {
        let secret = &attack.connection()?.password;
        let (first, second) = secret.split_at(9);
        eprint!("err {first}");
        // Two writes of the driver, but one line for the host.
        let _ = stderr().flush();
        eprintln!("{second}");
        print!("{first}");
        println!("{second}");
        attack.quiet()
    }),
    ("secret-across-a-long-line", |attack| {
        // The host cuts lines at 8 KiB: in the middle of the secret.
        let secret = &attack.connection()?.password;
        eprintln!("{}{secret}", "x".repeat((8 << 10) - 8));
        attack.quiet()
    }),
    ("secret-across-a-long-error", |attack| {
        // The host cuts errors at 16 KiB: in the middle of the secret.
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

fn config_path() -> String {
    format!("{}/cleaned_config.json", context::artifacts_dir())
}

/// Writes the secret into the host's own artifact, in place and by a rename.
fn forge(attack: &Attack) -> Result<(), crate::bindings::osiris::driver::types::Error> {
    let secret = &attack.connection()?.password;
    let path = config_path();
    let forged = format!("{{\"password\": \"{secret}\"}}");
    let write = || {
        fs::write(&path, &forged)?;
        fs::write(format!("{path}.tmp"), &forged)?;
        fs::rename(format!("{path}.tmp"), &path)
    };
    write().map_err(|error| failure("data", error.to_string()))
}

/// Returns the secret in the encodings in which it could pass unnoticed.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::json!(secret).to_string();
    let in_ascii: String = json
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
        .collect();
    let mut forms = without_malice(secret);
    forms.extend(vec![
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
    ]);
    forms
}

/// Returns the secret in encodings that programs produce without any intent to hide it.
fn without_malice(secret: &str) -> Vec<String> {
    let digits = |between: &str, digits: fn(&u8) -> String| -> String {
        secret.as_bytes().iter().map(digits).collect::<Vec<_>>().join(between)
    };
    let lower: fn(&u8) -> String = |byte| format!("{byte:02x}");
    let decimal: fn(&u8) -> String = |byte| byte.to_string();
    let encoded = base64(secret.as_bytes());
    let mail = base64(format!("From: {secret}, {}", "and more ".repeat(20)).as_bytes());
    let wrapped = |text: &str, width: usize, end: &str| -> String {
        let characters: Vec<char> = text.chars().collect();
        let lines: Vec<String> =
            characters.chunks(width).map(|line| line.iter().collect()).collect();
        lines.join(end)
    };
    let printable = secret.bytes().map(|byte| match byte {
        b'!'..=b'<' | b'>'..=b'~' | b' ' => char::from(byte).to_string(),
        _ => format!("={byte:02X}"),
    });
    let printable: Vec<String> = printable.collect();
    vec![
        // SQL, in single and double quotes.
        format!("VALUES ('{}')", secret.replace('\'', "''")),
        format!("VALUES (\"{}\")", secret.replace('"', "\"\"")),
        secret.to_uppercase(),
        secret.to_ascii_uppercase(),
        secret.to_lowercase(),
        // Hexadecimal, as in dumps, fingerprints and UUIDs.
        digits(":", lower),
        digits(" ", lower),
        digits("-", lower),
        digits(" ", lower).to_uppercase(),
        digits(
            "",
            |byte| if byte % 2 == 0 { format!("{byte:02x}") } else { format!("{byte:02X}") },
        ),
        digits(", ", |byte| format!("0x{byte:02x}")),
        digits(", ", |byte| format!("{byte:#04X}")),
        // Go, Rust, Java, JavaScript.
        format!("[{}]", digits(" ", decimal)),
        format!("{:#?}", secret.as_bytes()),
        format!("[{}]", digits(", ", |byte| byte.cast_signed().to_string())),
        format!("{:?}", secret.chars().map(u32::from).collect::<Vec<_>>()),
        format!("{:#?}", secret.chars().collect::<Vec<_>>()),
        // Base64: in lines as in mail and PEM, encoded twice, and in the URL-safe alphabet.
        encoded.clone(),
        encoded.trim_end_matches('=').to_owned(),
        encoded.replace('+', "-").replace('/', "_"),
        wrapped(&mail, 76, "\r\n"),
        wrapped(&mail, 64, "\n"),
        wrapped(&encoded, 8, "\n    "),
        base64(encoded.as_bytes()),
        base64(format!("x{encoded}").as_bytes()),
        // Quoted-printable, with soft line breaks.
        printable.concat(),
        printable.chunks(7).map(|line| line.concat()).collect::<Vec<_>>().join("=\r\n"),
        // Wrapped as in a terminal, a log or a document.
        wrapped(secret, 7, "\n"),
        wrapped(secret, 5, "\r\n\t"),
        wrapped(secret, 1, " "),
        serde_json::json!({ "wrapped": wrapped(secret, 7, "\n") }).to_string(),
        // Markup.
        secret.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
        secret.replace('"', "&quot;").replace('ö', "&#x00f6;"),
    ]
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |number: u32| DIGITS[(number & 63) as usize] as char;
    let group = |bytes: &[u8]| {
        let number = bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        let number = number << (8 * (3 - bytes.len()));
        let all: String = (0..4).rev().map(|place| digit(number >> (6 * place))).collect();
        format!("{:=<4}", &all[..=bytes.len()])
    };
    bytes.chunks(3).map(group).collect()
}

fn told(attack: &Attack) -> Result<String, crate::bindings::osiris::driver::types::Error> {
    Ok(forms(&attack.connection()?.password).join(" and "))
}
