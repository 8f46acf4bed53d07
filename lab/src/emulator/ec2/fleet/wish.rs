//! How many machines of which market a fleet asks for, and in which order overrides are tried.

use crate::emulator::ec2::error::{self, Refusal};
use crate::emulator::ec2::form::{Form, invalid};
use dayfly::model::offer::Market;

const TARGET_MAX: u32 = 10_000;
/// As EC2 documents it for `MinTargetCapacity`.
const LEAST_MAX: u32 = 1000;

/// What a fleet asks of one market.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) market: Market,
    pub(super) target: u32,
    pub(super) strategy: Strategy,
    /// Set if all machines have to be of one size or in one zone: how many of one override at
    /// least, or else none at all. (Real fleets can still mix zones, or sizes.)
    pub(super) single_min: Option<u32>,
}

/// In which order overrides are tried.
#[derive(Clone, Copy, Debug)]
pub(super) enum Strategy {
    Prioritized,
    LowestPrice,
    /// Supplies that have enough first, then those that have most; priority decides the rest.
    CapacityThenPriority,
    /// The same, and the price decides the rest.
    CapacityThenPrice,
    /// From each the same share, and what scarce ones lack from the others.
    Diversified,
}

/// What is asked of each market, on-demand first.
pub(super) fn wishes(form: &Form) -> Result<[Wish; 2], Refusal> {
    let (spot, on_demand) = targets(form)?;
    let options = |name: &str| form.under(name).unwrap_or_default();
    let of_on_demand = options("OnDemandOptions");
    let of_spot = options("SpotOptions");
    let behavior = of_spot.get("InstanceInterruptionBehavior");
    if let Some(other) = behavior.filter(|behavior| *behavior != "terminate") {
        return Err(invalid("InstanceInterruptionBehavior", other));
    }
    Ok([
        Wish {
            market: Market::OnDemand,
            target: on_demand,
            strategy: on_demand_strategy(&of_on_demand)?,
            single_min: single_min(&of_on_demand, on_demand)?,
        },
        Wish {
            market: Market::Spot,
            target: spot,
            strategy: spot_strategy(&of_spot)?,
            single_min: single_min(&of_spot, spot)?,
        },
    ])
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

fn on_demand_strategy(options: &Form) -> Result<Strategy, Refusal> {
    match options.get("AllocationStrategy") {
        None | Some("lowest-price") => Ok(Strategy::LowestPrice),
        Some("prioritized") => Ok(Strategy::Prioritized),
        Some(other) => Err(invalid("OnDemandOptions.AllocationStrategy", other)),
    }
}

fn spot_strategy(options: &Form) -> Result<Strategy, Refusal> {
    match options.get("AllocationStrategy") {
        None | Some("lowest-price") => Ok(Strategy::LowestPrice),
        Some("diversified") => Ok(Strategy::Diversified),
        Some("capacity-optimized-prioritized") => Ok(Strategy::CapacityThenPriority),
        Some("capacity-optimized" | "price-capacity-optimized") => Ok(Strategy::CapacityThenPrice),
        Some(other) => Err(invalid("SpotOptions.AllocationStrategy", other)),
    }
}

/// EC2 takes a least number only from a fleet of one size or one zone.
fn single_min(options: &Form, target: u32) -> Result<Option<u32>, Refusal> {
    let is_single =
        options.flag("SingleInstanceType")? || options.flag("SingleAvailabilityZone")?;
    match options.number("MinTargetCapacity")? {
        None => Ok(is_single.then_some(1)),
        Some(least) if !(1..=LEAST_MAX.min(target)).contains(&least) => {
            Err(invalid("MinTargetCapacity", &least.to_string()))
        }
        Some(least) if is_single => Ok(Some(least)),
        Some(_) => {
            let text = "MinTargetCapacity needs SingleInstanceType or SingleAvailabilityZone";
            Err(Refusal::new(error::COMBINATION, text))
        }
    }
}
