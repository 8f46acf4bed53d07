//! How many agents the hub accepts. Nothing tells it beforehand: a machine whose agent was refused
//! says so on its console, and the number of agents at that moment is the most that there may be.

use std::collections::BTreeMap;

use crate::model::beside::beside;
use crate::model::id::{MachineId, PoolName};
use crate::model::machine::Machine;
use crate::model::snapshot::{AgentQuota, Memory, PoolView};
use crate::model::time::Timestamp;

/// Takes in refusals that consoles show for the first time, and agents beyond a quota that was
/// learned: then it has been raised, or others have left slots, and twice as many may be tried.
pub(super) fn observe(
    memory: &mut Memory,
    pools: &BTreeMap<PoolName, PoolView>,
    machines: &BTreeMap<MachineId, Machine>,
    now: Timestamp,
) {
    // Agents of a pool whose counts did not come are not zero, so nothing is learned without them.
    let counts = pools.values().map(|view| view.counts);
    let Some(counts) = counts.collect::<Option<Vec<_>>>() else {
        return;
    };
    let agents = counts.iter().map(|counts| counts.agents());
    let agents = agents.fold(0, u32::saturating_add);
    let refused = beside(machines, &memory.sightings);
    let refused = refused.filter(|(_, machine, sighting)| {
        let is_refused = machine.console.is_some_and(|marks| marks.refused_by_hub);
        is_refused && !sighting.is_some_and(|sighting| sighting.refused_by_hub)
    });
    let refused: Vec<MachineId> = refused.map(|(id, _, _)| id.clone()).collect();
    if !refused.is_empty() {
        memory.agent_quota = Some(AgentQuota {
            agents,
            refused_at: now,
        });
    } else if let Some(quota) = &mut memory.agent_quota
        && quota.agents < agents
    {
        quota.agents = agents.saturating_mul(2);
    }
    for id in refused {
        memory.sightings.entry(id).or_default().refused_by_hub = true;
    }
}
