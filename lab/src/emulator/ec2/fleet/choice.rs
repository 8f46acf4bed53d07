//! What a fleet may launch: the overrides of its templates, read and ranked.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::requirements::Requirements;
use super::wish::{Strategy, Wish};
use crate::emulator::ec2::Ec2;
use crate::emulator::ec2::error::{self, Refusal};
use crate::emulator::ec2::form::Form;
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
    pub(super) said: TemplateData,
    pub(super) requirements: Option<Requirements>,
    /// In millionths; one that has none comes last.
    pub(super) priority: Option<u64>,
    pub(super) price_max: Option<MicroDollars>,
}

impl Ec2 {
    /// All that a fleet may launch, in the order of the request.
    pub(super) fn choices(&self, form: &Form) -> Result<Vec<Choice>, Refusal> {
        let mut all = Vec::new();
        for config in form.items("LaunchTemplateConfigs") {
            let named = config.under("LaunchTemplateSpecification");
            let named = self.named_version(&named.unwrap_or_default())?;
            let missing = "The request must contain the parameter LaunchTemplateSpecification";
            let (id, version, base) = named.ok_or(Refusal::new(error::MISSING, missing))?;
            let mut said = config.items("Overrides");
            if said.is_empty() {
                said.push(Form::default());
            }
            for form in said {
                let choice = read(&form, (id, version, base))?;
                all.extend(self.sized(choice)?);
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
        let Some(requirements) = choice.requirements else {
            return Ok(vec![choice]);
        };
        let image = self.image(&choice.data).ok();
        let image = image.and_then(|image| self.settings.images.get(image));
        let sizes = self.settings.types.iter().filter(|(_, kind)| {
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
            if let Some(place) = self.settings.subnets.get(subnet) {
                by_zone.entry(&place.zone).or_default().insert(subnet);
            }
        }
        if by_zone.values().all(|subnets| subnets.len() <= 1) {
            return Ok(());
        }
        let text = "The fleet configuration contains several subnets of one Availability Zone";
        Err(Refusal::new(error::FLEET_CONFIG, text))
    }

    /// The choices in the order in which a wish tries them.
    pub(super) fn ranked(&self, choices: &[Choice], wish: Wish) -> Vec<Choice> {
        let mut ranked = choices.to_vec();
        let priority = |one: &Choice| one.priority.unwrap_or(u64::MAX);
        let left = |one: &Choice| self.left(one, wish.market).min(wish.target);
        let price = |one: &Choice| self.price(one, wish.market);
        match wish.strategy {
            Strategy::Prioritized => ranked.sort_by_key(priority),
            Strategy::LowestPrice => ranked.sort_by_key(price),
            Strategy::CapacityThenPriority => {
                ranked.sort_by_key(|one| (Reverse(left(one)), priority(one)));
            }
            Strategy::CapacityThenPrice => {
                ranked.sort_by_key(|one| (Reverse(left(one)), price(one)));
            }
            // The scarce ones first, so that the others make up for what they lack.
            Strategy::Diversified => ranked.sort_by_key(left),
        }
        ranked
    }

    fn left(&self, one: &Choice, market: Market) -> u32 {
        let size = one.data.instance_type.as_deref().unwrap_or_default();
        let subnet = one.data.subnet.as_deref().unwrap_or_default();
        self.supply_left(&self.supply(size, subnet, market))
    }

    fn price(&self, one: &Choice, market: Market) -> Option<MicroDollars> {
        let kind = self.settings.types.get(one.data.instance_type.as_ref()?)?;
        Some(match market {
            Market::Spot => kind.spot_hourly,
            Market::OnDemand => kind.on_demand_hourly,
        })
    }
}

fn read(
    form: &Form,
    (template, version, base): (&str, u32, &TemplateData),
) -> Result<Choice, Refusal> {
    let said = TemplateData {
        image: form.text("ImageId"),
        instance_type: form.text("InstanceType"),
        subnet: form.text("SubnetId"),
        ..TemplateData::default()
    };
    let requirements = form.under("InstanceRequirements");
    let requirements = requirements.as_ref().map(Requirements::read).transpose()?;
    if requirements.is_some() && said.instance_type.is_some() {
        let text = "InstanceType and InstanceRequirements cannot be used together";
        return Err(Refusal::new(error::COMBINATION, text));
    }
    Ok(Choice {
        template: template.to_owned(),
        version,
        data: said.clone().inherit(base),
        said,
        requirements,
        priority: form.millionths("Priority")?,
        price_max: form.millionths("MaxPrice")?.map(MicroDollars),
    })
}
