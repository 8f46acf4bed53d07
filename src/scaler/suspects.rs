//! Whose console is worth reading: machines of which neither the cloud's list nor the hub tells
//! whether an agent ever came.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::beside::beside;
use crate::model::id::{MachineId, PoolName};
use crate::model::machine::{Machine, Phase};
use crate::model::snapshot::{Memory, PoolView, Sighting};
use crate::model::time::Timestamp;
use crate::plan::census::SELF_END_GRACE;
use crate::ports::Consoles;

/// Consoles read in one tick: a fifth of EC2's bucket for the call (aws.md D).
const READS_MAX: usize = 20;
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
    let mut suspects: Vec<(Option<Timestamp>, &MachineId)> = beside(machines, &memory.sightings)
        .filter(|(_, machine, _)| machine.console.is_none())
        .filter_map(|(id, machine, sighting)| {
            let sighting = sighting.copied().unwrap_or_default();
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

/// A machine that lives is suspected from the moment at which it could be ended for its boot
/// limit, and not before: what a console does not show yet must end no machine.
fn is_due(machine: &Machine, sighting: Sighting, now: Timestamp) -> bool {
    let read_lately = sighting
        .console_read_at
        .is_some_and(|at| now.since(at) < READ_EVERY);
    if sighting.registered_at.is_some() || sighting.boot_failed || read_lately {
        return false;
    }
    match machine.phase {
        Phase::Pending | Phase::Running => machine.boot_deadline().plus(SELF_END_GRACE) < now,
        Phase::Stopping => false,
        Phase::Gone => sighting.console_reads < READS_OF_ENDED_MAX,
    }
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
