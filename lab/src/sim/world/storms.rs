//! Weather: what goes wrong, done to the emulators, the machines and the controllers.
//!
//! What lasts ends by its own window, so that nothing has to be taken back; at the end of the
//! storm everything is, and an operator repairs what only an operator can.

use std::time::Duration;

use super::{DEPLOYMENT, Happening, Phase, Restoration, World};
use crate::emulator::ec2::action::Action;
use crate::emulator::ec2::api::{
    AttributeChange, Call, RunInstances, Tag, TagSelector, TagSpecification, TemplateSpecification,
};
use crate::emulator::ec2::error::{self, Code};
use crate::emulator::ec2::faults::{Boot, Fault, Scope, Travel};
use crate::emulator::ec2::machine::Switch;
use crate::emulator::ec2::reason::CLIENT_INTERNAL_ERROR;
use crate::emulator::ec2::template::TemplateData;
use crate::emulator::hub::DisableScope;
use crate::emulator::hub::job::JobState;
use crate::sim::weather::{Kind, Weather};
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

impl World {
    pub(super) fn storm(&mut self, weather: Weather) {
        let (from, until) = (self.agenda.now, self.agenda.now.plus(weather.span()));
        self.trace.note(self.agenda.now, || {
            format!("{:?} for {} s", weather.kind, weather.for_seconds)
        });
        self.oracles.economy.storm(weather.kind);
        self.hub_storm(weather.kind, from, until);
        self.ec2_storm(weather.kind, from, until);
        self.people_storm(weather.kind, until);
        self.controller_storm(weather.kind, until);
        self.take_changes();
    }

    fn ec2_storm(&mut self, kind: Kind, from: Timestamp, until: Timestamp) {
        let on = |action| Scope::on(action).between(from, until);
        let (launch, list) = (on(Action::CreateFleet), on(Action::DescribeInstances));
        let throttled = Fault::Refused(error::THROTTLED);
        let short = |code: Code| Fault::Offer(code);
        let late = |seconds| Fault::Travel(Travel::Delayed(Duration::from_secs(seconds)));
        let chance = &mut self.chances.weather;
        let ec2 = &mut self.ec2;
        let (scope, fault) = match kind {
            Kind::LaunchThrottled => (launch, throttled),
            Kind::ListThrottled => (list, throttled),
            Kind::ListFails => (list, Fault::Refused(error::INTERNAL)),
            Kind::ListLate => (list, late(chance.between(2, 15))),
            Kind::EndThrottled => (on(Action::TerminateInstances), throttled),
            Kind::ConsoleFails => (on(Action::GetConsoleOutput), throttled),
            Kind::LaunchLost => (launch, Fault::Travel(Travel::Lost)),
            Kind::LaunchLate => (launch, late(chance.between(5, 40))),
            Kind::LaunchFailsAfter => {
                let after = Travel::CommittedThen(error::INTERNAL);
                (launch, Fault::Travel(after))
            }
            Kind::Ec2Silent => (Scope::any().between(from, until), Fault::BlackHole),
            Kind::NoCapacity => (launch, short(error::INSUFFICIENT_CAPACITY)),
            Kind::NoSpot => {
                let spot = launch.on_market(Market::Spot);
                (spot, short(error::INSUFFICIENT_CAPACITY))
            }
            Kind::WrongTemplate => (launch, Fault::Refused(error::IMAGE_NOT_FOUND)),
            Kind::Unseen => {
                let span = chance.seconds(5, 60);
                (launch, Fault::Boot(Boot::Unseen(span)))
            }
            Kind::SlowPending => {
                let span = chance.seconds(20, 200);
                (launch, Fault::Boot(Boot::Pending(span)))
            }
            Kind::BootDies => (launch, Fault::Boot(Boot::Dies)),
            Kind::Protected => (launch, Fault::Boot(Boot::Protected)),
            Kind::BootEnded => {
                // Mostly before it runs, so that its console stays empty.
                let after = chance.seconds(0, 6);
                let reason = CLIENT_INTERNAL_ERROR;
                (launch, Fault::Boot(Boot::DiesOf { reason, after }))
            }
            Kind::Impaired => (launch, Fault::Boot(Boot::Impaired)),
            Kind::EndsLate => {
                let span = chance.seconds(60, 400);
                (on(Action::TerminateInstances), Fault::EndsLate(span))
            }
            Kind::QuotaCut => {
                let settings = ec2.settings_mut();
                (settings.on_demand_vcpus_max, settings.spot_vcpus_max) = (4, 4);
                self.agenda
                    .at(until, Happening::Restore(Restoration::Quotas));
                return;
            }
            _ => return,
        };
        ec2.add_fault(scope, fault);
    }

    /// What people do, and what befalls agents and machines.
    fn people_storm(&mut self, kind: Kind, until: Timestamp) {
        match kind {
            Kind::BadImage => self.bad_image_until = until,
            Kind::LatePickup => self.late_pickups_until = until,
            Kind::RowsDeleted => {
                let names: Vec<String> = self.hub.agents().map(|row| row.name.clone()).collect();
                let name = self.chances.weather.pick(&names).cloned();
                if let Some(name) = name {
                    // Until its next sync, it writes the log of a job that is nobody's.
                    let job = self
                        .hub
                        .agent(&name)
                        .and_then(|row| row.assigned_job.clone());
                    self.workload.logs_given_up.extend(job);
                    self.hub.delete_agent(&name, self.agenda.now);
                    self.guests.excuse(&name);
                }
            }
            Kind::AgentsDisabled => {
                for pool in self.operator.pools.clone() {
                    self.hub
                        .disable_all(&pool.agent_type, DisableScope::All, self.agenda.now);
                }
            }
            Kind::JobsStopped | Kind::QueueCanceled => self.stop_jobs(kind),
            Kind::SpotWave => self.take_spot_machines(),
            Kind::Hold => self.hold_a_machine(until),
            Kind::LimitsCut => {
                self.operator.cut_limits();
                self.agenda
                    .at(until, Happening::Restore(Restoration::Limits));
            }
            Kind::Foreign => self.launch_foreign(),
            _ => {}
        }
    }

    fn stop_jobs(&mut self, kind: Kind) {
        let is_meant = |state: JobState| match kind {
            Kind::JobsStopped => state == JobState::Started,
            _ => state < JobState::Started,
        };
        let open = self.hub.jobs().filter(|job| is_meant(job.state));
        let jobs: Vec<_> = open.map(|job| job.id.clone()).collect();
        if kind == Kind::QueueCanceled {
            jobs.iter().for_each(|job| self.cancel(job));
        } else {
            jobs.iter()
                .for_each(|job| self.hub.stop_job(job, self.agenda.now));
        }
    }

    /// A quarter of the spot machines gets its notice.
    fn take_spot_machines(&mut self) {
        let spot = self.ec2.machines().filter(|it| it.market == Market::Spot);
        let ids: Vec<String> = spot.map(|machine| machine.id.clone()).collect();
        for id in ids {
            if self.chances.weather.per_mille(250) {
                self.ec2.interrupt(&id, self.agenda.now);
                self.guests.excuse(&id);
            }
        }
    }

    fn hold_a_machine(&mut self, until: Timestamp) {
        let ids = self.guests.suspects();
        let Some(id) = self.chances.weather.pick(&ids).cloned() else {
            return;
        };
        let call = Call::CreateTags {
            resources: vec![id.clone()],
            tags: vec![Tag::new("dayfly:held", "by an operator")],
        };
        if self.ec2.call(&call, self.agenda.now).is_success() {
            self.guests.hold(&id, Some(self.agenda.now));
            self.guests.excuse(&id);
            self.agenda
                .at(until, Happening::Restore(Restoration::Release(id)));
        }
    }

    /// One machine of somebody else, and one with our tag of a pool that nobody knows.
    fn launch_foreign(&mut self) {
        for (deployment, pool) in [("another", "pool-0"), (DEPLOYMENT, "forgotten")] {
            let call = foreign(deployment, pool, self.options.lifetime_seconds);
            self.ec2.call(&call, self.agenda.now);
        }
    }

    fn controller_storm(&mut self, kind: Kind, until: Timestamp) {
        let chance = &mut self.chances.controllers;
        match kind {
            Kind::Crash => self.controllers.crash_soon(chance),
            Kind::Pause => {
                for process in self.controllers.freeze(until, chance) {
                    self.agenda.at(until, Happening::Wake { process });
                }
            }
            Kind::ClockJump => {
                self.controllers.set_clocks_wrong(|| {
                    let ahead = i64::from(chance.count(0, 50_000));
                    if chance.per_mille(500) { ahead } else { -ahead }
                });
                let clocks = Happening::Restore(Restoration::Clocks);
                self.agenda.at(until, clocks);
            }
            Kind::ClockStep => {
                self.controllers.set_clocks_wrong(|| 86_400_000);
                let clocks = Happening::Restore(Restoration::Clocks);
                self.agenda.at(until, clocks);
            }
            _ => {}
        }
    }

    pub(super) fn restore(&mut self, restoration: &Restoration) {
        match restoration {
            Restoration::Quotas => {
                let settings = self.ec2.settings_mut();
                (settings.on_demand_vcpus_max, settings.spot_vcpus_max) = (100_000, 100_000);
            }
            Restoration::AgentsMax => self.hub.set_agents_max(None),
            Restoration::Protection => self.unprotect(),
            Restoration::Limits => self.restore_limits(),
            Restoration::Clocks => self.controllers.set_clocks_right(),
            Restoration::Release(id) => {
                let held = TagSelector {
                    key: "dayfly:held".to_owned(),
                    value: None,
                };
                let call = Call::DeleteTags {
                    resources: vec![id.clone()],
                    tags: vec![held],
                };
                let outcome = self.ec2.call(&call, self.agenda.now);
                // Where nobody answers, it stays held until the operator comes back.
                if outcome.is_success() {
                    self.guests.hold(id, None);
                }
            }
        }
    }

    /// An operator takes the termination protection away, and comes back for machines of which
    /// EC2 refused it: it throttles these calls, and some do not know a new machine yet.
    fn unprotect(&mut self) {
        let ids = self.protected_machines();
        for machine in ids {
            let change = AttributeChange::Protection(Switch::Off);
            let call = Call::ModifyInstanceAttribute { machine, change };
            self.ec2.call(&call, self.agenda.now);
        }
        if !self.protected_machines().is_empty() {
            let again_at = self.agenda.now.plus(Duration::from_secs(30));
            self.agenda
                .at(again_at, Happening::Restore(Restoration::Protection));
        }
    }

    fn protected_machines(&self) -> Vec<String> {
        let alive = self.ec2.machines().filter(|it| it.state.is_live());
        let protected = alive.filter(|it| it.protection == Switch::On);
        protected.map(|it| it.id.clone()).collect()
    }

    fn restore_limits(&mut self) {
        if self.phase != Phase::Draining {
            self.operator.policy.machines_max = self.options.machines_max;
        }
        self.operator.restore_pools(&self.options);
    }

    /// Nothing goes wrong any more, and the operator lifts what would only make the rest wait.
    pub(super) fn heal(&mut self) {
        self.trace
            .note(self.agenda.now, || "nothing goes wrong any more".to_owned());
        self.hub.clear_faults();
        self.ec2.clear_faults();
        for restoration in [
            Restoration::Quotas,
            Restoration::AgentsMax,
            Restoration::Clocks,
        ] {
            self.restore(&restoration);
        }
        self.restore_limits();
        for id in self.guests.held() {
            self.restore(&Restoration::Release(id));
        }
        self.operator.lift_rates();
        self.unprotect();
        // A machine that was just launched is not known to every call yet.
        let known_at = self.agenda.now.plus(Duration::from_secs(120));
        self.agenda
            .at(known_at, Happening::Restore(Restoration::Protection));
        // A lease that was claimed by a clock a day ahead lasts for a day (decision 0009).
        let an_hour = Duration::from_secs(3600);
        self.lease.delete_beyond(self.agenda.now, an_hour);
        self.bad_image_until = self.agenda.now;
        self.late_pickups_until = self.agenda.now;
        for process in self.controllers.heal(self.agenda.now) {
            self.agenda.at(self.agenda.now, Happening::Wake { process });
        }
        self.phase = Phase::Healing;
        self.healed_at = Some(self.agenda.now);
        self.oracles.healed_at = Some(self.agenda.now);
        self.agenda.at(self.agenda.now, Happening::Look);
    }
}

/// A launch that is not the scaler's.
fn foreign(deployment: &str, pool: &str, lifetime_seconds: u64) -> Call {
    let tags = vec![
        Tag::new("dayfly:deployment", deployment),
        Tag::new("dayfly:pool", pool),
        Tag::new("dayfly:lifetime", &lifetime_seconds.to_string()),
        Tag::new("dayfly:boot-limit", "300"),
    ];
    Call::RunInstances(RunInstances {
        count_min: 1,
        count_max: 1,
        template: TemplateSpecification {
            id: Some("lt-1".to_owned()),
            ..TemplateSpecification::default()
        },
        data: TemplateData {
            instance_type: Some("c7i.large".to_owned()),
            subnet: Some("subnet-a".to_owned()),
            ..TemplateData::default()
        },
        tags: vec![TagSpecification {
            resource: "instance".to_owned(),
            tags,
        }],
        ..RunInstances::default()
    })
}
