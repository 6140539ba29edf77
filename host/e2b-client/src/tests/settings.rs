use osiris_core::variable::Variable;

use super::super::error::{Error, Kind};
use super::{ID, KEY, Settings};

fn read(pairs: &[(&str, &str)]) -> Result<Settings, Error> {
    Settings::from(|name| {
        let pair = pairs.iter().find(|(key, _)| *key == name);
        pair.map(|(_, value)| Variable { value: (*value).to_owned(), file: None })
    })
}

/// Origin of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Exported,
    File(&'static str),
}

#[test]
fn key_is_used_only_with_an_address_of_the_same_origin() {
    use Origin::{Exported, File};
    let table = [
        (Exported, Exported, true),
        (Exported, File("/project/.env"), false),
        (File("/project/.env"), File("/project/.env"), true),
        (File("/project/.env"), Exported, true),
        (File("/home/.env"), File("/project/.env"), false),
        (File("/project/.env"), File("/home/.env"), false),
    ];
    for (key, address, is_allowed) in table {
        for name in ["E2B_API_URL", "E2B_SANDBOX_URL", "E2B_DOMAIN"] {
            let value = if name == "E2B_DOMAIN" { "x.org" } else { "https://x.org" };
            let settings = Settings::from(|variable| {
                let (value, origin) = match variable {
                    "E2B_API_KEY" => (KEY, key),
                    variable if variable == name => (value, address),
                    _ => return None,
                };
                let file = match origin {
                    Exported => None,
                    File(path) => Some(path.into()),
                };
                Some(Variable { value: value.to_owned(), file })
            });
            assert_eq!(settings.is_ok(), is_allowed, "{name} {address:?}, the key {key:?}");
            if let Err(error) = settings {
                assert_eq!(error.kind, Kind::Auth);
                assert!(error.message.contains(name), "{error}");
                assert!(!error.message.contains(KEY), "{error}");
            }
        }
    }
}

fn good(pairs: &[(&str, &str)]) -> Settings {
    read(&[&[("E2B_API_KEY", KEY)], pairs].concat()).unwrap()
}

fn bad(pairs: &[(&str, &str)]) -> Error {
    let error = read(&[&[("E2B_API_KEY", KEY)], pairs].concat()).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid, "{error}");
    error
}

fn envd(settings: &Settings, domain: Option<&str>) -> String {
    settings.envd(ID, domain).unwrap().to_string()
}

#[test]
fn defaults_apply_with_only_a_key() {
    let settings = good(&[]);
    assert_eq!(settings.api_url(), "https://api.e2b.app");
    assert_eq!(settings.api_host(), "api.e2b.app");
    assert_eq!(envd(&settings, None), "https://sandbox.e2b.app/");
    assert_eq!(envd(&settings, Some("e2b.dev")), "https://sandbox.e2b.dev/");
    assert_eq!(envd(&good(&[("E2B_DOMAIN", "")]), None), "https://sandbox.e2b.app/");
}

#[test]
fn custom_domain_has_a_host_per_sandbox() {
    let settings = good(&[("E2B_DOMAIN", "e2b.example.org")]);
    assert_eq!(settings.api_url(), "https://api.e2b.example.org");
    assert_eq!(envd(&settings, None), format!("https://49983-{ID}.e2b.example.org/"));
    assert_eq!(envd(&settings, Some("x.net")), format!("https://49983-{ID}.x.net/"));
    assert_eq!(settings.envd(ID, Some("x.net/?a=")).unwrap_err().kind, Kind::Invalid);
}

#[test]
fn explicit_urls_are_used_unchanged() {
    let settings = good(&[
        ("E2B_API_URL", "http://127.0.0.1:3000"),
        ("E2B_SANDBOX_URL", "http://[::1]:49983/envd/"),
    ]);
    assert_eq!(settings.api_url(), "http://127.0.0.1:3000");
    assert_eq!(envd(&settings, Some("e2b.dev")), "http://[::1]:49983/envd/");
}

#[test]
fn plain_http_is_allowed_only_on_loopback() {
    for url in ["http://localhost:1", "http://127.8.9.1", "http://[::1]", "https://x.org"] {
        good(&[("E2B_API_URL", url), ("E2B_SANDBOX_URL", url)]);
    }
    for url in
        ["http://x.org", "http://127.0.0.1.x.org", "http://localhost.x.org", "http://0.0.0.0"]
    {
        assert!(bad(&[("E2B_API_URL", url)]).message.contains("https"));
        bad(&[("E2B_SANDBOX_URL", url)]);
    }
}

#[test]
fn invalid_urls_and_domains_are_rejected() {
    for url in
        ["x", "ftp://x.org", "https://", "https://a:b@x.org", "https://x.org/?a", "https://x#"]
    {
        assert!(bad(&[("E2B_API_URL", url)]).message.contains("E2B_API_URL"), "{url}");
    }
    for domain in ["https://x.org", "x.org/y", "x y", "a@b", ".x", "x:1"] {
        assert!(bad(&[("E2B_DOMAIN", domain)]).message.contains("E2B_DOMAIN"), "{domain}");
    }
}

#[test]
fn missing_key_error_says_how_to_get_one() {
    for pairs in [&[][..], &[("E2B_API_KEY", " ")]] {
        let error = read(pairs).unwrap_err();
        assert_eq!(error.kind, Kind::Auth);
        assert!(error.message.contains("https://e2b.dev/dashboard"), "{error}");
    }
    let error = read(&[("E2B_API_KEY", "e2b_secret\nX: y")]).unwrap_err();
    assert_eq!(error.kind, Kind::Auth);
    assert!(!error.message.contains("secret"), "{error}");
}

#[test]
fn debug_output_hides_key_and_token() {
    let settings = good(&[]);
    assert!(!format!("{settings:?}").contains(KEY));
    let sandbox = super::sandbox("0.6.13");
    assert!(!format!("{sandbox:?}").contains(super::TOKEN));
}
