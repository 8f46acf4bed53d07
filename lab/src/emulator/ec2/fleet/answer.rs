//! What a fleet answers: its machines, and a row of errors for each override that fell short.

use super::Outcome;
use super::choice::Choice;
use crate::emulator::ec2::api::{FleetError, FleetLaunch, FleetOffer, FleetReply};
use crate::emulator::ec2::launch::Launcher;
use crate::emulator::ec2::machine::Key;
use dayfly::model::offer::Market;

impl Launcher<'_> {
    pub(super) fn fleet_reply(&self, id: String, outcome: Outcome) -> FleetReply {
        let launched = outcome.launched.into_iter();
        let errors = outcome.short.into_iter();
        FleetReply {
            id,
            launched: launched
                .map(|(one, market, keys)| self.fleet_launch(one, market, &keys))
                .collect(),
            errors: errors
                .map(|(one, market, refusal)| FleetError {
                    offer: offer(one, market),
                    refusal,
                })
                .collect(),
        }
    }

    fn fleet_launch(&self, one: Choice, market: Market, keys: &[Key]) -> FleetLaunch {
        let machines = keys
            .iter()
            .filter_map(|key| self.lifecycle.machines.get(*key));
        let subnet = one.data.subnet.clone();
        let place = subnet
            .as_ref()
            .and_then(|subnet| self.settings.subnets.get(subnet));
        FleetLaunch {
            machines: machines.map(|machine| machine.id.clone()).collect(),
            instance_type: one.data.instance_type.clone(),
            zone: place.map(|place| place.zone.clone()),
            subnet,
            offer: offer(one, market),
        }
    }
}

fn offer(one: Choice, market: Market) -> FleetOffer {
    FleetOffer {
        template: one.template,
        version: one.version,
        said: one.said,
        market,
    }
}
