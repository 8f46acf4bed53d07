//! The same on a socket of this computer's file system, which other machines cannot reach.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::serve::IncomingStream;
use tokio::net::UnixListener;

use super::Shared;
use super::answer::answer;
use crate::emulator::emulated::Emulated;
use dayfly::ports::Clock;

/// Serves a state machine on a socket until the future is dropped. Nothing is done in it by
/// itself: it is for one that has no deadlines. The path must not exist yet.
///
/// # Errors
/// The socket cannot be made.
pub fn serve<E: Emulated + Send + 'static>(
    shared: Shared<E>,
    path: PathBuf,
    clock: impl Clock + Clone + Send + Sync + 'static,
) -> io::Result<impl Future<Output = ()> + Send> {
    let listener = UnixListener::bind(path)?;
    // Whoever is behind a socket has no address.
    let peer = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let services = tower::service_fn(move |_: IncomingStream<'_, UnixListener>| {
        let (shared, clock) = (shared.clone(), clock.clone());
        let service = tower::service_fn(move |request: Request| {
            let (shared, clock) = (shared.clone(), clock.clone());
            async move {
                let answered = answer(shared, clock, peer, request).await;
                Ok::<_, Infallible>(answered.unwrap_or_else(|_| broken()))
            }
        });
        std::future::ready(Ok::<_, Infallible>(service))
    });
    Ok(async move {
        if let Err(error) = axum::serve(listener, services).await {
            tracing::error!(%error, "a socket is not served any more");
        }
    })
}

fn broken() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
