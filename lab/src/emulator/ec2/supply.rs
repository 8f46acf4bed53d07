//! What EC2 has, and what live machines take of it: capacity, quotas and addresses.

use std::collections::BTreeMap;

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

impl Supply {
    /// What a launch in a subnet draws on.
    pub(super) fn of(size: &str, subnet: &str, market: Market, settings: &Ec2Settings) -> Self {
        let place = settings.subnets.get(subnet);
        Self {
            instance_type: size.to_owned(),
            zone: place.map(|place| place.zone.clone()).unwrap_or_default(),
            market,
        }
    }

    fn of_machine(machine: &MachineRecord) -> Self {
        Self {
            instance_type: machine.instance_type.clone(),
            zone: machine.zone.clone(),
            market: machine.market,
        }
    }
}

/// The capacity for machines, and how much of it live machines use.
#[derive(Debug, Default)]
pub(super) struct Capacity {
    /// How many machines of a supply may be live; a supply that is not listed has no limit.
    limits: BTreeMap<Supply, u32>,
    machines: BTreeMap<Supply, u32>,
    vcpus: BTreeMap<Market, u32>,
    addresses: BTreeMap<String, u32>,
}

impl Capacity {
    /// Limits a supply; `None` is without a limit.
    pub(super) fn limit(&mut self, supply: Supply, machines_max: Option<u32>) {
        match machines_max {
            Some(max) => self.limits.insert(supply, max),
            None => self.limits.remove(&supply),
        };
    }

    /// How many more of a supply there are, for strategies that ask; faults aside.
    pub(super) fn left(&self, supply: &Supply) -> u32 {
        let used = self.machines.get(supply).copied().unwrap_or(0);
        let max = self.limits.get(supply);
        max.map_or(u32::MAX, |max| max.saturating_sub(used))
    }

    pub(super) fn addresses_left(&self, subnet: &str, settings: &Ec2Settings) -> u32 {
        let max = settings.subnets.get(subnet);
        let used = self.addresses.get(subnet).copied().unwrap_or(0);
        max.map_or(0, |subnet| subnet.addresses_max.saturating_sub(used))
    }

    /// How many more machines of a size the account's quota of processors leaves.
    pub(super) fn quota_left(&self, size: &str, market: Market, settings: &Ec2Settings) -> u32 {
        let max = match market {
            Market::Spot => settings.spot_vcpus_max,
            Market::OnDemand => settings.on_demand_vcpus_max,
        };
        let used = self.vcpus.get(&market).copied().unwrap_or(0);
        max.saturating_sub(used) / vcpus(size, settings).max(1)
    }

    pub(super) fn take(&mut self, machine: &MachineRecord, settings: &Ec2Settings) {
        *self
            .machines
            .entry(Supply::of_machine(machine))
            .or_default() += 1;
        let vcpus = vcpus(&machine.instance_type, settings);
        *self.vcpus.entry(machine.market).or_default() += vcpus;
        *self.addresses.entry(machine.subnet.clone()).or_default() += 1;
    }

    /// Frees all but the address, which a machine keeps to its end.
    pub(super) fn free(&mut self, machine: &MachineRecord, settings: &Ec2Settings) {
        let vcpus = vcpus(&machine.instance_type, settings);
        lower(self.machines.get_mut(&Supply::of_machine(machine)), 1);
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

fn vcpus(size: &str, settings: &Ec2Settings) -> u32 {
    settings.types.get(size).map_or(1, |size| size.vcpus)
}
