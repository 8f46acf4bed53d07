//! Carries out a plan: every action at the same time, one outcome each, and no choice of its own.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, join_all, select};

use crate::model::id::MachineId;
use crate::model::plan::{EndReason, LaunchOrder, MachineVerdict, Plan};
use crate::ports::{Clock, Cloud, CloudError, LaunchError, Launched};

/// What became of one action of a plan.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The cloud took the order; part of it may not have come.
    Launched {
        /// What was asked for.
        order: LaunchOrder,
        /// What came.
        launched: Launched,
    },
    /// The cloud did not take the order.
    LaunchFailed {
        /// What was asked for.
        order: LaunchOrder,
        /// Why nothing is known to have come.
        error: LaunchError,
    },
    /// A machine was ended.
    Ended {
        /// Which.
        machine: MachineId,
        /// Why.
        reason: EndReason,
    },
    /// A machine should have been ended; the next tick tries again.
    EndFailed {
        /// Which.
        machine: MachineId,
        /// Why it should end.
        reason: EndReason,
        /// Why it did not.
        error: CloudError,
    },
}

/// Does what the plan says: all launches and one batch of ends.
///
/// What is not done `within` the span is dropped, and starts no further call from then on. Its
/// outcome says that it may have happened: the next look will tell, and the token makes a repeat
/// harmless.
pub async fn apply(
    cloud: &impl Cloud,
    clock: &impl Clock,
    plan: &Plan,
    within: Option<Duration>,
) -> Vec<Outcome> {
    let orders = plan.pools.values().filter_map(|pool| pool.launch.as_ref());
    let launches = join_all(orders.map(|order| launch(cloud, clock, order, within)));
    let (mut outcomes, ends) = tokio::join!(launches, end(cloud, clock, ends(plan), within));
    outcomes.extend(ends);
    outcomes
}

/// The machines that a plan ends, with the reason of each.
pub fn ends(plan: &Plan) -> BTreeMap<MachineId, EndReason> {
    plan.pools
        .values()
        .flat_map(|pool| &pool.machines)
        .chain(&plan.strays)
        .filter_map(|(id, verdict)| match verdict {
            MachineVerdict::End { reason } => Some((id.clone(), *reason)),
            MachineVerdict::Keep { .. } | MachineVerdict::Undecided { .. } => None,
        })
        .collect()
}

async fn launch(
    cloud: &impl Cloud,
    clock: &impl Clock,
    order: &LaunchOrder,
    within: Option<Duration>,
) -> Outcome {
    let order = order.clone();
    let answer = bounded(cloud.launch(&order), clock, within).await;
    match answer {
        Ok(Ok(launched)) => Outcome::Launched { order, launched },
        Ok(Err(error)) => Outcome::LaunchFailed { order, error },
        Err(_) => {
            let reason = LEASE_ENDED.to_owned();
            let error = LaunchError::Unknown { reason };
            Outcome::LaunchFailed { order, error }
        }
    }
}

async fn end(
    cloud: &impl Cloud,
    clock: &impl Clock,
    ends: BTreeMap<MachineId, EndReason>,
    within: Option<Duration>,
) -> Vec<Outcome> {
    if ends.is_empty() {
        return Vec::new();
    }
    let machines: Vec<MachineId> = ends.keys().cloned().collect();
    let (mut answers, silence) = match bounded(cloud.end(&machines), clock, within).await {
        Ok(answers) => (answers, "no answer about this machine"),
        Err(_) => (BTreeMap::new(), LEASE_ENDED),
    };
    ends.into_iter()
        .map(|(machine, reason)| match answers.remove(&machine) {
            Some(Ok(())) => Outcome::Ended { machine, reason },
            Some(Err(error)) => Outcome::EndFailed {
                machine,
                reason,
                error,
            },
            None => {
                let error = CloudError::Failed(silence.to_owned());
                Outcome::EndFailed {
                    machine,
                    reason,
                    error,
                }
            }
        })
        .collect()
}

/// Why an action was dropped.
const LEASE_ENDED: &str = "this replica's lease ended before the answer came";

/// The span was over first.
struct Elapsed;

/// What a future gives, if it does within the span. The span's end is looked at first: a process
/// that was paused must not go on to the next call with an answer that has waited for it.
async fn bounded<T>(
    action: impl Future<Output = T>,
    clock: &impl Clock,
    within: Option<Duration>,
) -> Result<T, Elapsed> {
    let Some(span) = within else {
        return Ok(action.await);
    };
    match select(pin!(clock.sleep(span)), pin!(action)).await {
        Either::Left(((), _)) => Err(Elapsed),
        Either::Right((done, _)) => Ok(done),
    }
}
