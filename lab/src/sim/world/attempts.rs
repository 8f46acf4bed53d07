//! What controllers try to do to machines, as it looks from the world: who is really hit.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{DEPLOYMENT, Phase, World};
use crate::emulator::ec2::api::{CreateFleet, FleetOverride, Reply};
use crate::emulator::ec2::machine::{MachineRecord, State};
use crate::sim::door::Answer;
use crate::sim::oracle::Invariant;
use crate::sim::oracle::economy::FleetCall;
use crate::sim::oracle::safety::{self, Victim};
use dayfly::model::offer::Market;

/// A call for machines, from the moment at which it arrives.
#[derive(Debug)]
pub(super) struct Trial {
    /// Machines that the caller can know of, before the launch.
    before: Known,
    /// How many machines it asks for.
    ordered: u32,
    call: FleetCall,
}

/// Machines that a controller can know of.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    all: u32,
    of_pool: u32,
    in_an_hour: u32,
    hourly: u64,
    /// Also those that it cannot know of.
    really: u32,
    /// How many launches those came with.
    unknown_launches: u32,
}

impl World {
    /// The machines that a controller is about to terminate, as they really are.
    pub(super) fn before_end(&mut self, process: u64, machines: &[String]) -> Vec<Victim> {
        self.guests.launched.clear();
        self.check_lease(process);
        let victims = machines.iter().filter_map(|id| self.victim(process, id));
        victims.collect()
    }

    pub(super) fn before_launch(&mut self, process: u64, fleet: &CreateFleet) -> Trial {
        self.guests.launched.clear();
        self.check_lease(process);
        let call = self.fleet_call(process, fleet);
        let began_at = self.controllers.began_at(process, self.agenda.now);
        let is_right = self.controllers.clock_was_right(process);
        let findings = &mut self.oracles.findings;
        let economy = &mut self.oracles.economy;
        economy.asks(&call, began_at, is_right, findings, self.agenda.now);
        Trial {
            before: self.known(process, &call.pool),
            ordered: fleet.target.total,
            call,
        }
    }

    pub(super) fn after_end(&mut self, victims: &[Victim]) {
        for victim in victims {
            let state = self.ec2.machine(&victim.id).map(|it| it.state);
            let hit = state.is_none_or(|state| !state.is_live());
            if hit && victim.was_alive {
                safety::ended(victim, &mut self.oracles.findings, self.agenda.now);
            }
        }
    }

    pub(super) fn after_launch(&mut self, process: u64, trial: Trial) -> FleetCall {
        if !self.guests.launched.is_empty() {
            self.check_launch(process, &trial);
        }
        trial.call
    }

    fn check_lease(&mut self, process: u64) {
        // A lease that was claimed by a wrong clock ends at a wrong moment (decision 0009).
        let is_judged = self.options.lease
            && self.controllers.clocks_agree()
            && self.controllers.clock_was_right(process);
        let holder = self.controllers.get(process).map(|it| it.holder());
        let Some(holder) = holder.filter(|_| is_judged) else {
            return;
        };
        if !self.lease.is_held_by(&holder, self.agenda.now) {
            let text = format!("process {process} acts without the lease");
            self.oracles
                .findings
                .add(Invariant::OneApplies, text, self.agenda.now);
        }
    }

    fn victim(&self, process: u64, id: &str) -> Option<Victim> {
        let machine = self.ec2.machine(id)?;
        let body = self.guests.all.get(id);
        let row = self.hub.agent(id).is_some_and(|row| row.is_registered());
        let began_at = self.controllers.began_at(process, self.agenda.now);
        let lifetime = machine.tags.get("dayfly:lifetime");
        let lifetime = lifetime.and_then(|it| it.parse().ok()).unwrap_or(0);
        let ends_at = machine.launched_at.plus(Duration::from_secs(lifetime));
        Some(Victim {
            id: id.to_owned(),
            is_ours: is_ours(machine),
            is_held: body
                .and_then(|it| it.held_since)
                .is_some_and(|at| at < began_at),
            has_agent: row && body.is_some_and(|body| body.agent.is_some()),
            has_outlived: ends_at <= self.agenda.now.plus(self.controllers.clock_error(process)),
            was_alive: machine.state.is_live(),
        })
    }

    /// What a controller can know of: what it was told when it launched, and what its last list
    /// could show.
    fn known(&self, process: u64, pool: &str) -> Known {
        let listed_at = self.calls.listed_at(process);
        let hour_ago = self.agenda.now.minus(Duration::from_secs(3540));
        let mut known = Known::default();
        let mut unknown = BTreeSet::new();
        for machine in self.ec2.machines().filter(|it| is_ours(it)) {
            let body = self.guests.all.get(&machine.id);
            let heard = body.is_some_and(|body| body.heard_by == Some(process));
            let seen = listed_at.is_some_and(|at| machine.seen_from <= at);
            let counts = machine.state != State::Terminated;
            known.really += u32::from(counts);
            if !(heard || seen) {
                unknown.insert(tag(machine, "dayfly:launch"));
                continue;
            }
            known.in_an_hour += u32::from(hour_ago < machine.launched_at);
            if counts {
                known.all += 1;
                known.of_pool += u32::from(tag(machine, "dayfly:pool") == pool);
                known.hourly += self.operator.hourly(&machine.instance_type, machine.market);
            }
        }
        known.unknown_launches = u32::try_from(unknown.len()).unwrap_or(u32::MAX);
        known
    }

    fn check_launch(&mut self, process: u64, trial: &Trial) {
        let came = u32::try_from(self.guests.launched.len()).unwrap_or(u32::MAX);
        let in_storm = self.phase == Phase::Storm;
        self.oracles.economy.launched += came;
        self.oracles.economy.launched_healing += if in_storm { 0 } else { came };
        let token = self
            .guests
            .launched
            .first()
            .and_then(|id| self.ec2.machine(id));
        let token = token.map(|machine| tag(machine, "dayfly:launch").to_owned());
        let findings = &mut self.oracles.findings;
        let safety = &mut self.oracles.safety;
        safety.launched(
            &token.unwrap_or_default(),
            trial.ordered,
            came,
            findings,
            self.agenda.now,
        );
        self.check_caps(process, trial, came);
    }

    /// What a controller could know of, and what has just come, within what it was told.
    fn check_caps(&mut self, process: u64, trial: &Trial, came: u32) {
        let policy = match self.controllers.get(process) {
            Some(controller) => &controller.policy,
            None => &self.operator.policy,
        };
        let name = &trial.call.pool;
        let pool = policy.pools.iter().find(|(it, _)| it.as_str() == name);
        let pool_max = pool.map_or(0, |(_, it)| it.machines_max);
        let before = trial.before;
        let launches_max = if self.controllers.clock_error(process) == Duration::ZERO {
            policy.launches_per_hour_max
        } else {
            u32::MAX
        };
        let bounds = [
            ("machines of the pool", before.of_pool, pool_max),
            ("machines", before.all, policy.machines_max),
            ("launches in an hour", before.in_an_hour, launches_max),
            // Those that it cannot know of are a batch for each launch whose answer it lacks, and may
            // have been launched before an operator lowered the limit.
            (
                "machines at all",
                before.really,
                self.options
                    .machines_max
                    .saturating_mul(1 + before.unknown_launches),
            ),
        ];
        let come = self
            .guests
            .launched
            .iter()
            .filter_map(|id| self.guests.all.get(id));
        let spent = before.hourly + come.map(|body| body.hourly).sum::<u64>();
        let mut broken: Vec<String> = bounds
            .into_iter()
            .filter(|(_, there, max)| *max < there + came)
            .map(|(what, there, max)| {
                format!("{came} came for {name}, and {there} {what} were there, of {max}")
            })
            .collect();
        if let Some(max) = policy.hourly_max.map(|max| max.0)
            && max < spent
        {
            broken.push(format!("{spent} millionths of a dollar an hour, of {max}"));
        }
        for text in broken {
            self.oracles
                .findings
                .add(Invariant::Capped, text, self.agenda.now);
        }
    }

    fn fleet_call(&self, process: u64, fleet: &CreateFleet) -> FleetCall {
        let specifications = fleet.tags.iter();
        let mut tags = specifications.flat_map(|specification| &specification.tags);
        let pool = tags.find(|tag| tag.key == "dayfly:pool");
        let pool = pool.map_or("", |tag| tag.value.as_str());
        let is_known = self.operator.pool(pool).is_some();
        let overrides = fleet.configs.iter().flat_map(|config| &config.overrides);
        FleetCall {
            process,
            pool: if is_known { pool } else { "" }.to_owned(),
            is_spot: fleet.target.default_market == Market::Spot,
            offers: overrides.filter_map(offer).collect(),
        }
    }

    /// A process hears the answer to a call for machines.
    pub(super) fn hear_launch(&mut self, call: &FleetCall, answer: &Answer) {
        let reply = match answer {
            Answer::Ec2(Ok(reply)) => Some(reply),
            Answer::Ec2(Err(_)) | Answer::Hub(_) | Answer::Claim(_) | Answer::Closed => None,
        };
        for id in reply.into_iter().flat_map(machines) {
            self.guests.heard(id, call.process);
        }
        // What it notes down by a clock that is wrong, it keeps for too long, or not long enough.
        if Duration::ZERO < self.controllers.clock_error(call.process) {
            self.oracles.economy.hears_at_a_wrong_time(call);
            return;
        }
        match answer {
            Answer::Ec2(Ok(reply)) => {
                let short: Vec<(String, String)> = shortages(reply).collect();
                self.oracles
                    .economy
                    .hears_shortage(call, &short, self.agenda.now);
            }
            Answer::Ec2(Err(refusal)) if refusal.code.name.starts_with("InvalidAMIID") => {
                self.oracles.economy.hears_refusal(call, self.agenda.now);
            }
            Answer::Ec2(Err(_)) | Answer::Hub(_) | Answer::Claim(_) | Answer::Closed => {
                // A part that failed without a known end takes the rest of its order along.
                let began_at = self.controllers.began_at(call.process, self.agenda.now);
                self.oracles.economy.forgets_since(call, began_at);
            }
        }
    }
}

/// Size and subnet of an override.
fn offer(one: &FleetOverride) -> Option<(String, String)> {
    Some((one.instance_type.clone()?, one.subnet.clone()?))
}

/// The machines that the answer to a launch, or to a question about one, names.
fn machines(reply: &Reply) -> Vec<&str> {
    match reply {
        Reply::Fleet(fleet) => {
            let machines = fleet.launched.iter().flat_map(|it| &it.machines);
            machines.map(String::as_str).collect()
        }
        Reply::Machines(page) => page.machines.iter().map(|it| it.id.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// The offers that fell short.
fn shortages(reply: &Reply) -> impl Iterator<Item = (String, String)> {
    let errors = match reply {
        Reply::Fleet(fleet) => fleet.errors.as_slice(),
        _ => &[],
    };
    errors.iter().filter_map(|error| offer(&error.offer.said))
}

fn is_ours(machine: &MachineRecord) -> bool {
    tag(machine, "dayfly:deployment") == DEPLOYMENT
}

fn tag<'a>(machine: &'a MachineRecord, key: &str) -> &'a str {
    machine.tags.get(key).map_or("", String::as_str)
}
