//! When the world is at rest, and what must be so until then.

use std::time::Duration;

use super::body::{Body, Life};
use super::{Happening, Phase, World};
use crate::emulator::hub::job::JobState;
use crate::sim::oracle::{Invariant, liveness};
use crate::sim::{Figures, Report};
use dayfly::model::pool::PoolPolicy;
use dayfly::plan::census::{CONFIRMED_AFTER, SELF_END_GRACE};

/// From look to look whether the world is at rest.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// How long after the last fault an overdue machine may stay: the hub deletes a silent agent
/// without a job after three minutes, in rounds of one, and then the scaler waits until the
/// absence of many agents is confirmed.
const SETTLED_AFTER: Duration = Duration::from_secs(300).saturating_add(CONFIRMED_AFTER);

impl World {
    /// Goes on to the next phase when this one is at rest, and ends when it never will be.
    pub(super) fn look(&mut self) {
        let Some(healed_at) = self.healed_at else {
            return;
        };
        let open = self
            .hub
            .jobs()
            .filter(|job| job.state != JobState::Finished);
        let open = open.count();
        self.check_overdue();
        let too_long = healed_at.plus(self.rest_limit()) < self.agenda.now;
        if self.phase == Phase::Healing && open == 0 && self.workload.to_come == 0 {
            self.drain();
        }
        let alive = self.guests.alive();
        let registered = self.hub.agents().filter(|row| row.is_registered()).count();
        let at_rest = self.phase == Phase::Draining && alive == 0 && registered == 0;
        if at_rest || too_long {
            self.phase = Phase::Over;
        } else {
            self.agenda.after(LOOK_EVERY, Happening::Look);
        }
    }

    /// Within what everything has to be over once nothing goes wrong any more: the last machine
    /// may have been launched at that moment and live for its lifetime, the hub looks for silent
    /// agents for a quarter of an hour, and stops a job after as much; then the rest has to run
    /// through the smallest pool.
    pub(super) fn rest_limit(&self) -> Duration {
        let jobs: u32 = self.options.pools.iter().map(|pool| pool.jobs).sum();
        let round = self.options.job_seconds_max + self.options.boot_limit_seconds + 120;
        let rounds = u64::from(jobs / self.options.machines_max.clamp(1, 2) + 1);
        Duration::from_secs(self.options.lifetime_seconds + 4200 + rounds * round)
    }

    fn drain(&mut self) {
        self.phase = Phase::Draining;
        self.operator.policy.machines_max = 0;
        self.trace.note(self.agenda.now, || {
            "all jobs have ended; drained".to_owned()
        });
    }

    /// Machines that should have gone, some time after the storm.
    fn check_overdue(&mut self) {
        let settled = self.healed_at.map(|at| at.plus(SETTLED_AFTER));
        if settled.is_none_or(|at| self.agenda.now < at) {
            return;
        }
        let now = self.agenda.now;
        let ticks = Duration::from_secs(self.options.interval_seconds) * 4;
        // Two looks of the scaler, what ends late, and the way of the calls.
        let slack = SELF_END_GRACE + ticks + Duration::from_secs(60);
        let lifetime = Duration::from_secs(self.options.lifetime_seconds);
        let seen_by_hub = self.options.api_token;
        let overdue = |body: &Body| {
            let age = now.since(body.launched_at);
            let has_left = body.agent.is_none() && body.has_registered;
            let limit = if seen_by_hub && !body.has_registered && body.agent.is_none() {
                body.boot_limit
            } else {
                lifetime
            };
            let left_long_ago = seen_by_hub
                && has_left
                && body
                    .left_at
                    .is_some_and(|at| slack + SETTLED_AFTER * 4 < now.since(at));
            limit + slack < age || left_long_ago
        };
        let on = self.guests.all.iter_mut();
        let on = on.filter(|(_, body)| body.life == Life::On && !body.told);
        for (id, body) in on {
            if overdue(body) {
                body.told = true;
                let age = now.since(body.launched_at).as_secs();
                let text = format!("{id} is still there after {age} s");
                self.oracles.findings.add(Invariant::MachinesEnd, text, now);
            }
        }
    }

    /// What must be so when all is over.
    pub(in crate::sim) fn check_rest(&mut self) {
        let now = self.agenda.now;
        let findings = &mut self.oracles.findings;
        liveness::hub_at_rest(&self.hub, &self.workload.logs_given_up, findings, now);
        for (id, body) in &self.guests.all {
            if body.is_alive() && self.phase == Phase::Over {
                let age = now.since(body.launched_at).as_secs();
                let text = format!("{id} is still {:?} after {age} s", body.life);
                findings.add(Invariant::MachinesEnd, text, now);
            }
        }
        self.check_waste();
        self.check_secrets();
    }

    /// In a calm world, jobs and reserve explain every launch, or half of them.
    fn check_waste(&mut self) {
        let jobs: u32 = self.options.pools.iter().map(|pool| pool.jobs).sum();
        let pools = self.operator.policy.pools.values();
        let reserve: u32 = pools.map(PoolPolicy::reserve_max).sum();
        let economy = &self.oracles.economy;
        // Each machine of the reserve is sent away when it has waited, and replaced.
        let turns = self.agenda.elapsed().as_secs() / self.options.idle_timeout_seconds + 2;
        let churn = reserve * u32::try_from(turns).unwrap_or(u32::MAX);
        // A job that is taken just when the hub is asked looks as if it waited: one in ten.
        let max = jobs + churn + economy.excused + jobs / 10 + 1;
        // What is launched ahead of demand may cost as much again, over a day (docs/POLICY.md).
        let max = if self.options.pools.iter().any(|pool| pool.ahead) {
            2 * max + 10
        } else {
            max
        };
        let launched = economy.launched;
        if self.options.is_calm() && self.options.replicas == 1 && max < launched {
            let text = format!("{launched} machines were launched for {jobs} jobs, {max} would do");
            self.oracles
                .findings
                .add(Invariant::NoWaste, text, self.agenda.now);
        }
    }

    /// Tokens of the hub stand nowhere where a cloud shows them.
    fn check_secrets(&mut self) {
        let tokens = self.operator.tokens();
        for machine in self.ec2.machines() {
            let shown = machine.tags.values().chain(&machine.user_data);
            let console = machine.console.iter().map(|(_, line)| line);
            for text in shown.chain(console) {
                if tokens.iter().any(|token| text.contains(token)) {
                    let text = format!("{} shows a token", machine.id);
                    self.oracles
                        .findings
                        .add(Invariant::QuietSecrets, text, self.agenda.now);
                }
            }
        }
        let lines = self.trace.lines();
        if tokens.iter().any(|token| lines.contains(token)) {
            let text = "the trace shows a token";
            self.oracles
                .findings
                .add(Invariant::QuietSecrets, text, self.agenda.now);
        }
    }
}

impl World {
    /// What became of it.
    pub(in crate::sim) fn report(self) -> Report {
        let economy = &self.oracles.economy;
        let waits = self.hub.jobs();
        let waits = waits.filter_map(|job| Some(job.started_at?.since(job.waiting_at?)));
        let waits: Vec<Duration> = waits.collect();
        let figures = Figures {
            lasted: self.agenda.elapsed(),
            ticks: self.trace.ticks,
            jobs: self.workload.planned.len() as u64,
            machines: u64::from(economy.launched),
            machine_seconds: economy.machine_seconds,
            crashes: u64::from(economy.crashes),
            longest_wait: waits.iter().max().copied().unwrap_or_default(),
            started: waits.len() as u64,
        };
        Report {
            figures,
            digest: self.trace.digest(),
            trace: self.trace.lines().to_owned(),
            findings: self.oracles.into_findings(),
        }
    }
}
