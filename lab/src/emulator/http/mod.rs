//! Serves an emulated hub or cloud on a port, over TLS 1.3 with a certificate authority made at
//! start.
//!
//! This is the emulator's one effect: it reads the clock, moves bytes, and lets answers be late,
//! lost or never come, as their `Delivery` says. What is not here: anything that the served state
//! machine decides.

mod answer;
mod date;
pub mod tls;
pub mod unix;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum_server::Handle;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::answer::answer;
use self::tls::{Authority, TlsError};
use super::emulated::Emulated;
use dayfly::model::time::Timestamp;
use dayfly::ports::Clock;

/// How long [`Server::shutdown`] waits for answers that are on their way.
const GRACE: Duration = Duration::from_secs(1);

/// How an emulated server is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTPS, TLS 1.3 and nothing older.
    Tls,
    /// Plain HTTP, for a client that was told so.
    Plain,
}

/// Why an emulated server cannot be served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The port cannot be used.
    #[error("the port cannot be served")]
    Listen(#[source] io::Error),
    /// No certificate could be made.
    #[error("no certificate can be made")]
    Tls(#[from] TlsError),
}

/// An emulated server that is being served. When this is dropped, the port and every connection are closed.
#[derive(Debug)]
pub struct Server<E> {
    address: SocketAddr,
    authority: Option<Authority>,
    shared: Shared<E>,
    /// Reaches the connections too, which are tasks of their own.
    handle: Handle<SocketAddr>,
    listening: JoinSet<()>,
    _background: JoinSet<()>,
}

/// A state machine behind a lock, and a bell that rings whenever something in it may have changed.
#[derive(Debug)]
pub struct Shared<E> {
    emulated: Arc<Mutex<E>>,
    bell: watch::Sender<()>,
    /// By how much the `Date` header is ahead of the clock.
    date_offset_seconds: Arc<AtomicI64>,
}

/// The same state machine once more; a derived one would ask it to be `Clone` itself.
impl<E> Clone for Shared<E> {
    fn clone(&self) -> Self {
        Self {
            emulated: Arc::clone(&self.emulated),
            bell: self.bell.clone(),
            date_offset_seconds: Arc::clone(&self.date_offset_seconds),
        }
    }
}

impl<E> Shared<E> {
    /// Shares a state machine.
    pub fn new(emulated: E) -> Self {
        Self {
            emulated: Arc::new(Mutex::new(emulated)),
            bell: watch::Sender::new(()),
            date_offset_seconds: Arc::default(),
        }
    }

    /// The state machine itself. It is plain data: a panic in a request leaves it usable.
    pub fn lock(&self) -> MutexGuard<'_, E> {
        self.emulated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the `Date` header of every answer from now on ahead of the clock, or behind it. The
    /// state machine's own times stay right.
    pub fn set_date_offset_seconds(&self, offset: i64) {
        self.date_offset_seconds.store(offset, Ordering::Relaxed);
    }

    fn date_offset_seconds(&self) -> i64 {
        self.date_offset_seconds.load(Ordering::Relaxed)
    }

    /// Rings the bell; whoever changes the state machine from outside does so.
    pub fn ring(&self) {
        self.bell.send_replace(());
    }

    /// Hears the bell from now on.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }
}

impl<E: Emulated + Send + 'static> Server<E> {
    /// Serves a state machine on a listener until the result is dropped. It learns its address.
    /// Has to be called within a tokio runtime.
    pub fn start(
        shared: Shared<E>,
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
}

impl<E> Server<E> {
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

    /// The state machine that is served.
    pub fn shared(&self) -> &Shared<E> {
        &self.shared
    }
}

impl<E> Drop for Server<E> {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

/// A listener that fails takes the emulated server with it: its clients will say so.
fn ended(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "the emulated server is not served any more");
    }
}

/// Lets the state machine do what is due by itself: at their deadline, or sooner when the bell rings,
/// because what changed may have moved the deadline.
async fn do_what_is_due<E: Emulated>(shared: Shared<E>, clock: impl Clock) {
    let mut bell = shared.listen();
    loop {
        let (deadline, now) = {
            let mut emulated = shared.lock();
            let now = clock.now();
            let deadline = emulated.next_deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                emulated.tick(now);
                shared.ring();
            }
            // While nobody else can change anything: a ring for what comes later must be heard.
            bell.mark_unchanged();
            (emulated.next_deadline(), now)
        };
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
