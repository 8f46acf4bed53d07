//! How many machines of which market a fleet asks for, and in which order overrides are tried.

use crate::emulator::ec2::api::{AllocationStrategy, CreateFleet, MarketOptions, TargetCapacity};
use crate::emulator::ec2::error::{self, Refusal, invalid};
use dayfly::model::offer::Market;

const TARGET_MAX: u32 = 10_000;
/// As EC2 documents it for `MinTargetCapacity`.
const LEAST_MAX: u32 = 1000;

/// What a fleet asks of one market.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) market: Market,
    pub(super) target: u32,
    pub(super) strategy: AllocationStrategy,
    /// Set if all machines have to be of one size or in one zone: how many of one override at
    /// least, or else none at all. (Real fleets can still mix zones, or sizes.)
    pub(super) single_min: Option<u32>,
}

/// What is asked of each market, on-demand first.
pub(super) fn wishes(request: &CreateFleet) -> Result<[Wish; 2], Refusal> {
    let (spot, on_demand) = targets(request.target)?;
    Ok([
        Wish {
            market: Market::OnDemand,
            target: on_demand,
            strategy: request.on_demand.strategy,
            single_min: single_min(request.on_demand, on_demand)?,
        },
        Wish {
            market: Market::Spot,
            target: spot,
            strategy: request.spot.strategy,
            single_min: single_min(request.spot, spot)?,
        },
    ])
}

/// How many of spot and on-demand.
fn targets(capacity: TargetCapacity) -> Result<(u32, u32), Refusal> {
    let TargetCapacity {
        total,
        spot,
        on_demand,
        default_market,
    } = capacity;
    if !(1..=TARGET_MAX).contains(&total) {
        return Err(invalid("TotalTargetCapacity", &total.to_string()));
    }
    let (spot, on_demand) = match default_market {
        Market::Spot => {
            let on_demand = on_demand.unwrap_or(0);
            (spot.unwrap_or(total.saturating_sub(on_demand)), on_demand)
        }
        Market::OnDemand => {
            let spot = spot.unwrap_or(0);
            (spot, on_demand.unwrap_or(total.saturating_sub(spot)))
        }
    };
    if spot.checked_add(on_demand) == Some(total) {
        return Ok((spot, on_demand));
    }
    let text = "The sum of spot and on-demand target capacity has to be the total";
    Err(Refusal::new(error::COMBINATION, text))
}

/// EC2 takes a least number only from a fleet of one size or one zone.
fn single_min(options: MarketOptions, target: u32) -> Result<Option<u32>, Refusal> {
    match options.target_min {
        None => Ok(options.is_single.then_some(1)),
        Some(least) if !(1..=LEAST_MAX.min(target)).contains(&least) => {
            Err(invalid("MinTargetCapacity", &least.to_string()))
        }
        Some(least) if options.is_single => Ok(Some(least)),
        Some(_) => {
            let text = "MinTargetCapacity needs SingleInstanceType or SingleAvailabilityZone";
            Err(Refusal::new(error::COMBINATION, text))
        }
    }
}
