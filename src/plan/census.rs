//! Step 1: who is where. What hub, console and memory together tell of one machine's agent.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::beside::beside;
use crate::model::id::{MachineId, PoolName};
use crate::model::job::{AgentReport, AgentState};
use crate::model::machine::{ConsoleMarks, Machine, Phase};
use crate::model::roll::{Heard, Roll};
use crate::model::snapshot::{PoolView, Sighting, Snapshot};
use crate::model::time::Timestamp;

/// How long a machine that has nothing left to do gets to power itself off. Its own timers act
/// at the limit; ending it from outside in the same second could meet an agent that registers.
pub const SELF_END_GRACE: Duration = Duration::from_secs(60);

/// What is known of a machine's agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The cloud is ending the machine, or has.
    Ending,
    /// Not registered, and has until then.
    Booting {
        /// The boot limit, as a moment.
        until: Timestamp,
    },
    /// As booting, and the cloud's own checks of it fail: it is not counted upon.
    Impaired {
        /// The boot limit, as a moment.
        until: Timestamp,
    },
    /// Registered, without a job.
    Waiting,
    /// Registered, with a job, first seen so at that moment.
    Running {
        /// When it was first seen with a job; `now` if this is the first look.
        since: Timestamp,
    },
    /// Registered, and no source tells whether it has a job.
    Registered,
    /// Was registered and is gone.
    Left {
        /// Since when it is missing; `now` if this is the first look.
        since: Timestamp,
    },
    /// Never registered, and its boot limit is over.
    Overdue,
    /// Older than any machine may be. It is ended whatever it does, and will serve no job.
    Outlived,
    /// Past its boot limit, and no source tells whether an agent ever came.
    Unknown,
}

/// One machine and what is known of its agent.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// What its agent does.
    pub standing: Standing,
    /// Whether the cloud's list shows it; otherwise only the launch ledger does.
    pub listed: bool,
}

/// All machines of one pool, listed ones and those of the launch ledger, in the order of their ids.
pub type Census<'a> = Vec<(&'a MachineId, Counted<'a>)>;

/// Sorts the machines of a snapshot by pool and says of each what its agent does.
/// Machines of pools that the snapshot has no view of are counted with an empty view.
pub fn census(snapshot: &Snapshot, now: Timestamp) -> BTreeMap<&PoolName, Census<'_>> {
    let memory = &snapshot.memory;
    let list = snapshot.machines.as_deref();
    let is_listed = |id| list.is_some_and(|list| list.contains_key(id));
    let listed = list.map(|list| beside(list, &memory.sightings));
    let listed = listed.into_iter().flatten().map(|entry| (true, entry));
    let remembered = beside(&memory.ledger, &memory.sightings).map(|entry| (false, entry));
    let remembered = remembered.filter(|(_, (id, _, _))| !is_listed(*id));
    let mut roll = Roll::new(&snapshot.pools);
    let mut pools: BTreeMap<&PoolName, Census<'_>> = BTreeMap::new();
    for (listed, (id, machine, sighting)) in listed.chain(remembered) {
        let sighting = sighting.copied().unwrap_or_default();
        let standing = if listed && has_outlived(machine, now) {
            Standing::Outlived
        } else {
            standing(machine, roll.heard(machine), &snapshot.pools, sighting, now)
        };
        let counted = Counted {
            machine,
            standing,
            listed,
        };
        pools.entry(&machine.pool).or_default().push((id, counted));
    }
    // Those of the list are in order already.
    if !memory.ledger.is_empty() {
        let censuses = pools.values_mut();
        censuses.for_each(|census| census.sort_by_key(|(id, _)| *id));
    }
    pools
}

fn has_outlived(machine: &Machine, now: Timestamp) -> bool {
    let is_ending = match machine.phase {
        Phase::Stopping | Phase::Gone => true,
        Phase::Pending | Phase::Running => false,
    };
    !machine.held && !is_ending && machine.lifetime_deadline() < now
}

/// What one machine's agent does, from the best source that answered:
/// the hub's agent list, then the machine's console, then memory.
fn standing(
    machine: &Machine,
    heard: Heard,
    pools: &BTreeMap<PoolName, PoolView>,
    sighting: Sighting,
    now: Timestamp,
) -> Standing {
    match machine.phase {
        Phase::Stopping | Phase::Gone => return Standing::Ending,
        Phase::Pending | Phase::Running => {}
    }
    let console = machine.console.unwrap_or_default();
    match heard {
        Heard::Present(report) => present(report, sighting, now),
        Heard::Absent => absent(machine, console, sighting, now),
        Heard::Nothing => {
            let view = pools.get(&machine.pool);
            let hub_answers = view.is_some_and(|view| view.counts.is_some());
            unlisted(machine, console, hub_answers, sighting, now)
        }
    }
}

/// The hub's list shows the agent.
fn present(report: AgentReport, sighting: Sighting, now: Timestamp) -> Standing {
    match report.state {
        AgentState::Waiting => Standing::Waiting,
        AgentState::Running => Standing::Running {
            since: sighting.running_since.unwrap_or(now),
        },
    }
}

/// The hub's list came, and the agent is not in it.
fn absent(
    machine: &Machine,
    console: ConsoleMarks,
    sighting: Sighting,
    now: Timestamp,
) -> Standing {
    if console.registered || console.log_closed || sighting.registered_at.is_some() {
        Standing::Left {
            since: sighting.missing_since.unwrap_or(now),
        }
    } else {
        unregistered(machine, now)
    }
}

/// The hub's list did not come, or may not be asked for. A console that shows no agent is weak
/// evidence, because it lags behind: it counts only while the hub itself is not silent.
fn unlisted(
    machine: &Machine,
    console: ConsoleMarks,
    hub_answers: bool,
    sighting: Sighting,
    now: Timestamp,
) -> Standing {
    let in_time = now <= machine.boot_deadline();
    if console.log_closed {
        Standing::Left {
            since: sighting.missing_since.unwrap_or(now),
        }
    } else if console.registered || sighting.registered_at.is_some() {
        Standing::Registered
    } else if in_time || (hub_answers && machine.console.is_some()) {
        unregistered(machine, now)
    } else {
        Standing::Unknown
    }
}

/// A machine of which it is known that no agent has registered.
fn unregistered(machine: &Machine, now: Timestamp) -> Standing {
    let until = machine.boot_deadline();
    if now <= until && machine.impaired {
        Standing::Impaired { until }
    } else if now <= until {
        Standing::Booting { until }
    } else {
        Standing::Overdue
    }
}
