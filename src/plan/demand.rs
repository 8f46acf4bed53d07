//! Step 2a: how many machines the queue and the reserve ask for.

use std::time::Duration;

use crate::model::job::QueueCounts;

use super::census::{Census, Standing};
use super::supply::Supply;
use crate::model::time::Timestamp;

/// How long the hub may list a job as queued after an agent took it. Its scheduler works in
/// rounds of about a second (protocol.md 9.4); the rest is for a slow round and our own polling.
pub const PICKUP_WINDOW: Duration = Duration::from_secs(15);

/// Jobs that the hub still counts as queued although an agent has them already: agents seen with
/// a job for less than [`PICKUP_WINDOW`], as far as they outnumber the jobs that have started.
/// Too high an answer delays a launch by one window, too low a one launches for nothing.
pub fn picked_up(census: &Census<'_>, counts: QueueCounts, supply: Supply, now: Timestamp) -> u32 {
    let fresh = census
        .values()
        .filter(|counted| match counted.standing {
            Standing::Running { since } => now.since(since) <= PICKUP_WINDOW,
            Standing::Ending
            | Standing::Booting { .. }
            | Standing::Impaired { .. }
            | Standing::Waiting
            | Standing::Registered
            | Standing::Left { .. }
            | Standing::Overdue
            | Standing::Outlived
            | Standing::Unknown => false,
        })
        .count();
    let fresh = u32::try_from(fresh)
        .unwrap_or(u32::MAX)
        .saturating_add(supply.taken);
    fresh
        .min(supply.running.saturating_sub(counts.running))
        .min(counts.queued)
}

/// Machines that are needed and not there.
pub fn missing(queued: u32, reserve: u32, supply: Supply) -> u32 {
    queued
        .saturating_add(reserve)
        .saturating_sub(supply.total())
}
