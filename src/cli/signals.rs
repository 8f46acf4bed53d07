//! The signals that ask a program to leave.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Ready when SIGTERM or SIGINT has come. The handlers are in place when this returns,
/// so that no signal is lost between the call and the first poll.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
