//! Serves an emulated hub on a port, over TLS 1.3 with a certificate authority made at start.
//!
//! This is the emulator's one effect: it reads the clock, moves bytes, and lets answers be late,
//! lost or never come, as their `Delivery` says. What is not here: anything that the hub decides.

mod answer;
pub mod tls;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum_server::Handle;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::answer::answer;
use self::tls::{Authority, TlsError};
use super::hub::Hub;
use crate::model::time::Timestamp;
use crate::ports::Clock;

/// How long [`Server::shutdown`] waits for answers that are on their way.
const GRACE: Duration = Duration::from_secs(1);

/// How a hub is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTPS, TLS 1.3 and nothing older.
    Tls,
    /// Plain HTTP, for a client that was told so.
    Plain,
}

/// Why a hub cannot be served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The port cannot be used.
    #[error("the port cannot be served")]
    Listen(#[source] io::Error),
    /// No certificate could be made.
    #[error("no certificate can be made")]
    Tls(#[from] TlsError),
}

/// A hub that is being served. When this is dropped, the port and every connection are closed.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    authority: Option<Authority>,
    shared: Shared,
    /// Reaches the connections too, which are tasks of their own.
    handle: Handle<SocketAddr>,
    listening: JoinSet<()>,
    _background: JoinSet<()>,
}

/// The hub behind a lock, and a bell that rings whenever something in it may have changed.
#[derive(Clone, Debug)]
pub struct Shared {
    hub: Arc<Mutex<Hub>>,
    bell: watch::Sender<()>,
}

impl Shared {
    /// Shares a hub.
    pub fn new(hub: Hub) -> Self {
        Self {
            hub: Arc::new(Mutex::new(hub)),
            bell: watch::Sender::new(()),
        }
    }

    /// The hub itself. It is a plain state machine: a panic in a request leaves it usable.
    pub fn lock(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings the bell; whoever changes the hub from outside does so.
    pub fn ring(&self) {
        self.bell.send_replace(());
    }

    /// Hears the bell from now on.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }
}

impl Server {
    /// Serves a hub on a listener until the result is dropped. The hub learns its address.
    /// Has to be called within a tokio runtime.
    pub fn start(
        shared: Shared,
        listener: TcpListener,
        transport: Transport,
        clock: impl Clock + Clone + Send + Sync + 'static,
    ) -> Result<Self, ServeError> {
        listener.set_nonblocking(true).map_err(ServeError::Listen)?;
        let address = listener.local_addr().map_err(ServeError::Listen)?;
        let handle = Handle::new();
        let (mut listening, mut background) = (JoinSet::new(), JoinSet::new());
        let handler = shared.clone();
        let tick_clock = clock.clone();
        let services = tower::service_fn(move |peer: SocketAddr| {
            let (shared, clock, peer) = (handler.clone(), clock.clone(), peer);
            let service = tower::service_fn(move |request| {
                answer(shared.clone(), clock.clone(), peer, request)
            });
            std::future::ready(Ok::<_, std::convert::Infallible>(service))
        });
        let (scheme, authority) = match transport {
            Transport::Plain => {
                let server = axum_server::from_tcp(listener).map_err(ServeError::Listen)?;
                let server = server.handle(handle.clone()).http1_only();
                listening.spawn(async move { ended(server.serve(services).await) });
                ("http", None)
            }
            Transport::Tls => {
                let authority = Authority::new()?;
                let config = authority.server_config(address.ip())?;
                let server =
                    axum_server::from_tcp_rustls(listener, config).map_err(ServeError::Listen)?;
                let server = server.handle(handle.clone()).http1_only();
                listening.spawn(async move { ended(server.serve(services).await) });
                ("https", Some(authority))
            }
        };
        shared.lock().set_base_url(format!("{scheme}://{address}"));
        background.spawn(do_what_is_due(shared.clone(), tick_clock));
        Ok(Self {
            address,
            authority,
            shared,
            handle,
            listening,
            _background: background,
        })
    }

    /// Takes no more requests, gives the answers that are on their way a second to arrive,
    /// and ends every connection.
    pub async fn shutdown(mut self) {
        self.handle.graceful_shutdown(Some(GRACE));
        while self.listening.join_next().await.is_some() {}
    }

    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate to trust, in PEM form; none over plain HTTP.
    pub fn ca_pem(&self) -> Option<&str> {
        self.authority.as_ref().map(Authority::pem)
    }

    /// The hub that is served.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

/// A listener that fails takes the emulated hub with it: its clients will say so.
fn ended(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "the emulated hub is not served any more");
    }
}

/// Lets the hub's own workers do what is due: at their deadline, or sooner when the bell rings,
/// because what changed may have moved the deadline.
async fn do_what_is_due(shared: Shared, clock: impl Clock) {
    let mut bell = shared.listen();
    loop {
        let (deadline, now) = {
            let mut hub = shared.lock();
            let now = clock.now();
            if hub.next_deadline().is_some_and(|deadline| deadline <= now) {
                hub.tick(now);
                shared.ring();
            }
            (hub.next_deadline(), now)
        };
        bell.mark_unchanged();
        let due = async {
            match deadline {
                Some(deadline) => tokio::time::sleep(wait(deadline, now)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            changed = bell.changed() => if changed.is_err() { return },
        }
    }
}

/// A millisecond more than is left, because timers and clock round differently.
fn wait(deadline: Timestamp, now: Timestamp) -> Duration {
    deadline.since(now) + Duration::from_millis(1)
}
