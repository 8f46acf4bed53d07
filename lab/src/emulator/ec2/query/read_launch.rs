//! Reads launches from forms.

use super::form::Form;
use super::read::{metadata, protection, shutdown, tag_specifications, template};
use crate::emulator::ec2::api::{
    AllocationStrategy, CreateFleet, FleetConfig, FleetOverride, MarketOptions, RunInstances,
    TargetCapacity,
};
use crate::emulator::ec2::error::{Refusal, invalid};
use crate::emulator::ec2::fleet::{Requirements, Span};
use crate::emulator::ec2::machine::TagMap;
use crate::emulator::ec2::template::{MetadataChange, TemplateData};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Market;

pub(super) fn run(form: &Form) -> Result<RunInstances, Refusal> {
    let (count_min, count_max) = counts(form)?;
    let template_form = form.under("LaunchTemplate").unwrap_or_default();
    let shutdown_behavior = form.get("InstanceInitiatedShutdownBehavior");
    let data = TemplateData {
        image: form.text("ImageId"),
        instance_type: form.text("InstanceType"),
        subnet: form.text("SubnetId"),
        user_data: form.text("UserData"),
        shutdown: shutdown_behavior.map(shutdown).transpose()?,
        protection: form
            .get("DisableApiTermination")
            .map(protection)
            .transpose()?,
        market: market(form)?,
        metadata: match form.under("MetadataOptions") {
            Some(options) => metadata(&options)?,
            None => MetadataChange::default(),
        },
        tags: TagMap::new(),
    };
    let price_max = form.millionths("InstanceMarketOptions.SpotOptions.MaxPrice")?;
    Ok(RunInstances {
        count_min,
        count_max,
        template: template(&template_form),
        data,
        price_max: price_max.map(MicroDollars),
        tags: tag_specifications(form)?,
        client_token: form.text("ClientToken"),
    })
}

fn counts(form: &Form) -> Result<(u32, u32), Refusal> {
    let count_min = form.required("MinCount").and(form.number("MinCount"))?;
    let count_max = form.required("MaxCount").and(form.number("MaxCount"))?;
    Ok((count_min.unwrap_or(0), count_max.unwrap_or(0)))
}

fn market(form: &Form) -> Result<Option<Market>, Refusal> {
    // Requests that stay, and machines that are stopped instead of ended, are not emulated.
    let only = [
        ("SpotInstanceType", "one-time"),
        ("InstanceInterruptionBehavior", "terminate"),
    ];
    for (name, known) in only {
        let name = format!("InstanceMarketOptions.SpotOptions.{name}");
        if let Some(other) = form.get(&name).filter(|value| *value != known) {
            return Err(invalid(&name, other));
        }
    }
    match form.get("InstanceMarketOptions.MarketType") {
        None => Ok(None),
        Some("spot") => Ok(Some(Market::Spot)),
        Some(other) => Err(invalid("InstanceMarketOptions.MarketType", other)),
    }
}

/// A fleet of type `instant`; others are not emulated.
pub(super) fn fleet(form: &Form) -> Result<CreateFleet, Refusal> {
    let kind = form.required("Type")?;
    if kind != "instant" {
        return Err(invalid("Type", kind));
    }
    let target = form.under("TargetCapacitySpecification");
    let options = |name: &str| form.under(name).unwrap_or_default();
    let configs = form.items("LaunchTemplateConfigs");
    Ok(CreateFleet {
        target: target_capacity(&target.unwrap_or_default())?,
        on_demand: on_demand_options(&options("OnDemandOptions"))?,
        spot: spot_options(&options("SpotOptions"))?,
        tags: tag_specifications(form)?,
        configs: configs.iter().map(config).collect::<Result<_, _>>()?,
        client_token: form.text("ClientToken"),
    })
}

fn target_capacity(form: &Form) -> Result<TargetCapacity, Refusal> {
    form.required("TotalTargetCapacity")?;
    Ok(TargetCapacity {
        total: form.number("TotalTargetCapacity")?.unwrap_or(0),
        spot: form.number("SpotTargetCapacity")?,
        on_demand: form.number("OnDemandTargetCapacity")?,
        default_market: match form.get("DefaultTargetCapacityType") {
            Some("spot") => Market::Spot,
            None | Some("on-demand") => Market::OnDemand,
            Some(other) => return Err(invalid("DefaultTargetCapacityType", other)),
        },
    })
}

fn on_demand_options(options: &Form) -> Result<MarketOptions, Refusal> {
    let strategy = match options.get("AllocationStrategy") {
        None | Some("lowest-price") => AllocationStrategy::LowestPrice,
        Some("prioritized") => AllocationStrategy::Prioritized,
        Some(other) => return Err(invalid("OnDemandOptions.AllocationStrategy", other)),
    };
    market_options(options, strategy)
}

fn spot_options(options: &Form) -> Result<MarketOptions, Refusal> {
    let behavior = options.get("InstanceInterruptionBehavior");
    if let Some(other) = behavior.filter(|behavior| *behavior != "terminate") {
        return Err(invalid("InstanceInterruptionBehavior", other));
    }
    let strategy = match options.get("AllocationStrategy") {
        None | Some("lowest-price") => AllocationStrategy::LowestPrice,
        Some("diversified") => AllocationStrategy::Diversified,
        Some("capacity-optimized-prioritized") => AllocationStrategy::CapacityThenPriority,
        Some("capacity-optimized" | "price-capacity-optimized") => {
            AllocationStrategy::CapacityThenPrice
        }
        Some(other) => return Err(invalid("SpotOptions.AllocationStrategy", other)),
    };
    market_options(options, strategy)
}

fn market_options(options: &Form, strategy: AllocationStrategy) -> Result<MarketOptions, Refusal> {
    let of_one_type = options.flag("SingleInstanceType")?;
    let in_one_zone = options.flag("SingleAvailabilityZone")?;
    Ok(MarketOptions {
        strategy,
        is_single: of_one_type || in_one_zone,
        target_min: options.number("MinTargetCapacity")?,
    })
}

fn config(form: &Form) -> Result<FleetConfig, Refusal> {
    let named = form.under("LaunchTemplateSpecification");
    let overrides = form.items("Overrides");
    Ok(FleetConfig {
        template: template(&named.unwrap_or_default()),
        overrides: overrides.iter().map(one).collect::<Result<_, _>>()?,
    })
}

fn one(form: &Form) -> Result<FleetOverride, Refusal> {
    let requirements = form.under("InstanceRequirements");
    Ok(FleetOverride {
        instance_type: form.text("InstanceType"),
        subnet: form.text("SubnetId"),
        image: form.text("ImageId"),
        requirements: requirements.as_ref().map(requirement).transpose()?,
        priority: form.millionths("Priority")?,
        price_max: form.millionths("MaxPrice")?.map(MicroDollars),
    })
}

/// Processors and memory are both required, with their least at least.
fn requirement(form: &Form) -> Result<Requirements, Refusal> {
    Ok(Requirements {
        vcpus: span(form, "VCpuCount")?,
        memory_mib: span(form, "MemoryMiB")?,
    })
}

fn span(form: &Form, name: &str) -> Result<Span, Refusal> {
    let (least, most) = (format!("{name}.Min"), format!("{name}.Max"));
    form.required(&least)?;
    let span = Span {
        least: form.number(&least)?.unwrap_or(0),
        most: form.number(&most)?,
    };
    match span.most.filter(|most| *most < span.least) {
        Some(few) => Err(invalid(&most, &few.to_string())),
        None => Ok(span),
    }
}
