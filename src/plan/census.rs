//! Step 1: who is where. What hub, console and memory together tell of one machine's agent.

use std::cmp::Reverse;
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

/// How long the hub's agent list must lack agents before more than a share of a pool is
/// terminated for it, or before it is believed against the hub's counts: longer than the outages
/// of a hub's database or cache usually last.
pub const CONFIRMED_AFTER: Duration = Duration::from_secs(300);
/// How many answers in a row must say that an agent is missing.
pub const ANSWERS_MIN: u32 = 3;

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
    let clocks_agree = snapshot.clocks.disagreement().is_none();
    let mut roll = Roll::new(&snapshot.pools);
    let mut pools: BTreeMap<&PoolName, Census<'_>> = BTreeMap::new();
    for (listed, (id, machine, sighting)) in listed.chain(remembered) {
        let sighting = sighting.copied().unwrap_or_default();
        // With clocks that disagree nobody knows how old a machine is: none is too old then.
        let aged_at = if clocks_agree {
            now
        } else {
            machine.launched_at
        };
        let standing = if listed && has_outlived(machine, aged_at) {
            Standing::Outlived
        } else {
            let heard = roll.heard(machine);
            let times = Times { now, aged_at };
            standing(machine, heard, &snapshot.pools, sighting, times)
        };
        let counted = Counted {
            machine,
            standing,
            listed,
        };
        pools.entry(&machine.pool).or_default().push((id, counted));
    }
    for (pool, census) in &mut pools {
        doubt_consoles(census, snapshot.pools.get(*pool));
    }
    // Those of the list are in order already.
    if !memory.ledger.is_empty() {
        let censuses = pools.values_mut();
        censuses.for_each(|census| census.sort_by_key(|(id, _)| *id));
    }
    pools
}

/// Without the hub's agent list, a machine is overdue because its console shows no agent. Where the
/// hub counts more agents than the other machines can have, some of these consoles are wrong, and
/// nobody knows which.
///
/// With the list, where the hub has counted more agents than it lists for minutes, as many machines
/// may have one as it counts too many, and no more: rows of dead agents are counted as well
/// (protocol.md S9), and must not keep every machine that never registered.
fn doubt_consoles(census: &mut Census<'_>, view: Option<&PoolView>) {
    let Some((view, counts)) = view.and_then(|view| Some((view, view.counts?))) else {
        return;
    };
    let may_have_agent = |counted: &Counted<'_>| match counted.standing {
        Standing::Booting { .. }
        | Standing::Impaired { .. }
        | Standing::Waiting
        | Standing::Running { .. }
        | Standing::Registered
        | Standing::Outlived
        | Standing::Unknown => true,
        Standing::Ending | Standing::Left { .. } | Standing::Overdue => false,
    };
    let others = census.iter().filter(|(_, counted)| may_have_agent(counted));
    let agents = counts.agents() as usize;
    let doubted = match &view.agents {
        Some(listed) => agents.saturating_sub(listed.len()),
        None if others.count() < agents => usize::MAX,
        None => 0,
    };
    let overdue = census
        .iter_mut()
        .map(|(_, counted)| counted)
        .filter(|counted| counted.standing == Standing::Overdue);
    let mut overdue: Vec<_> = overdue.collect();
    // The youngest first, whose consoles may lag behind.
    overdue.sort_by_key(|it| Reverse(it.machine.launched_at));
    for counted in overdue.into_iter().take(doubted) {
        counted.standing = Standing::Unknown;
    }
}

/// The present moment, and the one by which a machine's age is measured.
#[derive(Clone, Copy, Debug)]
struct Times {
    now: Timestamp,
    aged_at: Timestamp,
}

fn has_outlived(machine: &Machine, aged_at: Timestamp) -> bool {
    let is_ending = match machine.phase {
        Phase::Stopping | Phase::Gone => true,
        Phase::Pending | Phase::Running => false,
    };
    !machine.held && !is_ending && machine.lifetime_deadline() < aged_at
}

/// What one machine's agent does, from the best source that answered:
/// the hub's agent list, then the machine's console, then memory.
fn standing(
    machine: &Machine,
    heard: Heard,
    pools: &BTreeMap<PoolName, PoolView>,
    sighting: Sighting,
    times: Times,
) -> Standing {
    match machine.phase {
        Phase::Stopping | Phase::Gone => return Standing::Ending,
        Phase::Pending | Phase::Running => {}
    }
    let console = machine.console.unwrap_or_default();
    match heard {
        Heard::Present(report) => present(report, sighting, times.now),
        Heard::Absent => absent(machine, console, sighting, times),
        Heard::Nothing | Heard::Unlisted => {
            let view = pools.get(&machine.pool);
            let has_counts = view.is_some_and(|view| view.counts.is_some());
            let is_lasting = lasts(sighting.unlisted_since, times.now);
            let evidence = machine.console.is_some() && (heard == Heard::Nothing || is_lasting);
            unlisted(machine, console, has_counts && evidence, sighting, times)
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
fn absent(machine: &Machine, console: ConsoleMarks, sighting: Sighting, times: Times) -> Standing {
    if console.registered || console.log_closed || sighting.registered_at.is_some() {
        Standing::Left {
            since: sighting.missing_since.unwrap_or(times.now),
        }
    } else {
        unregistered(machine, times.aged_at)
    }
}

/// Whether something has lasted long enough to be believed.
pub(super) fn lasts(since: Option<Timestamp>, now: Timestamp) -> bool {
    since.is_some_and(|since| CONFIRMED_AFTER <= now.since(since))
}

/// The hub's list did not come, may not be asked for, or is contradicted by the hub's counts.
/// `has_evidence` says whether a console that shows no agent is believed: it is weak evidence, because
/// it lags behind.
fn unlisted(
    machine: &Machine,
    console: ConsoleMarks,
    has_evidence: bool,
    sighting: Sighting,
    times: Times,
) -> Standing {
    let in_time = times.aged_at <= machine.boot_deadline();
    if console.log_closed {
        Standing::Left {
            since: sighting.missing_since.unwrap_or(times.now),
        }
    } else if console.registered || sighting.registered_at.is_some() {
        Standing::Registered
    } else if in_time || has_evidence {
        unregistered(machine, times.aged_at)
    } else {
        Standing::Unknown
    }
}

/// A machine of which it is known that no agent has registered.
fn unregistered(machine: &Machine, aged_at: Timestamp) -> Standing {
    let until = machine.boot_deadline();
    if aged_at <= until && machine.impaired {
        Standing::Impaired { until }
    } else if aged_at <= until {
        Standing::Booting { until }
    } else {
        Standing::Overdue
    }
}
