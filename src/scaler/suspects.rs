//! Whose console is worth reading: machines of which neither the cloud's list nor the hub shows
//! whether an agent ever registered, or whether the hub refused it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::beside::Along;
use crate::model::id::{MachineId, PoolName};
use crate::model::machine::{Machine, Phase};
use crate::model::snapshot::{Memory, PoolView, Sighting};
use crate::model::time::Timestamp;
use crate::plan::census::SELF_END_GRACE;
use crate::ports::Consoles;

/// Consoles read in one tick: a fifth of EC2's bucket for the call (aws.md D).
const READS_MAX: usize = 20;
/// After this long a machine has usually booted.
const BOOTED_AFTER: Duration = Duration::from_secs(60);
/// From one read of a console to the next.
const READ_EVERY: Duration = Duration::from_secs(60);
/// How often the console of a machine that has ended is tried: it comes some minutes late.
const READS_OF_ENDED_MAX: u32 = 10;

/// The machines whose consoles should be read now, the longest unread first.
pub fn suspects(
    pools: &BTreeMap<PoolName, PoolView>,
    machines: &BTreeMap<MachineId, Machine>,
    memory: &Memory,
    now: Timestamp,
) -> Vec<MachineId> {
    let lacking = lacking_agents(pools, machines, now);
    let silent = machines.iter().filter(|(_, machine)| {
        let is_late = lacking.contains(&machine.pool) && has_booted(machine, now);
        machine.console.is_none() && (is_late || may_be_suspected(machine, now))
    });
    let mut sightings = Along::new(&memory.sightings);
    let mut suspects: Vec<(Option<Timestamp>, &MachineId)> = silent
        .filter_map(|(id, machine)| {
            let sighting = sightings.get(id).copied().unwrap_or_default();
            let is_suspect = is_due(machine, sighting, now) && !has_agent(machine, pools);
            is_suspect.then_some((sighting.console_read_at, id))
        })
        .collect();
    suspects.sort_unstable();
    suspects.truncate(READS_MAX);
    suspects.into_iter().map(|(_, id)| id.clone()).collect()
}

/// The hub's list shows its agent, which is better evidence.
fn has_agent(machine: &Machine, pools: &BTreeMap<PoolName, PoolView>) -> bool {
    let agents = pools
        .get(&machine.pool)
        .and_then(|view| view.agents.as_ref());
    agents.is_some_and(|agents| agents.contains_key(&machine.id))
}

/// The pools of which the hub counts fewer agents than machines that have had time to boot: their
/// agents may have been refused, which nothing but a console shows.
fn lacking_agents<'a>(
    pools: &BTreeMap<PoolName, PoolView>,
    machines: &'a BTreeMap<MachineId, Machine>,
    now: Timestamp,
) -> BTreeSet<&'a PoolName> {
    let mut booted: BTreeMap<&PoolName, usize> = BTreeMap::new();
    for machine in machines.values().filter(|it| has_booted(it, now)) {
        *booted.entry(&machine.pool).or_default() += 1;
    }
    let lacks = |(pool, count): (&'a PoolName, usize)| {
        let counts = pools.get(pool).and_then(|view| view.counts)?;
        ((counts.agents() as usize) < count).then_some(pool)
    };
    booted.into_iter().filter_map(lacks).collect()
}

fn has_booted(machine: &Machine, now: Timestamp) -> bool {
    let is_there = match machine.phase {
        Phase::Running => true,
        Phase::Pending | Phase::Stopping | Phase::Gone => false,
    };
    is_there && machine.launched_at.plus(BOOTED_AFTER) < now
}

/// A machine that lives is suspected from the moment at which it could be ended for its boot
/// limit, and not before: what a console does not show yet must end no machine.
fn may_be_suspected(machine: &Machine, now: Timestamp) -> bool {
    match machine.phase {
        Phase::Pending | Phase::Running => suspected_from(machine) < now,
        Phase::Stopping => false,
        Phase::Gone => true,
    }
}

fn suspected_from(machine: &Machine) -> Timestamp {
    machine.boot_deadline().plus(SELF_END_GRACE)
}

/// Whether earlier looks leave a question that a console could answer, and has not lately.
fn is_due(machine: &Machine, sighting: Sighting, now: Timestamp) -> bool {
    let from = suspected_from(machine);
    // What was read earlier does not stand for what is read once the machine may be terminated.
    let read_lately = sighting
        .console_read_at
        .is_some_and(|at| now.since(at) < READ_EVERY && !(at <= from && from < now));
    let read_often = machine.phase == Phase::Gone && READS_OF_ENDED_MAX <= sighting.console_reads;
    sighting.registered_at.is_none() && !sighting.boot_failed && !read_lately && !read_often
}

/// Notes what was read, for this tick in the list, and that it was read.
pub fn note(
    consoles: Consoles,
    machines: &mut BTreeMap<MachineId, Machine>,
    memory: &mut Memory,
    now: Timestamp,
) {
    for (id, console) in consoles {
        let Some(machine) = machines.get_mut(&id) else {
            continue;
        };
        let sighting = memory.sightings.entry(id).or_default();
        sighting.console_read_at = Some(now);
        sighting.console_reads = sighting.console_reads.saturating_add(1);
        match console {
            Ok(marks) => machine.console = marks,
            Err(error) => tracing::debug!(machine = %machine.id, %error, "no console"),
        }
    }
}
