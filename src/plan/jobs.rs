//! Step 5: a verdict for every job that the hub listed.

use std::collections::BTreeMap;

use crate::model::id::JobId;
use crate::model::plan::{Balance, JobVerdict, WaitReason};

use super::supply::Supply;

/// Deals the supply and the launch out to the jobs, the oldest first, as the hub will.
/// Jobs beyond the hub's own count of queued ones are listed early: no agent could take them yet.
pub fn verdicts(
    jobs: &[JobId],
    balance: &Balance,
    supply: Supply,
    obstacle: Option<&WaitReason>,
) -> BTreeMap<JobId, JobVerdict> {
    let Some(queued) = balance.queued else {
        return all_blocked(jobs, &WaitReason::HubSilent);
    };
    let mut shares = [
        (balance.picked_up, JobVerdict::PickedUp),
        (supply.waiting, JobVerdict::Waiting),
        (supply.booting, JobVerdict::Booting),
        (balance.launched, JobVerdict::Launch),
    ];
    let mut ready = queued;
    let mut verdicts = BTreeMap::new();
    for job in jobs {
        let verdict = if ready == 0 {
            JobVerdict::NotReady
        } else {
            ready -= 1;
            next_share(&mut shares).unwrap_or_else(|| JobVerdict::Blocked {
                // A job that is ready and gets nothing is missing a machine, and then the
                // launch step has said what stood in the way.
                reason: obstacle.cloned().unwrap_or(WaitReason::CloudSilent),
            })
        };
        verdicts.insert(job.clone(), verdict);
    }
    verdicts
}

/// The same reason for every job.
pub fn all_blocked(jobs: &[JobId], reason: &WaitReason) -> BTreeMap<JobId, JobVerdict> {
    jobs.iter()
        .map(|job| {
            (
                job.clone(),
                JobVerdict::Blocked {
                    reason: reason.clone(),
                },
            )
        })
        .collect()
}

fn next_share(shares: &mut [(u32, JobVerdict)]) -> Option<JobVerdict> {
    let (left, verdict) = shares.iter_mut().find(|(left, _)| 0 < *left)?;
    *left -= 1;
    Some(verdict.clone())
}
