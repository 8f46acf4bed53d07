//! What the end of a machine tells of its boot, for the breaker.
//!
//! A boot that ends without an agent is one of three things. It failed, if its console shows that no
//! agent registered or the cloud ended the machine for a reason of its own. It says nothing, if
//! the hub refused the agent, the spot market took the machine back, or somebody asked for its end,
//! and if some agent of the pool came since the launch, which may have been this one. Otherwise it is
//! unknown: the machine powered itself off, maybe after a short job between two ticks. One unknown
//! boot proves nothing; a row of them means that machines are wasted.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::ending::EndedBy;
use crate::model::id::{JobId, PoolName, TemplateVersion};
use crate::model::machine::{Machine, Phase};
use crate::model::snapshot::{BootRecord, Memory, PoolView, Sighting};
use crate::model::time::Timestamp;

/// The most jobs that the hub lists.
const JOBS_LISTED_MAX: usize = 500;

pub(super) type Boots = BTreeMap<PoolName, BTreeMap<TemplateVersion, BootRecord>>;

/// Takes in what was just seen of one machine. Each boot is counted once; console output that comes
/// later turns an unknown boot into what it was.
pub(super) fn observe(
    sighting: &mut Sighting,
    machine: &Machine,
    agent_seen_at: Option<Timestamp>,
    boots: &mut Boots,
    now: Timestamp,
) {
    if sighting.registered_at == Some(now) {
        boots
            .entry(machine.pool.clone())
            .or_default()
            .remove(&machine.template);
        return;
    }
    let has_ended = match machine.phase {
        Phase::Stopping | Phase::Gone => true,
        Phase::Pending | Phase::Running => false,
    };
    if !has_ended || sighting.registered_at.is_some() || sighting.boot_failed {
        return;
    }
    match verdict(machine) {
        Boot::Failed => {
            settle_unknown(sighting, machine, boots);
            sighting.boot_failed = true;
            sighting.boot_failed_at = Some(now);
            count_failure(boots, machine, now);
        }
        Boot::Neither => settle_unknown(sighting, machine, boots),
        Boot::Unknown if sighting.boot_unknown => {}
        Boot::Unknown if agent_seen_at.is_some_and(|at| machine.launched_at <= at) => {}
        Boot::Unknown => {
            sighting.boot_unknown = true;
            let record = record(boots, machine);
            record.unknown = record.unknown.saturating_add(1);
        }
    }
}

/// What a machine's end without a known agent says of its boot.
enum Boot {
    Failed,
    Neither,
    Unknown,
}

fn verdict(machine: &Machine) -> Boot {
    match (machine.console, &machine.ended_by) {
        (Some(marks), _) if marks.refused_by_hub => Boot::Neither,
        (Some(marks), _) if !marks.registered => Boot::Failed,
        (_, Some(EndedBy::Cloud { .. })) => Boot::Failed,
        (_, Some(EndedBy::Request | EndedBy::SpotReclaim { .. })) => Boot::Neither,
        (_, Some(EndedBy::Itself) | None) => Boot::Unknown,
    }
}

fn settle_unknown(sighting: &mut Sighting, machine: &Machine, boots: &mut Boots) {
    if std::mem::take(&mut sighting.boot_unknown) {
        let record = record(boots, machine);
        record.unknown = record.unknown.saturating_sub(1);
    }
}

pub(super) fn count_failure(boots: &mut Boots, machine: &Machine, now: Timestamp) {
    let record = record(boots, machine);
    record.failures = record.failures.saturating_add(1);
    record.failed_at = now;
}

fn record<'a>(boots: &'a mut Boots, machine: &Machine) -> &'a mut BootRecord {
    let templates = boots.entry(machine.pool.clone()).or_default();
    templates.entry(machine.template.clone()).or_default()
}

/// Takes in what the hub's answers tell of each pool's agents as a whole. More of them than before, or
/// a job that has left the queue, mean that some machine of the pool has booted. Without an API
/// token nothing else tells it of a machine that runs.
pub(super) fn note_signs(
    memory: &mut Memory,
    pools: &BTreeMap<PoolName, PoolView>,
    now: Timestamp,
) {
    memory
        .agent_signs
        .retain(|name, _| pools.contains_key(name));
    for (name, view) in pools {
        let Some(counts) = view.counts else { continue };
        let is_first = !memory.agent_signs.contains_key(name);
        let signs = memory.agent_signs.entry(name.clone()).or_default();
        let has_come = is_first || signs.counted < counts.agents();
        signs.counted = counts.agents();
        if (has_come && 0 < counts.agents()) || was_taken(memory.waiting.get(name), view) {
            signs.seen_at = Some(now);
            let templates = memory.boots.get_mut(name).into_iter().flatten();
            templates.for_each(|(_, record)| record.unknown = 0);
        }
    }
}

/// Whether a job that waited in an earlier tick is not in the queue any more.
fn was_taken(before: Option<&BTreeMap<JobId, Timestamp>>, view: &PoolView) -> bool {
    let (Some(before), Some(jobs)) = (before, &view.jobs) else {
        return false;
    };
    // The hub leaves out the oldest of a longer queue (protocol.md S13).
    let is_whole = jobs.len() < JOBS_LISTED_MAX;
    let jobs: BTreeSet<&JobId> = jobs.iter().collect();
    is_whole && before.keys().any(|job| !jobs.contains(job))
}
