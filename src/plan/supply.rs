//! Step 2b: which machines will take a job without anything being launched.

use std::time::Duration;

use crate::model::job::QueueCounts;
use crate::model::machine::Machine;
use crate::model::snapshot::PoolView;
use crate::model::time::Timestamp;

use super::census::{Census, Standing};

/// The machines of one pool, counted by what they can do for the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supply {
    /// Machines within their boot limit whose agent has not registered yet.
    pub booting: u32,
    /// Those of them that have booted for so long that another would be sooner.
    pub overdue: u32,
    /// Machines whose agent waits for a job.
    pub waiting: u32,
    /// Machines whose agent has a job.
    pub running: u32,
    /// Those of them that the hub's list still shows waiting, although they have been told to run
    /// a job: the list shows what an agent last reported, the counts what it was given.
    pub taken: u32,
    /// Machines that count against the caps.
    pub alive: u32,
}

impl Supply {
    /// Machines that will be offered a job soon: an overdue boot is replaced if a job waits for it.
    pub fn soon(self) -> u32 {
        let credited = self.booting.saturating_sub(self.overdue);
        credited.saturating_add(self.waiting)
    }

    /// Machines that will be offered a job: to a reserve an overdue boot is as good as another.
    pub fn sooner_or_later(self) -> u32 {
        self.booting.saturating_add(self.waiting)
    }
}

/// Counts a pool's machines. Where the hub lists its agents, each machine counts for itself;
/// where it gives counts alone, they bound what the machines can be, and single out none.
/// Boots older than `overdue_after` are counted as overdue.
pub fn supply(
    census: &Census<'_>,
    view: &PoolView,
    overdue_after: Option<Duration>,
    now: Timestamp,
) -> Supply {
    let is_overdue = |machine: &Machine| {
        overdue_after.is_some_and(|limit| limit < now.since(machine.launched_at))
    };
    let mut supply = Supply::default();
    // Machines that may have registered, as far as no source tells.
    let mut registered = 0;
    for counted in census.iter().map(|(_, counted)| counted) {
        supply.alive += u32::from(counted.machine.phase.is_alive());
        match counted.standing {
            Standing::Booting { .. } => {
                supply.booting += 1;
                supply.overdue += u32::from(is_overdue(counted.machine));
            }
            Standing::Waiting => supply.waiting += 1,
            Standing::Running { .. } => supply.running += 1,
            Standing::Registered | Standing::Unknown => registered += 1,
            Standing::Ending
            | Standing::Impaired { .. }
            | Standing::Left { .. }
            | Standing::Overdue
            | Standing::Outlived => {}
        }
    }
    match (&view.agents, view.counts) {
        (Some(_), Some(counts)) => corrected_by(counts, supply, registered),
        (Some(_), None) | (None, None) => supply,
        (None, Some(counts)) => bounded_by(counts, supply, registered),
    }
}

/// An agent that was given a job reports so only with its next sync, up to six seconds later
/// (protocol.md 4.3, 9.2). Until then it waits in the list and is occupied in the counts. Machines
/// whose agents were registered and that the list lacks, against the counts, are what these say.
fn corrected_by(counts: QueueCounts, supply: Supply, unlisted: u32) -> Supply {
    let taken = supply.waiting.saturating_sub(counts.idle);
    let idle = counts.idle.saturating_sub(supply.waiting).min(unlisted);
    let occupied = counts.occupied.saturating_sub(supply.running + taken);
    Supply {
        waiting: supply.waiting - taken + idle,
        running: supply.running + taken + occupied.min(unlisted - idle),
        taken,
        ..supply
    }
}

/// Spreads the hub's counts over machines that no list explains. Rows of dead agents are in the
/// counts too (protocol.md S9), so they never make more agents than there are machines.
fn bounded_by(counts: QueueCounts, supply: Supply, registered: u32) -> Supply {
    let candidates = supply.booting.saturating_add(registered);
    let waiting = counts.idle.min(candidates);
    let running = counts.occupied.min(candidates - waiting);
    // Machines past their boot limit account for registered agents first: they are the older ones.
    let from_booting = (waiting + running).saturating_sub(registered);
    let booting = supply.booting - from_booting;
    Supply {
        booting,
        // Which of them have registered is not known; the older ones sooner.
        overdue: supply.overdue.saturating_sub(from_booting),
        waiting,
        running,
        ..supply
    }
}
