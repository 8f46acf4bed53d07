//! Nothing bad happens: invariants that hold at every moment, storm or not.

use std::collections::BTreeMap;

use super::{Findings, Invariant};
use crate::emulator::hub::Hub;
use crate::emulator::hub::job::JobState;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;
use dayfly::scaler::Tick;
use dayfly::scaler::apply::Outcome;
use dayfly_agent::state::Reason;

/// A machine that a controller is about to end, as it really is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victim {
    /// Which.
    pub id: String,
    /// It carries our tag.
    pub is_ours: bool,
    /// It is held for longer than the tick lasts.
    pub is_held: bool,
    /// Its agent is registered, and runs.
    pub has_agent: bool,
    /// It has outlived its lifetime.
    pub has_outlived: bool,
    /// It was not on its way out already.
    pub was_alive: bool,
}

/// What was seen of jobs and launches.
#[derive(Debug, Default)]
pub struct Safety {
    /// Who ran each job.
    started: BTreeMap<JobId, String>,
    /// Machines of each launch token, and the most that were ordered with it.
    tokens: BTreeMap<String, (u32, u32)>,
}

/// What each tick shows by itself.
pub fn see_tick(findings: &mut Findings, tick: &Tick, now: Timestamp) {
    for violation in &tick.violations {
        findings.add(Invariant::SecondOpinion, violation.to_string(), now);
    }
    if tick.snapshot.machines.is_none() && !tick.outcomes.is_empty() {
        let text = "something was done without the cloud's list";
        findings.add(Invariant::BlindMeansStill, text, now);
    }
    for outcome in &tick.outcomes {
        let pool = match outcome {
            Outcome::Launched { order, .. } | Outcome::LaunchFailed { order, .. } => &order.pool,
            Outcome::Ended { .. } | Outcome::EndFailed { .. } => continue,
        };
        let view = tick.snapshot.pools.get(pool);
        if view.is_none_or(|view| view.counts.is_none()) {
            let text = format!("{pool} launched without the hub's counts");
            findings.add(Invariant::BlindMeansStill, text, now);
        }
    }
}

impl Safety {
    /// A job was given to a machine.
    pub fn job_started(
        &mut self,
        job: &JobId,
        agent: &str,
        findings: &mut Findings,
        now: Timestamp,
    ) {
        if let Some(other) = self.started.insert(job.clone(), agent.to_owned()) {
            let text = format!("job {job} was started on {other} and on {agent}");
            findings.add(Invariant::OneJobOneMachine, text, now);
        }
    }

    /// A launch has given machines.
    pub fn launched(
        &mut self,
        token: &str,
        ordered: u32,
        came: u32,
        findings: &mut Findings,
        now: Timestamp,
    ) {
        let entry = self.tokens.entry(token.to_owned()).or_default();
        entry.0 += came;
        entry.1 = entry.1.max(ordered);
        if entry.1 < entry.0 {
            let (there, max) = *entry;
            let text = format!("{there} machines came with {token}, which ordered {max}");
            findings.add(Invariant::Idempotent, text, now);
        }
    }
}

/// A machine has taken up its `jobs`th job.
pub fn machine_runs(id: &str, jobs: u32, findings: &mut Findings, now: Timestamp) {
    if 1 < jobs {
        let text = format!("{id} runs its job number {jobs}");
        findings.add(Invariant::OneJobOneMachine, text, now);
    }
}

/// A controller has ended a machine.
pub fn ended(victim: &Victim, findings: &mut Findings, now: Timestamp) {
    let id = &victim.id;
    if !victim.is_ours {
        let text = format!("{id} is somebody else's, and was ended");
        findings.add(Invariant::OursAlone, text, now);
    }
    if victim.is_held {
        findings.add(
            Invariant::OursAlone,
            format!("{id} is held, and was ended"),
            now,
        );
    }
    if victim.has_agent && victim.was_alive && !victim.has_outlived {
        let text = format!("{id} has a registered agent, and was ended before its lifetime");
        findings.add(Invariant::NeverKillWork, text, now);
    }
}

/// An agent has left by itself.
pub fn agent_left(hub: &Hub, id: &str, reason: Reason, findings: &mut Findings, now: Timestamp) {
    let is_known = hub.agent(id).is_some_and(|row| row.is_registered());
    if reason == Reason::RowGone && is_known {
        let text = format!("{id} left as unknown to the hub, which knows it");
        findings.add(Invariant::BlipIsNoVerdict, text, now);
    }
    if reason != Reason::JobFinished {
        return;
    }
    let mut of_agent = hub.jobs().filter(|it| it.agent_name.as_deref() == Some(id));
    let open = of_agent.find(|it| it.state != JobState::Finished || it.log_closed_at.is_none());
    if let Some(job) = open {
        let text = format!("{id} left, and job {} or its log is open", job.id);
        findings.add(Invariant::LogClosed, text, now);
    }
}
