//! What a service manager is told: ready, reloading, stopping, alive.
//!
//! The protocol is a datagram of `NAME=value` lines to the socket in `NOTIFY_SOCKET`
//! (sd_notify(3)). Without that variable nobody asked, and nothing is said. A word that does not
//! arrive changes nothing here: the manager draws its own conclusions.

use std::cell::Cell;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use thiserror::Error;

use crate::model::plan::Balance;
use crate::scaler::Tick;

/// The variables that we read.
const SOCKET: &str = "NOTIFY_SOCKET";
const WATCHDOG: &str = "WATCHDOG_USEC";
const WATCHDOG_PID: &str = "WATCHDOG_PID";

/// The socket in `NOTIFY_SOCKET` cannot be used.
#[derive(Debug, Error)]
#[error("{SOCKET} names {name:?}, and nobody listens there")]
pub struct NotifyError {
    /// What the variable says.
    name: String,
    /// What the system says.
    source: io::Error,
}

/// Whoever started this service, and wants to hear of it.
#[derive(Debug, Default)]
pub struct Manager {
    socket: Option<UnixDatagram>,
    /// How long it may hear nothing before it restarts the service.
    patience: Option<Duration>,
    is_ready: Cell<bool>,
}

impl Manager {
    /// The manager that the environment names; `get` looks a variable up, `pid` is our own.
    ///
    /// # Errors
    /// There is a name, and no socket behind it: whoever waits for a word would wait in vain.
    pub fn new(get: impl Fn(&str) -> Option<String>, pid: u32) -> Result<Self, NotifyError> {
        let Some(name) = get(SOCKET).filter(|name| !name.is_empty()) else {
            return Ok(Self::default());
        };
        let socket = connect(&name).map_err(|source| NotifyError { name, source })?;
        let number = |name| get(name).and_then(|text| text.parse::<u64>().ok());
        let is_ours = number(WATCHDOG_PID).is_none_or(|watched| watched == u64::from(pid));
        let patience = number(WATCHDOG).filter(|micros| is_ours && 0 < *micros);
        Ok(Self {
            socket: Some(socket),
            patience: patience.map(Duration::from_micros),
            is_ready: Cell::new(false),
        })
    }

    /// How long the manager waits for a sign of life, if it does.
    pub fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Tells of a tick: a sign of life, what is going on, and, the first time that both hub and
    /// cloud have answered, that the service is ready. The hub has answered if it has for one
    /// pool: the wrong token of one must not keep the others down.
    pub fn ticked(&self, tick: &Tick) {
        let mut lines = vec![format!("STATUS={}", status(tick))];
        let is_heard = tick.plan.pools.is_empty()
            || tick
                .snapshot
                .pools
                .values()
                .any(|view| view.counts.is_some());
        if is_heard && tick.snapshot.machines.is_some() && !self.is_ready.replace(true) {
            lines.push("READY=1".to_owned());
        }
        if self.patience.is_some() {
            lines.push("WATCHDOG=1".to_owned());
        }
        self.say(&lines.join("\n"));
    }

    /// Tells that the configuration is being read again.
    pub fn reloading(&self) {
        // Before it is ready, a service is starting, and nothing else.
        if self.is_ready.get() {
            let now = clock_gettime(ClockId::Monotonic);
            let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
            self.say(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
        }
    }

    /// Tells that reading again is over, and how it went.
    pub fn reloaded(&self, outcome: &str) {
        if self.is_ready.get() {
            self.say(&format!("READY=1\nSTATUS={outcome}"));
        }
    }

    /// Tells that the service ends after the tick under way.
    pub fn stopping(&self) {
        self.say("STOPPING=1");
    }

    fn say(&self, text: &str) {
        // A manager that has left needs no word; one whose queue is full hears the next.
        let _ = self
            .socket
            .as_ref()
            .map(|socket| socket.send(text.as_bytes()));
    }
}

/// A path, or after `@` a name without a file, as Linux has them.
fn connect(name: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect_addr(&address(name)?)?;
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn address(name: &str) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    }
}

#[cfg(not(target_os = "linux"))]
fn address(name: &str) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(name)
}

/// One line for `systemctl status`. A count that one of the pools lacks is unknown.
fn status(tick: &Tick) -> String {
    let sum = |what: &str, of: fn(&Balance) -> Option<u32>| match tick.plan.sum(of) {
        Some(count) => format!("{count} {what}"),
        None => format!("{what} unknown"),
    };
    format!(
        "{}, {}, {}, {}, {} failed requests, {}",
        sum("queued", |balance| balance.queued),
        sum("booting", |balance| balance.booting),
        sum("waiting", |balance| balance.waiting),
        sum("running", |balance| balance.running),
        tick.silences.len(),
        tick.standing
    )
}
