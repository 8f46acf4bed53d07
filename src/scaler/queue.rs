//! Since when jobs wait. The hub gives ids without their moments, so each job's first look is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::id::PoolName;
use crate::model::snapshot::{Memory, PoolView};
use crate::model::time::Timestamp;

/// Takes in the queues of all pools. Of a pool whose queue the hub did not tell, everything is
/// remembered: a job that waits does not become younger by a silence.
pub fn see(memory: &mut Memory, pools: &BTreeMap<PoolName, PoolView>, now: Timestamp) {
    memory.waiting.retain(|name, _| pools.contains_key(name));
    for (name, view) in pools {
        let (Some(counts), Some(jobs)) = (view.counts, &view.jobs) else {
            continue;
        };
        // The oldest first; what is listed beyond the count no agent could take yet.
        let ready = jobs.iter().take(counts.queued as usize);
        let before = memory.waiting.remove(name).unwrap_or_default();
        let since = |job| before.get(job).copied().unwrap_or(now);
        let waiting = ready.map(|job| (job.clone(), since(job))).collect();
        memory.waiting.insert(name.clone(), waiting);
    }
}

/// How long the oldest job that an agent could take has been seen to wait: never longer than it
/// has waited, and shorter by what passed before this process first saw it. Zero is an empty
/// queue; `None` is a queue of which the hub did not tell.
pub fn age(view: &PoolView, name: &PoolName, memory: &Memory, now: Timestamp) -> Option<Duration> {
    view.counts?;
    view.jobs.as_ref()?;
    let waiting = memory.waiting.get(name)?;
    let oldest = waiting.values().min();
    Some(oldest.map_or(Duration::ZERO, |since| now.since(*since)))
}
