//! The loop: a tick at a steady pace, and sooner when something happened.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use crate::model::pool::Policy;
use crate::ports::{Clock, Cloud, Hub, Lease};

use super::report::Reporter;
use super::tick::{Scaler, Tick};

/// How often the world is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From tick to tick, while nothing happens.
    pub interval: Duration,
    /// From tick to tick, at least, however much happens: events come in bursts.
    pub spacing: Duration,
}

/// Ticks until `stop` is ready, then ends after the tick that is under way and gives the lease
/// back, so that another replica goes on at its next tick.
///
/// `hasten` makes the next tick come sooner; what happened is not looked at, because the tick
/// will see it. A policy that has changed holds from the next tick on. Each tick is logged and
/// then handed to `on_tick`.
pub async fn run<H: Hub, C: Cloud, K: Clock, L: Lease>(
    scaler: &mut Scaler<H, C, K, L>,
    pace: Pace,
    hasten: &Notify,
    mut policy: watch::Receiver<Policy>,
    stop: impl Future<Output = ()>,
    mut on_tick: impl FnMut(&Tick),
) {
    let mut stop = pin!(stop);
    let mut reporter = Reporter::default();
    loop {
        let started_at = Instant::now();
        // An error says that nobody can change the policy any more, and then it stays.
        if policy.has_changed().unwrap_or(false) {
            scaler.set_policy(policy.borrow_and_update().clone());
        }
        let tick = scaler.tick().await;
        reporter.report(&tick);
        on_tick(&tick);
        tokio::select! {
            biased;
            () = &mut stop => break,
            () = next(started_at, pace, hasten) => {}
        }
    }
    if let Err(error) = scaler.release().await {
        tracing::warn!(%error, "cannot give the lease back: the others wait until it ends");
    }
}

/// Waits for the next tick's moment: an event, but not before the spacing, or else the interval.
async fn next(started_at: Instant, pace: Pace, hasten: &Notify) {
    sleep_until(started_at + pace.spacing).await;
    tokio::select! {
        () = hasten.notified() => {}
        () = sleep_until(started_at + pace.interval) => {}
    }
}
