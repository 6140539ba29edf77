//! Field names that mean a secret, field names that never do, and credentials embedded in text.
//!
//! Three lists decide, and a driver's author cannot shorten any of them:
//! - [`is_secret_key`]: names that are a secret everywhere, including in a pipeline file;
//! - [`is_secret_value_key`]: in addition, fields of a connection with a secret word in their name, such as
//!   `db_pass`, `sasToken` or `private_key`;
//! - [`is_public_key_name`]: fields for addresses and user names, such as `host` or `user`. In every other
//!   field, a value that comes from a variable is a secret.

/// Keys whose value is a secret for every driver, in lower case.
const SECRET_KEYS: [&str; 19] = [
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

/// Parts of a name that mean a secret if they are a whole word.
const SECRET_WORDS: [&str; 25] = [
    "auth",
    "bearer",
    "cookie",
    "cred",
    "creds",
    "credential",
    "credentials",
    "dsn",
    "jwt",
    "key",
    "keys",
    "otp",
    "pass",
    "pat",
    "pin",
    "private",
    "psk",
    "pw",
    "pwd",
    "salt",
    "sas",
    "sig",
    "signature",
    "totp",
    "webhook",
];

/// Parts of a word that mean a secret at any position in the word.
const SECRET_STEMS: [&str; 13] = [
    "accesskey",
    "apikey",
    "authkey",
    "connectionstring",
    "credential",
    "passcode",
    "passphrase",
    "passw",
    "privatekey",
    "secret",
    "signingkey",
    "storagekey",
    "token",
];

/// Words that contain a stem or a secret word and mean something else.
const HARMLESS_WORDS: [&str; 12] = [
    "author",
    "authority",
    "authors",
    "bypass",
    "compass",
    "keyspace",
    "keyword",
    "keywords",
    "passive",
    "secretary",
    "tokenizer",
    "tokens",
];

/// Last parts of a name that describe a secret without being one, as in `token_url`, `key_file`
/// or `auth_type`.
const ABOUT: [&str; 55] = [
    "algorithm",
    "attempts",
    "cache",
    "column",
    "columns",
    "count",
    "database",
    "db",
    "dir",
    "directory",
    "domain",
    "enabled",
    "expires",
    "expiry",
    "field",
    "fields",
    "file",
    "filename",
    "folder",
    "format",
    "host",
    "hostname",
    "length",
    "lifetime",
    "limit",
    "mechanism",
    "method",
    "mode",
    "name",
    "order",
    "path",
    "plugin",
    "policy",
    "port",
    "prefix",
    "provider",
    "realm",
    "region",
    "required",
    "schema",
    "scheme",
    "scope",
    "scopes",
    "server",
    "size",
    "source",
    "suffix",
    "table",
    "timeout",
    "ttl",
    "type",
    "uri",
    "url",
    "user",
    "username",
];

/// Words before `key` that mean a key of a table.
const TABLE_KEYS: [&str; 17] = [
    "business",
    "cluster",
    "clustering",
    "composite",
    "cursor",
    "dedup",
    "foreign",
    "group",
    "index",
    "join",
    "merge",
    "natural",
    "order",
    "partition",
    "primary",
    "sort",
    "unique",
];

/// Last parts of a name whose value is an address, a place or a user.
const PUBLIC: [&str; 78] = [
    "account",
    "addr",
    "address",
    "authority",
    "author",
    "broker",
    "brokers",
    "bucket",
    "catalog",
    "charset",
    "cluster",
    "collection",
    "container",
    "database",
    "databases",
    "dataset",
    "db",
    "dbname",
    "dir",
    "directory",
    "domain",
    "encoding",
    "endpoint",
    "env",
    "environment",
    "file",
    "filename",
    "folder",
    "host",
    "hostname",
    "hosts",
    "index",
    "instance",
    "ip",
    "keyspace",
    "locale",
    "location",
    "name",
    "namespace",
    "node",
    "nodes",
    "org",
    "organization",
    "owner",
    "path",
    "port",
    "ports",
    "profile",
    "project",
    "protocol",
    "proto",
    "queue",
    "realm",
    "region",
    "role",
    "schema",
    "schemas",
    "scheme",
    "server",
    "servers",
    "service",
    "site",
    "stage",
    "table",
    "tables",
    "tenant",
    "timezone",
    "topic",
    "topics",
    "tz",
    "uri",
    "url",
    "urls",
    "user",
    "username",
    "version",
    "warehouse",
    "workspace",
];

/// Words that mean a public value before a last part `id`.
const PUBLIC_IDS: [&str; 9] =
    ["account", "app", "application", "client", "org", "organization", "project", "tenant", "user"];

/// Parts of a name whose value is an amount or a duration.
const QUANTITIES: [&str; 38] = [
    "age",
    "attempts",
    "batch",
    "buffer",
    "bytes",
    "chunk",
    "concurrency",
    "connections",
    "count",
    "days",
    "delay",
    "depth",
    "hours",
    "interval",
    "level",
    "limit",
    "max",
    "min",
    "minutes",
    "ms",
    "page",
    "parallelism",
    "pause",
    "pool",
    "rate",
    "retries",
    "rows",
    "seconds",
    "size",
    "threads",
    "time",
    "timeout",
    "tries",
    "ttl",
    "wait",
    "weight",
    "window",
    "workers",
];

/// Returns whether the value of this key is a secret everywhere.
pub fn is_secret_key(key: &str) -> bool {
    SECRET_KEYS.contains(&key.to_lowercase().as_str())
}

/// Returns whether the value of this field of a connection is a secret, by its whole name or by a
/// part of the name.
pub fn is_secret_value_key(key: &str) -> bool {
    if is_secret_key(key) {
        return true;
    }
    let words = words(key);
    let Some((last, before)) = words.split_last() else { return false };
    let is_table_key = matches!(last.as_str(), "key" | "keys")
        && before.last().is_some_and(|word| TABLE_KEYS.contains(&word.as_str()));
    let is_about = !before.is_empty() && ABOUT.contains(&last.as_str());
    // Matches `primarykey` like `primary_key`.
    let is_joined_key = TABLE_KEYS.iter().any(|first| last.strip_prefix(first) == Some("key"));
    !is_table_key && !is_about && !is_joined_key && words.iter().any(|word| is_secret_word(word))
}

/// Returns whether the value of this field is public, even if it came from a variable.
pub fn is_public_key_name(key: &str) -> bool {
    let words = words(key);
    let Some((last, before)) = words.split_last() else { return false };
    let is_id =
        last == "id" && before.last().is_some_and(|word| PUBLIC_IDS.contains(&word.as_str()));
    !is_secret_value_key(key) && (PUBLIC.contains(&last.as_str()) || is_id)
}

/// Returns whether a number in this field is an amount or a duration and not a secret.
pub fn is_quantity(key: &str) -> bool {
    !is_secret_value_key(key) && words(key).iter().any(|word| QUANTITIES.contains(&word.as_str()))
}

fn is_secret_word(word: &str) -> bool {
    if HARMLESS_WORDS.contains(&word) {
        return false;
    }
    SECRET_WORDS.contains(&word)
        || SECRET_STEMS.iter().any(|stem| word.contains(stem))
        // Matches `dbpass` and `accountkey`.
        || word.len() > 5 && (word.ends_with("pass") || word.ends_with("pwd"))
        || word.len() > 6 && word.ends_with("key") && word != "monkey" && word != "turkey"
}

/// Splits a name into lower-case words: `storageAccountKey`, `storage-account-key` and
/// `STORAGE_ACCOUNT_KEY` give the same three.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        let ends_acronym = before.is_uppercase()
            && character.is_uppercase()
            && characters.peek().is_some_and(|next| next.is_lowercase());
        let begins = character.is_uppercase() && !before.is_uppercase() || ends_acronym;
        if !character.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the passwords in a text, each the `password` of `scheme://user:password@`.
pub fn url_passwords(text: &str) -> impl Iterator<Item = &str> {
    text.split("://").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || "/?#'\"".contains(c));
        let (user, _) = rest[..end.unwrap_or(rest.len())].rsplit_once('@')?;
        let (_, password) = user.split_once(':')?;
        (!password.is_empty()).then_some(password)
    })
}

/// Returns all credentials in a text: passwords of URLs, and the `value` of `password=value`,
/// `&sig=value` or `Pwd=value;`.
pub fn embedded(text: &str) -> impl Iterator<Item = &str> {
    let pairs = text.split(|c: char| c.is_whitespace() || ";&?,".contains(c));
    let values = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = value.trim_matches(['\'', '"', '{', '}']);
        (is_secret_value_key(name) && !value.is_empty()).then_some(value)
    });
    url_passwords(text).chain(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_words_in_key_names_are_recognized() {
        for name in [
            "pass",
            "db_pass",
            "dbpass",
            "passphrase",
            "sas",
            "sasToken",
            "SAS_TOKEN",
            "private_key",
            "privateKey",
            "account-key",
            "storageAccountKey",
            "apikey",
            "X-API-Key",
            "authToken",
            "credentials",
            "aws_secret_access_key",
            "secretsauce",
            "hmac_signature",
            "userPwd",
            "pw",
            "auth",
            "webhook",
            "KEY",
            "pin",
            "salt",
            "session_token",
        ] {
            assert!(is_secret_value_key(name), "{name}");
            assert!(!is_public_key_name(name), "{name}");
        }
    }

    #[test]
    fn similar_key_names_are_not_secret() {
        for name in [
            "primary_key",
            "primaryKey",
            "primarykey",
            "partition_key",
            "key_columns",
            "merge_keys",
            "author",
            "authority",
            "tokenizer",
            "max_tokens",
            "keyspace",
            "auth_type",
            "auth_source",
            "token_url",
            "key_file",
            "private_key_path",
            "compass",
            "monkey",
            "host",
            "user",
            "secret_name",
            "token_ttl",
            "bypass",
            "",
        ] {
            assert!(!is_secret_value_key(name), "{name}");
        }
    }

    #[test]
    fn location_and_user_keys_are_public() {
        for name in [
            "host",
            "db_host",
            "DB_HOST",
            "hostname",
            "port",
            "user",
            "userName",
            "database",
            "schema",
            "region",
            "url",
            "baseUrl",
            "path",
            "s3_bucket",
            "account",
            "project_id",
            "client_id",
            "token_url",
            "key_file",
        ] {
            assert!(is_public_key_name(name), "{name}");
        }
        for name in ["timeout", "batch_size", "maxRetries", "pool"] {
            assert!(is_quantity(name) && !is_public_key_name(name), "{name}");
        }
        assert!(!is_quantity("pin") && !is_quantity("max_token"));
        for name in ["pass", "pin", "value", "session_id", "header", "x", "user_pass", "id", ""] {
            assert!(!is_public_key_name(name), "{name}");
        }
    }

    #[test]
    fn credentials_are_found_in_urls_and_connection_strings() {
        for (text, found) in [
            ("postgres://u:pw@h/d", &["pw"][..]),
            ("Server=h;Uid=u;Pwd=x y;", &["x"]),
            ("host=h password='pw' user=u", &["pw"]),
            ("https://h/x?sv=1&sig=abc%3D&se=2", &["abc%3D"]),
            ("https://h/x?api_key=abc", &["abc"]),
            ("a=b, c=d", &[]),
        ] {
            assert_eq!(embedded(text).collect::<Vec<_>>(), found, "{text}");
        }
    }
}
