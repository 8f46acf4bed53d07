//! Machines and their agents: what happens in them, and what they ask of the hub.

use std::time::Duration;

use super::body::{Body, Boot, BootConditions, Life};
use super::{DEPLOYMENT, Deed, Phase, World};
use crate::emulator::ec2::journal::Change;
use crate::emulator::ec2::machine::{Health, State as Ec2State};
use crate::emulator::hub::journal::Change as HubChange;
use crate::emulator::message::{Delivery, Response};
use crate::sim::agent::{Agent, AgentCall, CALL_LIMIT, is_acknowledged, is_final};
use crate::sim::oracle::safety;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::JobId;
use dayfly::model::machine::REFUSED_BY_HUB;
use dayfly_agent::state::{Effect, Event, Reason};

impl World {
    /// Takes in what has happened in the emulators.
    pub(super) fn take_changes(&mut self) {
        for change in self.ec2.drain_changes() {
            if let Change::StateChanged { machine, state, .. } = change {
                self.machine_comes_to(&machine, state);
            }
        }
        for change in self.hub.drain_changes() {
            match change {
                HubChange::JobStarted { job, agent, .. } => {
                    self.trace
                        .note(self.agenda.now, || format!("job {job} starts on {agent}"));
                    self.picked_up();
                    let findings = &mut self.oracles.findings;
                    self.oracles
                        .safety
                        .job_started(&job, &agent, findings, self.agenda.now);
                }
                HubChange::JobFinished { job, result, .. } => {
                    let result = result.as_str();
                    self.trace
                        .note(self.agenda.now, || format!("job {job} ends: {result}"));
                }
                HubChange::AgentRegistered { .. }
                | HubChange::AgentLeft { .. }
                | HubChange::JobWaiting { .. }
                | HubChange::LogGrown { .. }
                | HubChange::LogClosed { .. } => {}
            }
        }
    }

    fn machine_comes_to(&mut self, id: &str, state: Ec2State) {
        self.trace
            .note(self.agenda.now, || format!("{id} is {}", state.name()));
        match state {
            Ec2State::Pending => self.conceive(id),
            Ec2State::Running => self.power_on(id),
            Ec2State::ShuttingDown | Ec2State::Stopping | Ec2State::Stopped => {
                self.lose_power(id, Life::Ending);
            }
            Ec2State::Terminated => self.lose_power(id, Life::Gone),
        }
    }

    /// A machine was launched: how it will go is drawn now.
    fn conceive(&mut self, id: &str) {
        let Some(machine) = self.ec2.machine(id) else {
            return;
        };
        let tag = |key: &str| machine.tags.get(key).cloned().unwrap_or_default();
        if tag("dayfly:deployment") != DEPLOYMENT {
            return;
        }
        let pool = tag("dayfly:pool");
        let Some(pool) = self.operator.pool(&pool) else {
            return;
        };
        let seconds = |key: &str| Duration::from_secs(tag(key).parse().unwrap_or(0));
        let (boot_limit, lifetime) = (seconds("dayfly:boot-limit"), seconds("dayfly:lifetime"));
        let idle_timeout = tag("dayfly:idle-timeout").parse();
        let idle_timeout = idle_timeout.unwrap_or(self.options.idle_timeout_seconds);
        let hourly = self.operator.hourly(&machine.instance_type, machine.market);
        let in_storm = self.phase == Phase::Storm;
        let conditions = BootConditions {
            boot_limit,
            in_storm,
            is_image_bad: self.agenda.now < self.bad_image_until,
        };
        let boot = self.chances.boot(&self.options, conditions);
        let rates = self.options.rates;
        let chance = &mut self.chances.machines;
        let (vanishes, after) = (chance.per_mille(rates.vanishes), chance.seconds(0, 200));
        let stays_on = chance.per_mille(rates.stays_on);
        let mute = chance.per_mille(rates.mute);
        let body = Body {
            pool,
            launched_at: self.agenda.now,
            boot_limit,
            idle_timeout: Duration::from_secs(idle_timeout),
            boot,
            vanishes_after: (vanishes && in_storm).then_some(after),
            stays_on: stays_on && in_storm,
            mute: mute && in_storm,
            agent: None,
            has_registered: false,
            jobs_run: 0,
            life: Life::Pending,
            held_since: None,
            hourly,
            excused: false,
            left_at: None,
            heard_by: None,
            told: false,
        };
        self.guests.add(id, body);
        self.agenda.machine_after(boot_limit, id, Deed::BootLimit);
        self.agenda.machine_after(lifetime, id, Deed::Lifetime);
    }

    fn write_console(&mut self, id: &str, line: &str) {
        if self.guests.all.get(id).is_some_and(|body| !body.mute) {
            self.ec2.write_console(id, line, self.agenda.now);
        }
    }

    fn power_on(&mut self, id: &str) {
        self.write_console(id, "[    0.000000] Linux\n");
        let Some(body) = self.guests.all.get_mut(id) else {
            return;
        };
        body.life = Life::On;
        let health = self.ec2.machine(id).map(|machine| machine.health);
        if health == Some(Health::Impaired) {
            body.boot = Boot::Hangs;
        }
        // Who was pending for longer than it may boot notices as soon as it runs.
        let overdue = body.launched_at.plus(body.boot_limit) <= self.agenda.now;
        match body.boot {
            Boot::Works(_) | Boot::WithoutAgent if overdue => {
                self.agenda
                    .machine_after(Duration::from_secs(5), id, Deed::PowerOff);
            }
            Boot::Works(span) => self.agenda.machine_after(span, id, Deed::Start),
            Boot::Fails(span) => self.agenda.machine_after(span, id, Deed::PowerOff),
            Boot::Hangs | Boot::WithoutAgent => {}
        }
    }

    fn lose_power(&mut self, id: &str, life: Life) {
        if let Some(body) = self.guests.all.get_mut(id) {
            body.life = life;
            body.agent = None;
            if life == Life::Gone {
                self.oracles
                    .economy
                    .machine_gone(body.launched_at, self.agenda.now);
            }
        }
    }

    pub(super) fn machine_does(&mut self, id: &str, deed: Deed) {
        let Some(body) = self.guests.all.get_mut(id).filter(|it| it.life == Life::On) else {
            return;
        };
        match deed {
            Deed::Start => self.start_agent(id),
            Deed::BootLimit => {
                if !body.has_registered && body.boot != Boot::Hangs {
                    self.ec2.power_off(id, self.agenda.now);
                }
            }
            Deed::Lifetime => {
                if body.boot != Boot::Hangs {
                    self.ec2.power_off(id, self.agenda.now);
                }
            }
            Deed::PowerOff => self.ec2.power_off(id, self.agenda.now),
            Deed::Vanish => {
                body.agent = None;
                body.excused = true;
                body.left_at = Some(self.agenda.now);
                self.trace
                    .note(self.agenda.now, || format!("the agent of {id} vanishes"));
            }
            Deed::Deadline => {
                if let Some(agent) = &mut body.agent {
                    agent.wakes_at = None;
                    self.step(id, Event::DeadlinePassed);
                }
            }
            Deed::Answer(call, answer) => self.agent_hears(id, call, answer.as_ref()),
            Deed::JobDone(job, result) => self.job_done(id, &job, result),
            Deed::Log => self.tend_log(id),
        }
        self.take_changes();
    }

    /// Its boot limit counts from the launch, however long the machine was pending: an agent that
    /// starts later would meet the scaler, which ends such a machine.
    fn start_agent(&mut self, id: &str) {
        let seed = self.chances.machines.number();
        let now = self.agenda.now;
        let Some(body) = self.guests.all.get_mut(id) else {
            return;
        };
        if body.launched_at.plus(body.boot_limit) <= now {
            self.ec2.power_off(id, now);
            return;
        }
        let Some(pool) = self.operator.pools.get(body.pool) else {
            return;
        };
        body.agent = Some(Agent::new(pool.token.clone(), seed));
        self.step(id, Event::Started);
    }

    /// Tells the agent's state what has happened, does what it wants, and sees to its next deadline.
    pub(super) fn step(&mut self, id: &str, event: Event) {
        let now = self.agenda.now;
        if event == Event::Registered {
            self.registered(id);
        }
        let agent = self.guests.agent(id);
        let Some(agent) = agent else { return };
        for effect in agent.state.step(event, now) {
            self.perform(id, effect);
        }
        let agent = self.guests.agent(id);
        let Some(agent) = agent else { return };
        if let Some(deadline) = agent.state.deadline()
            && agent.wakes_at.is_none_or(|at| deadline < at)
        {
            agent.wakes_at = Some(deadline);
            self.agenda.machine_at(deadline, id, Deed::Deadline);
        }
    }

    fn registered(&mut self, id: &str) {
        self.write_console(id, &format!("dayfly: registered {id}\n"));
        if let Some(body) = self.guests.all.get_mut(id) {
            body.has_registered = true;
            if let Some(span) = body.vanishes_after {
                self.agenda.machine_after(span, id, Deed::Vanish);
            }
        }
    }

    fn perform(&mut self, id: &str, effect: Effect) {
        match effect {
            Effect::Register => self.agent_calls(id, AgentCall::Register),
            Effect::Sync(report) => self.agent_calls(id, AgentCall::Sync(report)),
            Effect::FetchPayload(job) => self.agent_calls(id, AgentCall::Payload(job)),
            Effect::Disconnect => self.agent_calls(id, AgentCall::Disconnect),
            Effect::RunJob(job) => {
                let planned = self.workload.planned.get(&job).copied();
                self.run_job(id, job, planned.map(|it| (it.span, it.result)));
            }
            Effect::FailJob(job, _) => {
                self.run_job(id, job, Some((Duration::ZERO, JobResult::Failed)));
            }
            Effect::StopJob(job) => {
                let stopping = self.chances.machines.millis(100, 2000);
                self.agenda
                    .machine_after(stopping, id, Deed::JobDone(job, JobResult::Stopped));
            }
            Effect::CloseLog(_) => self.close_log(id),
            Effect::AbandonLog(job) => {
                self.workload.logs_given_up.insert(job);
                if let Some(agent) = self.guests.agent(id) {
                    agent.log = None;
                }
            }
            Effect::Shutdown(reason) => self.agent_leaves(id, reason),
        }
    }

    fn run_job(&mut self, id: &str, job: JobId, plan: Option<(Duration, JobResult)>) {
        let now = self.agenda.now;
        let (span, result) = plan.unwrap_or((Duration::ZERO, JobResult::Failed));
        if let Some(body) = self.guests.all.get_mut(id) {
            body.jobs_run += 1;
            safety::machine_runs(id, body.jobs_run, &mut self.oracles.findings, now);
        }
        if let Some(agent) = self.guests.agent(id) {
            agent.open_log(&job, None);
            agent.jobs_run += 1;
            agent.running = Some(job.clone());
            agent.write_begin(now);
        }
        self.agenda
            .machine_after(span, id, Deed::JobDone(job, result));
        self.tend_log(id);
    }

    fn job_done(&mut self, id: &str, job: &JobId, result: JobResult) {
        let now = self.agenda.now;
        let Some(agent) = self.guests.agent(id) else {
            return;
        };
        if agent.running.as_ref() != Some(job) {
            return;
        }
        agent.running = None;
        agent.write_end(result, now);
        self.step(id, Event::JobEnded(job.clone(), result));
        self.tend_log(id);
    }

    fn agent_leaves(&mut self, id: &str, reason: Reason) {
        self.trace.note(self.agenda.now, || {
            format!("the agent of {id} leaves: {reason}")
        });
        let Some(body) = self.guests.all.get_mut(id) else {
            return;
        };
        body.agent = None;
        body.left_at = Some(self.agenda.now);
        let stays_on = body.stays_on;
        let was_idle = body.jobs_run == 0;
        if was_idle {
            body.excused |= reason != Reason::Idle;
        }
        safety::agent_left(
            &self.hub,
            id,
            reason,
            &mut self.oracles.findings,
            self.agenda.now,
        );
        if !stays_on {
            let off = self.chances.machines.millis(500, 5000);
            self.agenda.machine_after(off, id, Deed::PowerOff);
        }
    }

    /// Asks the hub at once; the answer takes its way.
    pub(super) fn agent_calls(&mut self, id: &str, call: AgentCall) {
        let Some(body) = self.guests.all.get(id) else {
            return;
        };
        let idle_timeout = body.agent_waits();
        let Some(agent) = self.guests.agent(id) else {
            return;
        };
        let request = agent.request(&call, id, idle_timeout);
        let response = self.hub.handle(&request, self.agenda.now);
        let travel = self.travel();
        let (delay, answer) = match response.delivery {
            Delivery::Prompt => (travel, Some(response)),
            Delivery::Delayed(delay) if travel + delay < CALL_LIMIT => {
                (travel + delay, Some(response))
            }
            Delivery::Dropped => (travel, None),
            Delivery::Delayed(_) | Delivery::BlackHole => (CALL_LIMIT, None),
        };
        self.agenda
            .machine_after(delay, id, Deed::Answer(call, answer));
    }

    fn agent_hears(&mut self, id: &str, call: AgentCall, answer: Option<&Response>) {
        match &call {
            AgentCall::Push => return self.pushed(id, answer),
            AgentCall::Refresh => return self.refreshed(id, answer),
            AgentCall::Sync(report) => {
                let acknowledged = is_acknowledged(answer);
                let job = report.job_id.clone();
                if is_final(report) && acknowledged {
                    let first = self
                        .guests
                        .agent(id)
                        .is_some_and(|agent| !std::mem::replace(&mut agent.told, true));
                    if first {
                        let mark = format!("dayfly: log closed {job}\n");
                        self.write_console(id, &mark);
                    }
                }
            }
            AgentCall::Register if answer.is_some_and(|answer| answer.status == 422) => {
                self.write_console(id, &format!("{REFUSED_BY_HUB}quota\n"));
            }
            AgentCall::Register | AgentCall::Payload(_) | AgentCall::Disconnect => {}
        }
        let event = self
            .guests
            .agent(id)
            .and_then(|agent| agent.heard(call, answer));
        if let Some(event) = event {
            self.step(id, event);
        }
    }
}
