//! The control plane: REST with JSON, for everything but what happens inside a sandbox.

mod body;
mod build;
mod create;
mod detail;
mod error;
mod lifetime;
mod list;
mod metrics;
mod network;
mod templates;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State as Shared};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post, put};

pub(crate) use create::Idempotent;
use error::Error;
pub(crate) use network::Network;
pub(crate) use templates::{Image, Templates};

use crate::options::Versions;
use crate::state::State;

/// The largest body of a request, in bytes.
const LARGEST: usize = 16 << 20;

/// The state, as every handler gets it.
type Server = Shared<Arc<State>>;

/// All routes of the control plane.
pub(crate) fn router(state: Arc<State>) -> Router {
    let mut routes = Router::new()
        .route("/sandboxes", get(list::v1))
        .route("/v2/sandboxes", get(list::v2))
        .route("/sandboxes/metrics", get(metrics::many))
        .route("/sandboxes/{id}", get(detail::get).delete(lifetime::kill))
        .route("/sandboxes/{id}/timeout", post(lifetime::timeout))
        .route("/sandboxes/{id}/refreshes", post(lifetime::refresh))
        .route("/sandboxes/{id}/metrics", get(metrics::one))
        .route("/sandboxes/{id}/pause", post(lifetime::pause))
        .route("/v3/templates", post(build::create))
        .route("/v2/templates/{id}/builds/{build}", post(build::start))
        .route("/templates/{id}/builds/{build}/status", get(build::status))
        .route("/templates/{id}/files/{hash}", get(upload::ask))
        .route("/templates/aliases/{name}", get(templates::alias))
        .route("/templates/{id}", delete(templates::remove));
    if state.options.versions != Versions::V2 {
        routes = routes
            .route("/sandboxes", post(create::v1))
            .route("/sandboxes/{id}/connect", post(lifetime::connect_v1));
    }
    if state.options.versions != Versions::V1 {
        routes = routes
            .route("/v2/sandboxes", post(create::v2))
            .route("/v2/sandboxes/{id}/connect", post(lifetime::connect_v2));
    }
    routes
        .layer(from_fn_with_state(state.clone(), authenticate))
        .route("/health", get(async || StatusCode::NO_CONTENT))
        .layer(DefaultBodyLimit::max(LARGEST))
        .route("/_storage/{hash}/{pass}", put(upload::put))
        .fallback(async || Error::new(StatusCode::NOT_FOUND, "no matching operation was found"))
        .method_not_allowed_fallback(async || {
            Error::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        })
        .with_state(state)
}

/// Lets only requests with the key in.
async fn authenticate(Shared(state): Server, request: Request, next: Next) -> Response {
    let key = request.headers().get("x-api-key");
    if key.is_some_and(|key| key.as_bytes() == state.key.as_bytes()) {
        return next.run(request).await;
    }
    let reason = match key {
        Some(_) => "the key is not known",
        None => "the header X-API-Key is missing",
    };
    let message = format!(
        "Invalid API key, please visit https://e2b.dev/docs/api-key for more information.\n{reason}"
    );
    Error::new(StatusCode::UNAUTHORIZED, message).into_response()
}
