//! Envd of all sandboxes: REST for files, Connect-RPC for processes and folders.

mod compose;
mod edge;
mod entry;
mod error;
mod filesystem;
mod input;
mod path;
mod process;
mod read;
mod rpc;
mod sign;
mod stream;
mod write;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::header::CACHE_CONTROL;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::decompression::RequestDecompressionLayer;

pub(crate) use edge::{kill, restart};
pub(crate) use error::Crashed;

use crate::sandbox::Sandbox;
use crate::state::State;

/// The sandbox that a request is for.
type This = Extension<Arc<Sandbox>>;

/// All routes of envd.
pub(crate) fn router(state: Arc<State>) -> Router {
    let inflate = RequestDecompressionLayer::new().pass_through_unaccepted(true);
    let deflate = CompressionLayer::new().compress_when(SizeAbove::new(0));
    Router::new()
        .route("/health", get(async || (StatusCode::NO_CONTENT, [(CACHE_CONTROL, "no-store")])))
        .route("/files", get(read::get).layer(deflate).merge(post(write::post).layer(inflate)))
        .route("/files/compose", post(compose::post))
        .route("/metrics", get(process::metrics))
        .route("/envs", get(process::variables))
        .route("/process.Process/List", post(process::list))
        .route("/process.Process/Start", post(process::start))
        .route("/process.Process/Connect", post(process::connect))
        .route("/process.Process/SendSignal", post(process::signal))
        .route("/process.Process/SendInput", post(input::send))
        .route("/process.Process/StreamInput", post(input::stream))
        .route("/process.Process/CloseStdin", post(input::close))
        .route("/filesystem.Filesystem/Stat", post(filesystem::stat))
        .route("/filesystem.Filesystem/MakeDir", post(filesystem::make))
        .route("/filesystem.Filesystem/Move", post(filesystem::rename))
        .route("/filesystem.Filesystem/ListDir", post(filesystem::list))
        .route("/filesystem.Filesystem/Remove", post(filesystem::remove))
        .fallback(async |_: Uri| (StatusCode::NOT_FOUND, "404 page not found\n").into_response())
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(state.clone(), edge::route))
        .with_state(state)
}
