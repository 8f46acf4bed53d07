//! Weather at the hub: what it and whatever stands in front of it answer.

use std::time::Duration;

use super::{Happening, Restoration, World};
use crate::emulator::foreign::ForeignAnswer;
use crate::emulator::hub::faults::{
    self as hub_faults, Before, Content, Endpoint, Inside, Travel as HubTravel,
};
use crate::sim::chance::Chance;
use crate::sim::weather::Kind;
use dayfly::model::time::Timestamp;

impl World {
    pub(super) fn hub_storm(&mut self, kind: Kind, from: Timestamp, until: Timestamp) {
        let on = |endpoint| hub_faults::Scope::on(endpoint).between(from, until);
        let fails = Before::Answer {
            status: 500,
            body: "",
        };
        let hub = &mut self.hub;
        match kind {
            Kind::HubFails => drop(hub.add_fault(on(Endpoint::Any), fails)),
            Kind::HubResets => drop(hub.add_fault(on(Endpoint::Any), Before::Reset)),
            Kind::HubSilent => drop(hub.add_fault(on(Endpoint::Any), Before::BlackHole)),
            Kind::CountsFail => drop(hub.add_fault(on(Endpoint::Metrics), fails)),
            Kind::JobsFail => drop(hub.add_fault(on(Endpoint::QueuedJobs), fails)),
            Kind::AgentsFail => drop(hub.add_fault(on(Endpoint::Public), fails)),
            Kind::StalePickup => {
                hub.add_fault(on(Endpoint::Metrics), Inside::StalePickup);
                hub.add_fault(on(Endpoint::QueuedJobs), Inside::StalePickup);
            }
            Kind::QueueFilledUp => {
                hub.add_fault(on(Endpoint::QueuedJobs), Inside::QueueFilledUp);
            }
            Kind::RegisterLost => drop(hub.add_fault(on(Endpoint::Register), HubTravel::Lost)),
            Kind::RegisterQuota => {
                hub.set_agents_max(Some(1));
                self.agenda
                    .at(until, Happening::Restore(Restoration::AgentsMax));
            }
            Kind::SyncLost => drop(hub.add_fault(on(Endpoint::Sync), HubTravel::Lost)),
            Kind::SyncLate => {
                let late = HubTravel::Delayed(Duration::from_secs(8));
                hub.add_fault(on(Endpoint::Sync), late);
            }
            Kind::SyncOdd => {
                hub.add_fault(on(Endpoint::Sync), Content::NextSyncAfter(-7));
                hub.add_fault(on(Endpoint::Sync).times(3), Content::FieldsNull);
                hub.add_fault(on(Endpoint::Sync), Content::FieldsExtra);
            }
            Kind::PayloadLost => drop(hub.add_fault(on(Endpoint::Payload), HubTravel::Lost)),
            Kind::PayloadSanitized => {
                hub.add_fault(on(Endpoint::Payload), Inside::PayloadSanitized);
            }
            Kind::DisconnectLost => {
                hub.add_fault(on(Endpoint::Disconnect), HubTravel::Lost);
            }
            Kind::LogTokenExpired => {
                hub.add_fault(on(Endpoint::Payload), Inside::LogTokenExpired);
            }
            Kind::LogFailsAfter => {
                let after = HubTravel::CommittedThen { status: 503 };
                hub.add_fault(on(Endpoint::LogPush), after);
            }
            Kind::AgentsMissing => {
                hub.add_fault(on(Endpoint::Public), Content::AgentsFirst(0));
            }
            Kind::AgentsHalved => {
                hub.add_fault(on(Endpoint::Public), Content::AgentsEverySecond);
            }
            Kind::EdgeAnswers => {
                let answer = any_answer(&mut self.chances.weather);
                hub.add_fault(on(Endpoint::Any), Before::Foreign(answer));
            }
            Kind::EdgeAnswersAgents => {
                let answer = any_answer(&mut self.chances.weather);
                for endpoint in [Endpoint::Register, Endpoint::Sync, Endpoint::LogPush] {
                    hub.add_fault(on(endpoint), HubTravel::ReplacedBy(answer));
                }
            }
            _ => {}
        }
    }

    /// A job was taken; the hub's rounds of counting may not know of it yet.
    pub(super) fn picked_up(&mut self) {
        if self.agenda.now < self.late_pickups_until {
            let until = self.agenda.now.plus(Duration::from_secs(12));
            for endpoint in [Endpoint::Metrics, Endpoint::QueuedJobs] {
                let scope = hub_faults::Scope::on(endpoint).between(self.agenda.now, until);
                self.hub.add_fault(scope, Inside::StalePickup);
            }
        }
    }
}

/// One of the shapes that an edge's answers have. An empty 200 is what a log server answers itself:
/// no client can tell it from a stored batch.
fn any_answer(chance: &mut Chance) -> ForeignAnswer {
    match chance.one_of(&ForeignAnswer::ALL, ForeignAnswer::EmptyBody) {
        ForeignAnswer::EmptyBody => ForeignAnswer::BadGatewayHtml,
        other => other,
    }
}
