//! What EC2 has, and what live machines take of it: capacity, quotas and addresses.

use std::collections::BTreeMap;

use super::Ec2;
use super::machine::MachineRecord;
use super::settings::Ec2Settings;
use dayfly::model::offer::Market;

/// What EC2 has a number of: a size, in a zone, on a market.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Supply {
    /// The size.
    pub instance_type: String,
    /// The availability zone.
    pub zone: String,
    /// How it is paid for.
    pub market: Market,
}

/// What live machines take.
#[derive(Debug, Default)]
pub(super) struct Usage {
    machines: BTreeMap<Supply, u32>,
    vcpus: BTreeMap<Market, u32>,
    addresses: BTreeMap<String, u32>,
}

impl Ec2 {
    pub(super) fn supply(&self, size: &str, subnet: &str, market: Market) -> Supply {
        let place = self.settings.subnets.get(subnet);
        Supply {
            instance_type: size.to_owned(),
            zone: place.map(|place| place.zone.clone()).unwrap_or_default(),
            market,
        }
    }

    /// How many more of a supply there are, for strategies that ask; faults aside.
    pub(super) fn supply_left(&self, supply: &Supply) -> u32 {
        let used = self.usage.machines.get(supply).copied().unwrap_or(0);
        let max = self.capacity.get(supply);
        max.map_or(u32::MAX, |max| max.saturating_sub(used))
    }

    pub(super) fn addresses_left(&self, subnet: &str) -> u32 {
        let max = self.settings.subnets.get(subnet);
        let used = self.usage.addresses.get(subnet).copied().unwrap_or(0);
        max.map_or(0, |subnet| subnet.addresses_max.saturating_sub(used))
    }

    pub(super) fn quota_left(&self, size: &str, market: Market) -> u32 {
        let max = match market {
            Market::Spot => self.settings.spot_vcpus_max,
            Market::OnDemand => self.settings.on_demand_vcpus_max,
        };
        let used = self.usage.vcpus.get(&market).copied().unwrap_or(0);
        max.saturating_sub(used) / vcpus(size, &self.settings).max(1)
    }
}

impl Usage {
    pub(super) fn take(&mut self, machine: &MachineRecord, settings: &Ec2Settings) {
        *self.machines.entry(supply_of(machine)).or_default() += 1;
        let vcpus = vcpus(&machine.instance_type, settings);
        *self.vcpus.entry(machine.market).or_default() += vcpus;
        *self.addresses.entry(machine.subnet.clone()).or_default() += 1;
    }

    /// Frees all but the address, which a machine keeps to its end.
    pub(super) fn free(&mut self, machine: &MachineRecord, settings: &Ec2Settings) {
        let vcpus = vcpus(&machine.instance_type, settings);
        lower(self.machines.get_mut(&supply_of(machine)), 1);
        lower(self.vcpus.get_mut(&machine.market), vcpus);
    }

    pub(super) fn free_address(&mut self, subnet: &str) {
        lower(self.addresses.get_mut(subnet), 1);
    }
}

fn lower(count: Option<&mut u32>, by: u32) {
    if let Some(count) = count {
        *count = count.saturating_sub(by);
    }
}

fn supply_of(machine: &MachineRecord) -> Supply {
    Supply {
        instance_type: machine.instance_type.clone(),
        zone: machine.zone.clone(),
        market: machine.market,
    }
}

fn vcpus(size: &str, settings: &Ec2Settings) -> u32 {
    settings.types.get(size).map_or(1, |size| size.vcpus)
}
