//! When tokens are read again: after the hub has said that it does not know one.
//!
//! Somebody who resets a token writes the new one where the configuration says, and the scaler
//! goes on with it, without a restart. What is not here: where tokens are, and who uses them.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::observe::Silence;
use super::tick::Tick;
use crate::ports::HubError;

/// From reading tokens to reading them again, at least: a token that stays wrong is asked for once
/// a minute, which no store of secrets minds.
pub const READ_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Reads tokens again when the hub does not know one.
#[derive(Debug, Default)]
pub struct Rotation {
    unknown: Notify,
    /// When they were read again last.
    read_at: Mutex<Option<Instant>>,
}

impl Rotation {
    /// Takes in a tick.
    pub fn see(&self, tick: &Tick) {
        let is_unknown = |silence: &Silence| match silence {
            Silence::Hub { error, .. } => match error {
                HubError::UnknownToken { .. } => true,
                HubError::Unreachable { .. } | HubError::Unexpected { .. } => false,
            },
            Silence::Pipelines(_) | Silence::Cloud(_) => false,
        };
        if tick.silences.iter().any(is_unknown) {
            self.unknown.notify_one();
        }
    }

    /// Tokens are to be read at once, however recently they have been: somebody wants it so.
    pub fn ask(&self) {
        *self.last() = None;
        self.unknown.notify_one();
    }

    /// Calls `read_again` after a tick with an unknown token, for ever: at once, and then at most
    /// once in [`READ_AGAIN_AFTER`], also if this is dropped and called anew in between.
    pub async fn keep(&self, mut read_again: impl AsyncFnMut()) -> Infallible {
        loop {
            self.unknown.notified().await;
            let before = *self.last();
            if let Some(before) = before {
                sleep_until(before + READ_AGAIN_AFTER).await;
            }
            *self.last() = Some(Instant::now());
            read_again().await;
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Instant>> {
        self.read_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
