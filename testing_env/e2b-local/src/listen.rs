//! Listens, and takes each request through its faults to its handler.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{DATE, HOST};
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::fault::{self, Broken, Effect};
use crate::state::State;
use crate::{control, envd, route};

/// The largest request that is read before it is matched with faults, in bytes.
const LARGEST: usize = 16 << 20;

/// A part of the cloud with an address of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plane {
    /// `api.e2b.app`.
    Control,
    /// `sandbox.e2b.app` and the hosts of sandboxes.
    Envd,
}

/// Serves connections for ever.
pub(crate) async fn listen(state: Arc<State>, plane: Plane, listener: TcpListener) {
    let routers = Routers::new(&state);
    loop {
        // An error concerns that connection only.
        if let Ok((stream, _)) = listener.accept().await {
            // Small writes must not wait for each other.
            let _ = stream.set_nodelay(true);
            tokio::spawn(connection(state.clone(), Some(plane), routers.clone(), stream));
        }
    }
}

/// Serves connections to both planes with TLS for ever.
pub(crate) async fn listen_with_tls(state: Arc<State>, listener: TcpListener, tls: TlsAcceptor) {
    let routers = Routers::new(&state);
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let (state, routers, handshake) = (state.clone(), routers.clone(), tls.accept(stream));
            tokio::spawn(async move {
                // A client that does not trust the certificate goes away.
                if let Ok(stream) = handshake.await {
                    connection(state, None, routers, stream).await;
                }
            });
        }
    }
}

/// The handlers of both planes.
#[derive(Debug, Clone)]
struct Routers {
    control: Router,
    envd: Router,
}

impl Routers {
    fn new(state: &Arc<State>) -> Self {
        Self { control: control::router(state.clone()), envd: envd::router(state.clone()) }
    }
}

/// Serves a connection. Without a plane, each request is for that of its host.
async fn connection(
    state: Arc<State>,
    plane: Option<Plane>,
    routers: Routers,
    stream: impl AsyncRead + AsyncWrite + Unpin,
) {
    let mut online = state.online.subscribe();
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let request = request.map(Body::new);
        let plane = plane.unwrap_or_else(|| plane_of(request.headers()));
        let router = match plane {
            Plane::Control => routers.control.clone(),
            Plane::Envd => routers.envd.clone(),
        };
        request_of(state.clone(), plane, router, request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // How a client ends its connection is its own business.
        _ = serving => {}
        _ = online.wait_for(|online| !online) => {}
    }
}

/// The plane of a host.
fn plane_of(headers: &HeaderMap) -> Plane {
    let api = headers.get(HOST).is_some_and(|host| host.as_bytes().starts_with(b"api."));
    if api { Plane::Control } else { Plane::Envd }
}

async fn request_of(
    state: Arc<State>,
    plane: Plane,
    router: Router,
    request: Request,
) -> Result<Response, Broken> {
    let route = route::name(request.method(), request.uri().path());
    state.record.count(&route);
    state.record.log(format!("{} {}", request.method(), request.uri()));
    let (mut request, text) = read(plane, request).await?;
    let effects = state.faults.effects(&route, &text);
    request.extensions_mut().insert(effects.clone());
    if let Some(answer) = fault::before(&effects).await? {
        return Ok(answer);
    }
    for effect in effects.iter() {
        match effect {
            Effect::KillSandbox => envd::kill(&state, request.headers()).await,
            Effect::RestartEnvd => envd::restart(&state, request.headers()),
            Effect::DropThenDo(time) => {
                // The body goes away with the connection.
                let (parts, body) = request.into_parts();
                let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
                tokio::spawn(later(*time, router, Request::from_parts(parts, Body::from(body))));
                return Err(Broken);
            }
            _ => {}
        }
    }
    let request = fault::request_body(&effects, request);
    // What has begun is done even if the client no longer waits for it.
    let result = tokio::spawn(router.oneshot(request)).await.map_err(|_| Broken)?;
    let mut response = fault::answer(&effects, infallible(result)).await?;
    if response.extensions().get::<envd::Crashed>().is_some() {
        return Err(Broken);
    }
    if let Some(date) = state.clock.date() {
        response.headers_mut().insert(DATE, date);
    }
    Ok(response)
}

/// A request whose body is read already if it is a call of envd, and the text
/// that faults look at.
async fn read(plane: Plane, request: Request) -> Result<(Request, String), Broken> {
    let mut text = request.uri().to_string();
    let path = request.uri().path();
    // Input is streamed, files are too.
    if plane != Plane::Envd || !path.contains('.') || path.ends_with("/StreamInput") {
        return Ok((request, text));
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST).await.map_err(|_| Broken)?;
    text.push_str(&String::from_utf8_lossy(&body));
    Ok((Request::from_parts(parts, Body::from(body)), text))
}

async fn later(time: Duration, router: Router, request: Request) {
    tokio::time::sleep(time).await;
    infallible(router.oneshot(request).await);
}

fn infallible(result: Result<Response, Infallible>) -> Response {
    match result {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
