//! What a fleet may launch: the overrides of its templates, read and ranked.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::wish::Wish;
use crate::emulator::ec2::api::{AllocationStrategy, FleetConfig, FleetOverride};
use crate::emulator::ec2::error::{self, Refusal};
use crate::emulator::ec2::launch::Launcher;
use crate::emulator::ec2::settings::Ec2Settings;
use crate::emulator::ec2::supply::Supply;
use crate::emulator::ec2::template::TemplateData;
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Market;

/// One size in one subnet, with the template that it completes. An override with requirements
/// is as many choices as there are sizes that fit.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) template: String,
    pub(super) version: u32,
    pub(super) data: TemplateData,
    /// What the request says itself, for the rows of the answer.
    pub(super) said: FleetOverride,
}

impl Ec2Settings {
    /// All that a fleet may launch, in the order of the request.
    pub(super) fn choices(&self, configs: &[FleetConfig]) -> Result<Vec<Choice>, Refusal> {
        let mut all = Vec::new();
        for config in configs {
            let named = self.named_version(&config.template)?;
            let missing = "The request must contain the parameter LaunchTemplateSpecification";
            let named = named.ok_or(Refusal::new(error::MISSING, missing))?;
            let none = [FleetOverride::default()];
            let said = match config.overrides.as_slice() {
                [] => &none,
                some => some,
            };
            for said in said {
                check_size(said)?;
                all.extend(self.sized(Choice::of(said, named))?);
            }
        }
        if all.is_empty() {
            let text = "The request must contain the parameter LaunchTemplateConfigs";
            return Err(Refusal::new(error::MISSING, text));
        }
        self.check_subnets(&all)?;
        Ok(all)
    }

    /// The choice itself, or one for each size that its requirements leave.
    fn sized(&self, choice: Choice) -> Result<Vec<Choice>, Refusal> {
        let Some(requirements) = choice.said.requirements else {
            return Ok(vec![choice]);
        };
        let image = self.image(&choice.data).ok();
        let image = image.and_then(|image| self.images.get(image));
        let sizes = self.types.iter().filter(|(_, kind)| {
            // Which processors fit follows from the image.
            let boots = image.is_none_or(|image| image.architecture == kind.architecture);
            boots && requirements.fit(kind)
        });
        let of_size = |(size, _): (&String, _)| {
            let mut choice = choice.clone();
            choice.data.instance_type = Some(size.clone());
            choice
        };
        let choices: Vec<Choice> = sizes.map(of_size).collect();
        if choices.is_empty() {
            let text = "No instance type of the account fits the InstanceRequirements";
            return Err(Refusal::new(error::FLEET_CONFIG, text));
        }
        Ok(choices)
    }

    /// A fleet cannot span several subnets of one zone.
    fn check_subnets(&self, choices: &[Choice]) -> Result<(), Refusal> {
        let mut by_zone: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for subnet in choices.iter().filter_map(|one| one.data.subnet.as_deref()) {
            if let Some(place) = self.subnets.get(subnet) {
                by_zone.entry(&place.zone).or_default().insert(subnet);
            }
        }
        if by_zone.values().all(|subnets| subnets.len() <= 1) {
            return Ok(());
        }
        let text = "The fleet configuration contains several subnets of one Availability Zone";
        Err(Refusal::new(error::FLEET_CONFIG, text))
    }
}

impl Launcher<'_> {
    /// The choices in the order in which a wish tries them.
    pub(super) fn ranked(&self, choices: &[Choice], wish: Wish) -> Vec<Choice> {
        let mut ranked = choices.to_vec();
        let priority = |one: &Choice| one.said.priority.unwrap_or(u64::MAX);
        let left = |one: &Choice| self.left(one, wish.market).min(wish.target);
        let price = |one: &Choice| self.price(one, wish.market);
        match wish.strategy {
            AllocationStrategy::Prioritized => ranked.sort_by_key(priority),
            AllocationStrategy::LowestPrice => ranked.sort_by_key(price),
            AllocationStrategy::CapacityThenPriority => {
                ranked.sort_by_key(|one| (Reverse(left(one)), priority(one)));
            }
            AllocationStrategy::CapacityThenPrice => {
                ranked.sort_by_key(|one| (Reverse(left(one)), price(one)));
            }
            // The scarce ones first, so that the others make up for what they lack.
            AllocationStrategy::Diversified => ranked.sort_by_key(left),
        }
        ranked
    }

    fn left(&self, one: &Choice, market: Market) -> u32 {
        let size = one.data.instance_type.as_deref().unwrap_or_default();
        let subnet = one.data.subnet.as_deref().unwrap_or_default();
        let supply = Supply::of(size, subnet, market, self.settings);
        self.lifecycle.capacity.left(&supply)
    }

    fn price(&self, one: &Choice, market: Market) -> Option<MicroDollars> {
        let kind = self.settings.types.get(one.data.instance_type.as_ref()?)?;
        Some(match market {
            Market::Spot => kind.spot_hourly,
            Market::OnDemand => kind.on_demand_hourly,
        })
    }
}

impl Choice {
    fn of(said: &FleetOverride, (template, version, base): (&str, u32, &TemplateData)) -> Self {
        let own = TemplateData {
            image: said.image.clone(),
            instance_type: said.instance_type.clone(),
            subnet: said.subnet.clone(),
            ..TemplateData::default()
        };
        Self {
            template: template.to_owned(),
            version,
            data: own.inherit(base),
            said: said.clone(),
        }
    }
}

/// A size is named, or described.
fn check_size(said: &FleetOverride) -> Result<(), Refusal> {
    if said.requirements.is_none() || said.instance_type.is_none() {
        return Ok(());
    }
    let text = "InstanceType and InstanceRequirements cannot be used together";
    Err(Refusal::new(error::COMBINATION, text))
}
