//! What looks like a secret, wherever it stands.

/// Keys whose value is a secret whatever the driver, in lower case.
const NAMES: [&str; 19] = [
    "password",
    "passwd",
    "pwd",
    "token",
    "secret",
    "secret_key",
    "service_key",
    "service_role_key",
    "api_key",
    "access_token",
    "refresh_token",
    "auth_token",
    "bearer_token",
    "client_secret",
    "client_key",
    "key",
    "dsn",
    "connection_string",
    "anon_key",
];

/// Whether the value of this key is a secret.
pub(crate) fn is_name(key: &str) -> bool {
    NAMES.contains(&key.to_lowercase().as_str())
}

/// The passwords in a text: what stands like `password` in `scheme://user:password@`.
pub(crate) fn url_passwords(text: &str) -> impl Iterator<Item = &str> {
    text.split("://").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || "/?#'\"".contains(c));
        let (user, _) = rest[..end.unwrap_or(rest.len())].rsplit_once('@')?;
        let (_, password) = user.split_once(':')?;
        (!password.is_empty()).then_some(password)
    })
}
