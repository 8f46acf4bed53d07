//! Carries out a plan: every action at the same time, one outcome each, and no choice of its own.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::model::id::MachineId;
use crate::model::plan::{EndReason, LaunchOrder, MachineVerdict, Plan};
use crate::ports::{Cloud, CloudError, LaunchError, Launched};

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
pub async fn apply(cloud: &impl Cloud, plan: &Plan) -> Vec<Outcome> {
    let orders = plan.pools.values().filter_map(|pool| pool.launch.as_ref());
    let launches = join_all(orders.map(|order| launch(cloud, order)));
    let (mut outcomes, ends) = tokio::join!(launches, end(cloud, ends(plan)));
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

async fn launch(cloud: &impl Cloud, order: &LaunchOrder) -> Outcome {
    let order = order.clone();
    match cloud.launch(&order).await {
        Ok(launched) => Outcome::Launched { order, launched },
        Err(error) => Outcome::LaunchFailed { order, error },
    }
}

async fn end(cloud: &impl Cloud, ends: BTreeMap<MachineId, EndReason>) -> Vec<Outcome> {
    if ends.is_empty() {
        return Vec::new();
    }
    let machines: Vec<MachineId> = ends.keys().cloned().collect();
    let mut answers = cloud.end(&machines).await;
    ends.into_iter()
        .map(|(machine, reason)| match answers.remove(&machine) {
            Some(Ok(())) => Outcome::Ended { machine, reason },
            Some(Err(error)) => Outcome::EndFailed {
                machine,
                reason,
                error,
            },
            None => {
                let error = CloudError::Failed("no answer about this machine".to_owned());
                Outcome::EndFailed {
                    machine,
                    reason,
                    error,
                }
            }
        })
        .collect()
}
