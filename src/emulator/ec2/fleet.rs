//! `CreateFleet` of type `instant`: machines of several offers at once, as far as they are there.
//!
//! Overrides are tried in the order of the allocation strategy until the target is met; each
//! that falls short gets a row of errors, and the answer is still a success.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Ec2;
use super::action::Action;
use super::error::{self, Refusal};
use super::form::{Form, invalid};
use super::machine::{Key, TagMap};
use super::order::Order;
use super::tags::specified;
use super::template::TemplateData;
use super::xml::Xml;
use crate::model::money::MicroDollars;
use crate::model::offer::Market;
use crate::model::time::Timestamp;

const TARGET_MAX: u32 = 10_000;
const TAGGED: [&str; 2] = ["fleet", "instance"];

/// One size in one subnet, with the template that it completes.
#[derive(Clone, Debug)]
struct Override {
    template: String,
    version: u32,
    data: TemplateData,
    /// What the request says itself, for the rows of the answer.
    said: TemplateData,
    /// In millionths; one that has none comes last.
    priority: Option<u64>,
    price_max: Option<MicroDollars>,
}

/// In which order overrides are tried.
#[derive(Clone, Copy, Debug)]
enum Strategy {
    Prioritized,
    LowestPrice,
    /// Supplies that have enough first, then those that have most; priority decides the rest.
    CapacityThenPriority,
    /// The same, and the price decides the rest.
    CapacityThenPrice,
}

/// What came of the overrides.
#[derive(Debug, Default)]
struct Outcome {
    launched: Vec<(Override, Market, Vec<Key>)>,
    short: Vec<(Override, Market, Refusal)>,
}

impl Ec2 {
    pub(super) fn create_fleet(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        if let Some(first) = self.replays.find(Action::CreateFleet, form)? {
            return Ok(first);
        }
        if form.required("Type")? != "instant" {
            return Err(invalid("Type", form.required("Type")?));
        }
        let (spot, on_demand) = targets(form)?;
        let strategies = [
            (Market::OnDemand, on_demand, on_demand_strategy(form)?),
            (Market::Spot, spot, spot_strategy(form)?),
        ];
        let mut tags = specified(form, "instance", &TAGGED)?;
        let overrides = self.overrides(form)?;
        form.check_dry_run()?;
        let fleet = format!("fleet-{:08x}", self.draw());
        tags.insert("aws:ec2:fleet-id".to_owned(), fleet.clone());
        let mut outcome = Outcome::default();
        for (market, target, strategy) in strategies {
            let ranked = self.ranked(&overrides, market, target, strategy);
            self.fill(form, ranked, (market, target), &tags, &mut outcome, now);
        }
        let xml = self.fleet_xml(&fleet, &outcome);
        let count = outcome.launched.iter().map(|(_, _, keys)| keys.len()).sum();
        self.replays
            .remember(Action::CreateFleet, form, &xml, count);
        Ok(xml)
    }

    /// Launches in the order given, until the target is met.
    fn fill(
        &mut self,
        form: &Form,
        ranked: Vec<Override>,
        (market, target): (Market, u32),
        tags: &TagMap,
        outcome: &mut Outcome,
        now: Timestamp,
    ) {
        let mut wanted = target;
        for choice in ranked {
            if wanted == 0 {
                return;
            }
            let order = order(form, &choice, market, tags);
            let room = self.room(&order, wanted, now);
            if 0 < room.fits {
                let keys = self.launch(&order, room.fits, now);
                wanted -= room.fits;
                outcome.launched.push((choice.clone(), market, keys));
            }
            if let Some(refusal) = room.refusal {
                outcome.short.push((choice, market, refusal));
            }
        }
    }

    fn overrides(&self, form: &Form) -> Result<Vec<Override>, Refusal> {
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
                let said = TemplateData {
                    image: form.text("ImageId"),
                    instance_type: form.text("InstanceType"),
                    subnet: form.text("SubnetId"),
                    ..TemplateData::default()
                };
                all.push(Override {
                    template: id.to_owned(),
                    version,
                    data: said.clone().inherit(base),
                    said,
                    priority: form.millionths("Priority")?,
                    price_max: form.millionths("MaxPrice")?.map(MicroDollars),
                });
            }
        }
        if all.is_empty() {
            let text = "The request must contain the parameter LaunchTemplateConfigs";
            return Err(Refusal::new(error::MISSING, text));
        }
        self.check_subnets(&all)?;
        Ok(all)
    }

    /// A fleet cannot span several subnets of one zone.
    fn check_subnets(&self, overrides: &[Override]) -> Result<(), Refusal> {
        let mut by_zone: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for subnet in overrides
            .iter()
            .filter_map(|one| one.data.subnet.as_deref())
        {
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

    fn ranked(
        &self,
        overrides: &[Override],
        market: Market,
        target: u32,
        strategy: Strategy,
    ) -> Vec<Override> {
        let mut ranked = overrides.to_vec();
        let priority = |one: &Override| one.priority.unwrap_or(u64::MAX);
        let left = |one: &Override| Reverse(self.left(one, market).min(target));
        match strategy {
            Strategy::Prioritized => ranked.sort_by_key(priority),
            Strategy::LowestPrice => ranked.sort_by_key(|one| self.price(one, market)),
            Strategy::CapacityThenPriority => {
                ranked.sort_by_key(|one| (left(one), priority(one)));
            }
            Strategy::CapacityThenPrice => {
                ranked.sort_by_key(|one| (left(one), self.price(one, market)));
            }
        }
        ranked
    }

    fn left(&self, one: &Override, market: Market) -> u32 {
        let size = one.data.instance_type.as_deref().unwrap_or_default();
        let subnet = one.data.subnet.as_deref().unwrap_or_default();
        self.supply_left(&self.supply(size, subnet, market))
    }

    fn price(&self, one: &Override, market: Market) -> Option<MicroDollars> {
        let kind = self.settings.types.get(one.data.instance_type.as_ref()?)?;
        Some(match market {
            Market::Spot => kind.spot_hourly,
            Market::OnDemand => kind.on_demand_hourly,
        })
    }

    fn fleet_xml(&self, fleet: &str, outcome: &Outcome) -> Xml {
        let mut xml = Xml::default();
        xml.text("fleetId", fleet);
        xml.list("errorSet", &outcome.short, |xml, (one, market, refusal)| {
            override_xml(xml, one, *market);
            xml.text("errorCode", refusal.code.name);
            xml.text("errorMessage", &refusal.message);
        });
        xml.list(
            "fleetInstanceSet",
            &outcome.launched,
            |xml, (one, market, keys)| {
                override_xml(xml, one, *market);
                let machines = keys.iter().filter_map(|key| self.machines.get(*key));
                xml.element("instanceIds", |xml| {
                    for machine in machines {
                        xml.text("item", &machine.id);
                    }
                });
                xml.optional("instanceType", one.data.instance_type.as_ref());
            },
        );
        xml
    }
}

fn order(form: &Form, choice: &Override, market: Market, tags: &TagMap) -> Order {
    let mut data = choice.data.clone();
    data.tags.extend(tags.clone());
    let of_template = [
        ("aws:ec2launchtemplate:id", choice.template.clone()),
        ("aws:ec2launchtemplate:version", choice.version.to_string()),
    ];
    let of_template = of_template.map(|(key, value)| (key.to_owned(), value));
    data.tags.extend(of_template);
    Order {
        action: Action::CreateFleet,
        data,
        market,
        price_max: choice.price_max,
        client_token: form.text("ClientToken"),
    }
}

fn override_xml(xml: &mut Xml, one: &Override, market: Market) {
    xml.element("launchTemplateAndOverrides", |xml| {
        xml.element("launchTemplateSpecification", |xml| {
            xml.text("launchTemplateId", &one.template);
            xml.text("version", one.version);
        });
        xml.element("overrides", |xml| {
            xml.optional("instanceType", one.said.instance_type.as_ref());
            xml.optional("subnetId", one.said.subnet.as_ref());
            xml.optional("imageId", one.said.image.as_ref());
            let whole = one.priority.map(|priority| priority / 1_000_000);
            let part = one.priority.map_or(0, |priority| priority % 1_000_000);
            xml.optional("priority", whole.map(|whole| format!("{whole}.{part:06}")));
        });
    });
    xml.text("lifecycle", market);
}

/// How many of spot and on-demand.
fn targets(form: &Form) -> Result<(u32, u32), Refusal> {
    let form = form.under("TargetCapacitySpecification");
    let form = form.unwrap_or_default();
    form.required("TotalTargetCapacity")?;
    let total = form.number("TotalTargetCapacity")?.unwrap_or(0);
    if !(1..=TARGET_MAX).contains(&total) {
        return Err(invalid("TotalTargetCapacity", &total.to_string()));
    }
    let spot = form.number("SpotTargetCapacity")?;
    let on_demand = form.number("OnDemandTargetCapacity")?;
    let (spot, on_demand) = match form.get("DefaultTargetCapacityType") {
        Some("spot") => {
            let on_demand = on_demand.unwrap_or(0);
            (spot.unwrap_or(total.saturating_sub(on_demand)), on_demand)
        }
        None | Some("on-demand") => {
            let spot = spot.unwrap_or(0);
            (spot, on_demand.unwrap_or(total.saturating_sub(spot)))
        }
        Some(other) => return Err(invalid("DefaultTargetCapacityType", other)),
    };
    if spot.checked_add(on_demand) == Some(total) {
        return Ok((spot, on_demand));
    }
    let text = "The sum of spot and on-demand target capacity has to be the total";
    Err(Refusal::new(error::COMBINATION, text))
}

fn on_demand_strategy(form: &Form) -> Result<Strategy, Refusal> {
    match form.get("OnDemandOptions.AllocationStrategy") {
        None | Some("lowest-price") => Ok(Strategy::LowestPrice),
        Some("prioritized") => Ok(Strategy::Prioritized),
        Some(other) => Err(invalid("OnDemandOptions.AllocationStrategy", other)),
    }
}

fn spot_strategy(form: &Form) -> Result<Strategy, Refusal> {
    match form.get("SpotOptions.AllocationStrategy") {
        None | Some("lowest-price") => Ok(Strategy::LowestPrice),
        Some("capacity-optimized-prioritized") => Ok(Strategy::CapacityThenPriority),
        Some("capacity-optimized" | "price-capacity-optimized") => Ok(Strategy::CapacityThenPrice),
        Some(other) => Err(invalid("SpotOptions.AllocationStrategy", other)),
    }
}
