//! Links to files that need no token.

use axum::http::{HeaderMap, Method};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// Checks that a request for a file carries the token or a signature that allows it.
pub(super) fn check(
    method: &Method,
    query: &str,
    headers: &HeaderMap,
    token: &str,
    now: Timestamp,
) -> Result<(), &'static str> {
    if let Some(header) = headers.get("x-access-token") {
        let same = header.as_bytes() == token.as_bytes();
        return same.then_some(()).ok_or("access token present in header but does not match");
    }
    let value = |key: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
    };
    let signature = value("signature").ok_or("missing signature query parameter")?;
    let operation = if method == Method::GET { "read" } else { "write" };
    let path = value("path").unwrap_or_default();
    let user = value("username").unwrap_or_default();
    let mut payload = format!("{path}:{operation}:{user}:{token}");
    let expiration = value("signature_expiration");
    if let Some(expiration) = &expiration {
        payload.push_str(&format!(":{expiration}"));
    }
    if signature != format!("v1_{}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(payload))) {
        return Err("invalid signature");
    }
    match expiration.and_then(|expiration| expiration.parse::<i64>().ok()) {
        Some(expiration) if expiration < now.as_second() => Err("signature is already expired"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str =
        "path=/etc/hostname&signature=v1_3US9i8r1aKsR%2BD1DTlzUrx/JH1r1evlk8bJ4X6kasLI";

    #[test]
    fn envd_url_signatures_are_verified() {
        let check =
            |method, query| check(&method, query, &HeaderMap::new(), "tok123", Timestamp::now());
        assert_eq!(check(Method::GET, QUERY), Ok(()));
        assert_eq!(check(Method::POST, QUERY), Err("invalid signature"));
        assert_eq!(check(Method::GET, "path=/x"), Err("missing signature query parameter"));
    }
}
