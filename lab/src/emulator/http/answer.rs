//! One request: read it whole, ask the state machine, and deliver the answer as it says.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, LOCATION, USER_AGENT};
use axum::http::{self, HeaderName, HeaderValue, StatusCode};

use super::{Shared, date};
use crate::emulator::emulated::Emulated;
use crate::emulator::message::{Delivery, Request, Response};
use dayfly::ports::Clock;

/// More than any request of the protocols: the log server takes 16 MiB in all.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Names the operation where AWS speaks JSON.
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// A session of a machine's metadata service.
const METADATA_TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
/// How long such a session shall last.
const METADATA_TOKEN_TTL: HeaderName =
    HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// Answers one request; an error closes the connection instead.
pub(super) async fn answer<E, B>(
    shared: Shared<E>,
    clock: impl Clock,
    peer: SocketAddr,
    request: http::Request<B>,
) -> io::Result<http::Response<Body>>
where
    E: Emulated,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let request = read(peer, request).await?;
    let response = shared.lock().handle(&request, clock.now());
    shared.ring();
    match response.delivery {
        Delivery::Prompt => {}
        Delivery::Delayed(delay) => tokio::time::sleep(delay).await,
        Delivery::Dropped => return Err(io::ErrorKind::ConnectionAborted.into()),
        Delivery::BlackHole => pending::<()>().await,
    }
    let mut answer = written(response);
    let offset = shared.date_offset_seconds();
    // Without an offset the server writes the header itself.
    if offset != 0
        && let Ok(date) = HeaderValue::from_str(&date::written(date::shifted(clock.now(), offset)))
    {
        answer.headers_mut().insert(DATE, date);
    }
    Ok(answer)
}

async fn read<B>(peer: SocketAddr, request: http::Request<B>) -> io::Result<Request>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (head, body) = request.into_parts();
    let header = |name: HeaderName| {
        head.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let body = to_bytes(Body::new(body), BODY_BYTES_MAX)
        .await
        .map_err(io::Error::other)?;
    Ok(Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header(AUTHORIZATION),
        target: header(TARGET),
        user_agent: header(USER_AGENT),
        metadata_token: header(METADATA_TOKEN),
        metadata_token_ttl: header(METADATA_TOKEN_TTL),
        client_address: peer.ip().to_string(),
        body: body.to_vec(),
    })
}

fn written(response: Response) -> http::Response<Body> {
    let mut written = http::Response::new(Body::from(response.body));
    *written.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !response.content_type.is_empty() {
        let value = HeaderValue::from_static(response.content_type);
        written.headers_mut().insert(CONTENT_TYPE, value);
    }
    let location = response
        .location
        .and_then(|text| HeaderValue::from_str(&text).ok());
    if let Some(location) = location {
        written.headers_mut().insert(LOCATION, location);
    }
    written
}
