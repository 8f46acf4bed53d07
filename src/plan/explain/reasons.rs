//! The phrase of every reason. Each fits after "because" or a colon.

use crate::model::clock::{ClockDisagreement, ClockSource};
use crate::model::plan::{EndReason, KeepReason, UndecidedReason, WaitReason};
use crate::model::time::{Spoken, Timestamp};

use super::ahead;
use crate::plan::census::ANSWERS_MIN;

/// What stands in the way of a launch.
pub fn wait_reason(reason: &WaitReason, now: Timestamp) -> String {
    match reason {
        WaitReason::Draining => "machines_max is 0: it is being drained".to_owned(),
        WaitReason::PoolCap { machines_max } => {
            format!("the pool has as many machines as it may (machines_max = {machines_max})")
        }
        WaitReason::DeploymentCap { machines_max } => format!(
            "all pools together have as many machines as they may (machines_max = {machines_max})"
        ),
        WaitReason::LaunchRate {
            launches_per_hour_max,
        } => format!(
            "an hour may see {launches_per_hour_max} launches (launches_per_hour_max), and has"
        ),
        WaitReason::Budget => {
            "another machine would cost more than dollars_per_hour_max allows".to_owned()
        }
        WaitReason::BreakerOpen { until, failures } => format!(
            "the last {failures} machines of this template did not boot; one is tried in {}",
            ahead(*until, now)
        ),
        WaitReason::BreakerProbing => {
            "boots of this template failed, and one machine is tried first".to_owned()
        }
        WaitReason::BootsUnknown { unknown } => format!(
            "the last {unknown} machines of this template ended before an agent was seen; one is \
             launched at a time until an agent registers"
        ),
        WaitReason::AgentQuota { agents, until } => format!(
            "the hub registers no more agents (quota reached with {agents} of ours); the next \
             machine is launched when one of them leaves, and one is tried in {}",
            ahead(*until, now)
        ),
        WaitReason::NoCapacity { until, word } => {
            format!(
                "no offer can be had ({word}); the first is tried again in {}",
                ahead(*until, now)
            )
        }
        WaitReason::SpotPatience {
            since,
            patience,
            word,
        } => {
            format!(
                "spot has had no capacity for {} ({word}); on-demand is tried after {}",
                Spoken(now.since(*since)),
                Spoken(*patience)
            )
        }
        WaitReason::Refused { word, until } => {
            format!(
                "the cloud refuses: {word}; it is asked again in {}",
                ahead(*until, now)
            )
        }
        WaitReason::CloudSilent => "the cloud did not list its machines".to_owned(),
        WaitReason::HubSilent => "the hub did not return counts".to_owned(),
    }
}

/// Why a machine stays.
pub fn keep_reason(reason: &KeepReason, now: Timestamp) -> String {
    match reason {
        KeepReason::Held => "an operator holds it".to_owned(),
        KeepReason::Booting { until } => {
            format!("it boots, and has {} left for it", ahead(*until, now))
        }
        KeepReason::Impaired { until } => format!(
            "the cloud's own checks of it fail; another is launched in its place, and it has {} \
             left to boot",
            ahead(*until, now)
        ),
        KeepReason::Waiting => "its agent waits for a job".to_owned(),
        KeepReason::Running => "its agent has a job".to_owned(),
        KeepReason::Registered => {
            "its agent has registered; no source tells whether it has a job".to_owned()
        }
        KeepReason::Closing { until } => format!(
            "it has nothing left to do, and {} to power itself off",
            ahead(*until, now)
        ),
        KeepReason::Ending => "it is ending already".to_owned(),
        KeepReason::Unconfirmed {
            wanted,
            machines,
            until,
        } => format!(
            "it should be terminated ({}), but the hub's agent list lacks {machines} agents of \
             the pool at once; if that lasts, it is terminated in {}",
            end_reason(wanted, now),
            ahead(*until, now)
        ),
        KeepReason::TooFewAnswers { wanted, answers } => format!(
            "it should be terminated ({}), but only {answers} of the {ANSWERS_MIN} answers of the \
             hub that this takes have said so",
            end_reason(wanted, now)
        ),
        KeepReason::ClocksDisagree { wanted } => format!(
            "it should be terminated ({}), but this host's clock disagrees with another one, so \
             ages are unknown",
            end_reason(wanted, now)
        ),
        KeepReason::TerminationRefused {
            wanted,
            refusal,
            until,
        } => format!(
            "it should be terminated ({}), and the cloud refuses: {refusal}; \
             the next attempt is in {}",
            end_reason(wanted, now),
            ahead(*until, now)
        ),
    }
}

/// Why a machine is ended from outside.
pub fn end_reason(reason: &EndReason, now: Timestamp) -> String {
    match reason {
        EndReason::BootLimit { limit } => {
            format!(
                "no agent registered within its boot limit of {}",
                Spoken(*limit)
            )
        }
        EndReason::AgentLeft { since } => format!(
            "its agent left {} ago, and it did not power itself off",
            Spoken(now.since(*since))
        ),
        EndReason::Lifetime { limit } => {
            format!("it is older than its lifetime of {}", Spoken(*limit))
        }
    }
}

/// How far this host's clock is from another, and what follows.
pub fn clock_disagreement(disagreement: &ClockDisagreement) -> String {
    let whose = match disagreement.source {
        ClockSource::Hub => "the hub's",
        ClockSource::Cloud => "the cloud's",
    };
    let direction = if disagreement.offset.is_ahead() {
        "ahead of"
    } else {
        "behind"
    };
    format!(
        "this host's clock is {} {direction} {whose}: no machine is terminated by its age",
        Spoken(disagreement.offset.span())
    )
}

/// What is not known of a machine.
pub fn undecided_reason(reason: UndecidedReason) -> &'static str {
    match reason {
        UndecidedReason::AgentUnknown => {
            "it is past its boot limit, and neither the hub nor its console shows whether an agent \
             registered"
        }
        UndecidedReason::PoolUnknown => "its pool is not in the configuration",
    }
}
