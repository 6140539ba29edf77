//! Names of routes, for counters and faults.

use axum::http::Method;

/// The name of a request's route: its method and path, with `{id}` for what
/// names a sandbox, a template, a file of it or a build.
pub(crate) fn name(method: &Method, path: &str) -> String {
    let mut route = String::new();
    let mut before = "";
    for part in path.split('/').skip(1) {
        let of_many = matches!(before, "sandboxes" | "templates" | "files" | "builds");
        let fixed = matches!(part, "metrics" | "compose");
        route.push('/');
        route.push_str(if of_many && !fixed { "{id}" } else { part });
        before = part;
    }
    format!("{method} {route}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_names_omit_ids() {
        let route = |path| name(&Method::POST, path);
        assert_eq!(route("/v2/sandboxes"), "POST /v2/sandboxes");
        assert_eq!(route("/sandboxes/iabc/timeout"), "POST /sandboxes/{id}/timeout");
        assert_eq!(route("/files"), "POST /files");
        assert_eq!(route("/files/compose"), "POST /files/compose");
        assert_eq!(route("/v2/templates/t/builds/b"), "POST /v2/templates/{id}/builds/{id}");
        assert_eq!(route("/process.Process/Start"), "POST /process.Process/Start");
    }
}
