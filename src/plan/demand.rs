//! Step 2a: how many machines the queue and the reserve ask for.

use std::time::Duration;

use crate::model::job::QueueCounts;

use super::census::{Census, Standing};
use super::supply::Supply;
use crate::model::outlook::Outlook;
use crate::model::time::Timestamp;

/// How long the hub may list a job as queued after an agent took it. Its scheduler works in
/// rounds of about a second (protocol.md 9.4); the rest is for a slow round and our own polling.
pub const PICKUP_WINDOW: Duration = Duration::from_secs(15);

/// Jobs that the hub still counts as queued although an agent has them already: agents seen with
/// a job for less than [`PICKUP_WINDOW`], as far as they outnumber the jobs that have started.
/// Too high an answer delays a launch by one window, too low a one launches for nothing.
pub fn picked_up(census: &Census<'_>, counts: QueueCounts, supply: Supply, now: Timestamp) -> u32 {
    let fresh = census
        .iter()
        .filter(|(_, counted)| match counted.standing {
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

/// Machines that are needed and not there: for jobs, or with a reserve beside them.
pub fn missing(queued: u32, reserve: u32, supply: Supply) -> u32 {
    let for_jobs = queued.saturating_sub(supply.soon());
    let wanted = queued.saturating_add(reserve);
    for_jobs.max(wanted.saturating_sub(supply.sooner_or_later()))
}

/// Machines worth launching ahead of demand, beyond those that are [`missing`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// Kept ready for what is expected, beyond the fixed reserve.
    pub expected: u32,
    /// Launched with those for queued jobs, so that slow boots are overtaken.
    pub race: u32,
    /// Both, less what is there already.
    pub count: u32,
}

/// What the outlook makes worth launching. Machines of an earlier race that still boot or wait
/// are supply like others, so a race is not repeated for the same jobs.
pub fn ahead(queued: u32, reserve: u32, supply: Supply, outlook: &Outlook) -> Ahead {
    let expected = outlook.expectation.reserve().saturating_sub(reserve);
    // Whose machine is overdue has two in a race already when it is replaced.
    let race = outlook.race_for(queued.saturating_sub(supply.sooner_or_later()));
    let lacking = missing(queued, reserve.saturating_add(expected), supply);
    let count = (lacking - missing(queued, reserve, supply)).saturating_add(race);
    Ahead {
        expected,
        race,
        count,
    }
}
