//! Everything comes to its end: what must be so some time after nothing goes wrong any more.

use std::collections::BTreeSet;

use super::{Findings, Invariant};
use crate::emulator::hub::Hub;
use crate::emulator::hub::Violation;
use crate::emulator::hub::job::JobState;
use dayfly::model::id::JobId;
use dayfly::model::plan::{JobVerdict, WaitReason};
use dayfly::model::time::Timestamp;
use dayfly::scaler::Tick;

/// What each tick shows by itself: reasons are true, and what is needed is launched.
pub fn see_tick(findings: &mut Findings, tick: &Tick, reserves: &[(String, u32)], now: Timestamp) {
    for (name, pool) in &tick.plan.pools {
        let balance = pool.balance;
        let Some(queued) = balance.queued else {
            continue;
        };
        let blamed = |reason: &WaitReason| match reason {
            WaitReason::CloudSilent => tick.snapshot.machines.is_some(),
            WaitReason::HubSilent => true,
            _ => false,
        };
        let mut verdicts = pool.jobs.iter();
        let untrue = verdicts.find(|(_, verdict)| match verdict {
            JobVerdict::Blocked { reason } => blamed(reason),
            _ => false,
        });
        if let Some((job, _)) = untrue {
            let text = format!("job {job} waits for an answer that has come");
            findings.add(Invariant::Served, text, now);
        }
        let supply = balance.booting.zip(balance.waiting);
        let Some((booting, waiting)) = supply.filter(|_| pool.obstacle.is_none()) else {
            continue;
        };
        let reserve = reserves.iter().find(|(pool, _)| pool == name.as_str());
        let need = queued - balance.picked_up.min(queued) + reserve.map_or(0, |(_, it)| *it);
        let there = booting + waiting + balance.launched;
        if there < need {
            let text =
                format!("{name} needs {need} machines, has {there}, and nothing is in the way");
            findings.add(Invariant::Served, text, now);
        }
    }
}

/// What the hub has seen, when all is over.
pub fn hub_at_rest(
    hub: &Hub,
    logs_given_up: &BTreeSet<JobId>,
    findings: &mut Findings,
    now: Timestamp,
) {
    for job in hub.jobs().filter(|job| job.state != JobState::Finished) {
        let text = format!("job {} is still {:?}", job.id, job.state);
        findings.add(Invariant::JobsEnd, text, now);
    }
    for violation in hub.violations() {
        match violation {
            Violation::NotEnded { .. } => {}
            // A log server that does not answer for a minute gets no more of it, and an agent that
            // was forgotten by the hub writes until it hears so.
            Violation::LogCutShort { job, .. }
            | Violation::PushAfterReport { job, .. }
            | Violation::PushBeyondEnd { job, .. }
            | Violation::BadOrder { job, .. }
                if logs_given_up.contains(&job) => {}
            Violation::ResultChanged { .. }
            | Violation::ForeignReport { .. }
            | Violation::PushAfterReport { .. }
            | Violation::PushBeyondEnd { .. }
            | Violation::BadOrder { .. }
            | Violation::LogCutShort { .. }
            | Violation::RowLeft { .. } => {
                findings.add(Invariant::HubAtPeace, violation.to_string(), now);
            }
        }
    }
}
