//! Lets the effects of faults happen to requests and answers.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use axum::response::Response;

use super::body::{cut, flip};
use super::{Answer, Effect};

/// A connection is dropped on purpose.
#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is dropped on purpose")
    }
}

impl std::error::Error for Broken {}

/// The effects on a request, in the order in which the faults were armed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effects(pub(super) Arc<[Effect]>);

impl Effects {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Effect> {
        self.0.iter()
    }

    /// After how many bytes of an upload the disk is full.
    pub(crate) fn disk_full(&self) -> Option<usize> {
        self.iter().find_map(|effect| match effect {
            Effect::DiskFull(after) => Some(*after),
            _ => None,
        })
    }
}

/// Applies the effects that come before the handler. Returns an answer that
/// replaces the handler's, if an effect has one.
pub(crate) async fn before(effects: &Effects) -> Result<Option<Response>, Broken> {
    for effect in effects.iter() {
        match effect {
            Effect::Delay(time) => tokio::time::sleep(*time).await,
            Effect::Drop => return Err(Broken),
            Effect::Answer(answer) => return Ok(Some(build_response(answer))),
            _ => {}
        }
    }
    Ok(None)
}

/// The body of a request as far as it arrives.
pub(crate) fn request_body(effects: &Effects, request: Request) -> Request {
    effects.iter().fold(request, |request, effect| match effect {
        Effect::CutUpload(after) => {
            let (mut parts, body) = request.into_parts();
            // The body no longer is that long.
            parts.headers.remove(CONTENT_LENGTH);
            Request::from_parts(parts, cut(body, *after))
        }
        _ => request,
    })
}

/// Applies the effects on the handler's answer.
pub(crate) async fn answer(effects: &Effects, mut response: Response) -> Result<Response, Broken> {
    for effect in effects.iter() {
        match effect {
            Effect::DelayAnswer(time) => tokio::time::sleep(*time).await,
            Effect::DropDone | Effect::CutUpload(_) => return Err(Broken),
            Effect::AnswerDone(answer) => response = build_response(answer),
            Effect::CutAnswer(after) => response = response.map(|body| cut(body, *after)),
            Effect::FlipByte(at) => response = response.map(|body| flip(body, *at)),
            _ => {}
        }
    }
    Ok(response)
}

fn build_response(answer: &Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body.clone()));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        // A header that cannot be sent is a mistake of the test, which then misses it.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
