//! What calls that launch machines ask for.

use super::super::fleet::Requirements;
use super::super::template::TemplateData;
use super::resources::TagSpecification;
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Market;

/// A launch template, by its id or by its name, and one of its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateSpecification {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// A number, `$Latest` or `$Default`.
    pub version: Option<String>,
}

/// Machines of one offer: as many as there is capacity for, from `count_min` to `count_max`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunInstances {
    /// The least number.
    pub count_min: u32,
    /// The greatest number.
    pub count_max: u32,
    /// What the launch takes over.
    pub template: TemplateSpecification,
    /// What the launch says itself; its tags are not read.
    pub data: TemplateData,
    /// The highest price of a spot machine's hour.
    pub price_max: Option<MicroDollars>,
    /// Tags of what is launched.
    pub tags: Vec<TagSpecification>,
    /// Makes the launch happen once.
    pub client_token: Option<String>,
}

/// Machines of several offers, as far as there is capacity: a fleet of type `instant`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateFleet {
    /// What may be launched.
    pub configs: Vec<FleetConfig>,
    /// How many machines.
    pub target: TargetCapacity,
    /// How on-demand machines are chosen.
    pub on_demand: MarketOptions,
    /// How spot machines are chosen.
    pub spot: MarketOptions,
    /// Tags of what is launched.
    pub tags: Vec<TagSpecification>,
    /// Makes the launch happen once.
    pub client_token: Option<String>,
}

/// A template, and what completes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetConfig {
    /// The template.
    pub template: TemplateSpecification,
    /// One for each offer; without one, the template is the offer.
    pub overrides: Vec<FleetOverride>,
}

/// One offer of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetOverride {
    /// The size.
    pub instance_type: Option<String>,
    /// The subnet.
    pub subnet: Option<String>,
    /// The image.
    pub image: Option<String>,
    /// What a size has to have, in place of its name.
    pub requirements: Option<Requirements>,
    /// In millionths; one without a priority comes last.
    pub priority: Option<u64>,
    /// The highest price of a machine's hour.
    pub price_max: Option<MicroDollars>,
}

/// How many machines of which market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetCapacity {
    /// Of both markets.
    pub total: u32,
    /// Of the spot market, if that is said.
    pub spot: Option<u32>,
    /// On demand, if that is said.
    pub on_demand: Option<u32>,
    /// The market of those for which it is not said.
    pub default_market: Market,
}

impl Default for TargetCapacity {
    fn default() -> Self {
        Self {
            total: 0,
            spot: None,
            on_demand: None,
            default_market: Market::OnDemand,
        }
    }
}

/// How the offers of one market are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketOptions {
    /// In which order they are tried.
    pub strategy: AllocationStrategy,
    /// Whether all machines have to be of one size or in one zone.
    pub is_single: bool,
    /// How many at least, or else none at all.
    pub target_min: Option<u32>,
}

/// In which order overrides are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AllocationStrategy {
    /// By their priorities.
    Prioritized,
    /// By their prices.
    #[default]
    LowestPrice,
    /// Supplies that have enough first, then those that have most; priority decides the rest.
    CapacityThenPriority,
    /// The same, and the price decides the rest.
    CapacityThenPrice,
    /// From each the same share, and what scarce ones lack from the others.
    Diversified,
}
