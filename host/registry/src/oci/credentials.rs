//! The user's logins to registries.

use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError as Missing, DockerCredential};
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use reqwest::header::HeaderValue;

/// The variable with the only registry that gets the login of the other two variables.
pub const REGISTRY: &str = "OSIRIS_REGISTRY";
const USER: &str = "OSIRIS_REGISTRY_USER";
const PASSWORD: &str = "OSIRIS_REGISTRY_PASSWORD";
/// The variables of the login.
pub const LOGIN: [&str; 2] = [USER, PASSWORD];

/// A user name and a password. `Debug` shows neither.
#[derive(Clone)]
pub struct Login {
    user: String,
    password: String,
}

impl Login {
    /// Returns the login for a registry: from the environment, otherwise from Docker's
    /// configuration and its helpers.
    ///
    /// # Errors
    /// Returns an error if the login cannot be used.
    pub fn find(registry: &str, get: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        if let Some(user) = get(USER) {
            let Some(own) = get(REGISTRY) else {
                let problem = Diagnostic::new(
                    Code::LoginFailed,
                    format!("`{USER}` is set, but `{REGISTRY}` is not"),
                );
                return Err(Error::environment(
                    problem.help(format!("run `export {REGISTRY}={registry}`")),
                ));
            };
            if own == registry {
                let password = get(PASSWORD).ok_or_else(|| {
                    let problem = Diagnostic::new(
                        Code::LoginFailed,
                        format!("`{USER}` is set, but `{PASSWORD}` is not"),
                    );
                    Error::environment(problem.help(format!("run `export {PASSWORD}=...`")))
                })?;
                return Ok(Some(Self { user, password }));
            }
        }
        if !has_docker() {
            return Ok(None);
        }
        // Docker Hub is stored under its oldest address.
        let server = match registry {
            "docker.io" | "registry-1.docker.io" => "https://index.docker.io/v1/",
            other => other,
        };
        match docker_credential::get_credential(server) {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                Ok(Some(Self { user, password }))
            }
            Ok(DockerCredential::IdentityToken(_)) => {
                Err(unusable(registry, "identity tokens are not supported"))
            }
            Err(Missing::NoCredentialConfigured | Missing::ConfigNotFound) => Ok(None),
            // The output of a helper can contain a secret.
            Err(Missing::HelperFailure { helper, .. }) => {
                // Helpers also report an unknown registry this way.
                tracing::debug!("{helper} has no login for {registry}");
                Ok(None)
            }
            Err(error) => Err(unusable(registry, &error.to_string())),
        }
    }

    /// Returns the value for HTTP basic authentication.
    pub(super) fn basic(&self) -> Option<HeaderValue> {
        use base64::Engine as _;
        let pair = format!("{}:{}", self.user, self.password);
        let text = base64::engine::general_purpose::STANDARD.encode(pair);
        sensitive(&format!("Basic {text}"))
    }
}

/// Returns whether Docker has a configuration. The library does not distinguish a missing one
/// from a broken one.
fn has_docker() -> bool {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
    folder.or_else(home).is_some_and(|folder| folder.join("config.json").exists())
}

/// Returns a header value that `Debug` output hides. Returns `None` if the text is not a valid
/// header value.
pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn unusable(registry: &str, reason: &str) -> Error {
    let message = format!("cannot use docker's login for {registry}: {reason}");
    let help =
        format!("run `docker login {registry}`, or set `{REGISTRY}`, `{USER}` and `{PASSWORD}`");
    Error::environment(Diagnostic::new(Code::LoginFailed, message).help(help))
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_login_is_used_only_for_its_registry() {
        let find = |registry: &str, set: &[(&str, &str)]| {
            Login::find(registry, |name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let all = [(REGISTRY, "a.example:5000"), (USER, "me"), (PASSWORD, "hunter2")];
        let login = find("a.example:5000", &all).unwrap().unwrap();
        assert_eq!(login.basic().unwrap(), "Basic bWU6aHVudGVyMg==");
        assert!(!format!("{login:?} {:?}", login.basic()).contains("hunter2"));
        assert!(find("b.example", &all).unwrap().is_none());
        assert!(find("a.example:5000", &all[1..]).unwrap_err().to_string().contains(REGISTRY));
        assert!(find("a.example:5000", &all[..2]).unwrap_err().to_string().contains(PASSWORD));
    }
}
