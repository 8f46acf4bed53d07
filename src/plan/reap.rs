//! Step 4: who must go. A verdict for one machine at a time, from what is known of it alone.

use crate::model::plan::{EndReason, KeepReason, MachineVerdict, UndecidedReason};
use crate::model::time::Timestamp;

use super::census::{Counted, SELF_END_GRACE, Standing};

/// The verdict on a machine of a pool.
///
/// A machine that waits or works is never ended here: the hub sends a waiting agent away, after
/// it has looked for a job, and a working one ends with its job. What is ended from outside is a
/// machine that should have ended by itself and did not.
pub fn verdict(counted: Counted<'_>, now: Timestamp) -> MachineVerdict {
    if let Some(settled) = settled(counted) {
        return settled;
    }
    match counted.standing {
        Standing::Ending => keep(KeepReason::Ending),
        Standing::Booting { until } => keep(KeepReason::Booting { until }),
        Standing::Impaired { until } => keep(KeepReason::Impaired { until }),
        Standing::Waiting => keep(KeepReason::Waiting),
        Standing::Running { .. } => keep(KeepReason::Running),
        Standing::Registered => keep(KeepReason::Registered),
        Standing::Left { since } => after_grace(since, now, EndReason::AgentLeft { since }),
        Standing::Overdue => {
            let limit = counted.machine.boot_limit;
            after_grace(
                counted.machine.boot_deadline(),
                now,
                EndReason::BootLimit { limit },
            )
        }
        Standing::Outlived => MachineVerdict::End {
            reason: EndReason::Lifetime {
                limit: counted.machine.lifetime,
            },
        },
        Standing::Unknown => MachineVerdict::Undecided {
            reason: UndecidedReason::AgentUnknown,
        },
    }
}

/// The verdict on a machine that carries our tag and belongs to no pool of the policy.
/// Nobody knows whether it works, so its lifetime alone ends it.
pub fn stray_verdict(counted: Counted<'_>, now: Timestamp) -> MachineVerdict {
    match settled(counted) {
        Some(settled) => settled,
        None if counted.standing == Standing::Outlived => verdict(counted, now),
        None => MachineVerdict::Undecided {
            reason: UndecidedReason::PoolUnknown,
        },
    }
}

/// What holds for every machine, whatever its agent does.
fn settled(counted: Counted<'_>) -> Option<MachineVerdict> {
    let machine = counted.machine;
    // Ending comes before held: nothing would be done to it anyway, and this says more.
    if counted.standing == Standing::Ending {
        Some(keep(KeepReason::Ending))
    } else if machine.held {
        Some(keep(KeepReason::Held))
    } else if !counted.listed {
        Some(keep(KeepReason::Booting {
            until: machine.boot_deadline(),
        }))
    } else {
        None
    }
}

fn after_grace(since: Timestamp, now: Timestamp, reason: EndReason) -> MachineVerdict {
    let until = since.plus(SELF_END_GRACE);
    if now <= until {
        keep(KeepReason::Closing { until })
    } else {
        MachineVerdict::End { reason }
    }
}

fn keep(reason: KeepReason) -> MachineVerdict {
    MachineVerdict::Keep { reason }
}
