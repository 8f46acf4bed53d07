//! What a cloud offers: a type of machine, in a place, on a market.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::money::MicroDollars;

/// Instance type × subnet × market, with what an hour of it costs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Offer {
    /// The cloud's name for the size of the machine, such as `c7i.large`.
    pub instance_type: String,
    /// Where it stands: a subnet id, or `local`.
    pub subnet: String,
    /// How it is paid for.
    pub market: Market,
    /// What an hour costs; zero where nothing is charged.
    pub hourly: MicroDollars,
}

impl Offer {
    /// Whether it is cheap, and may be taken away.
    pub const fn is_spot(&self) -> bool {
        match self.market {
            Market::Spot => true,
            Market::OnDemand => false,
        }
    }
}

/// How a machine is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Market {
    /// Cheap, and may be taken away.
    Spot,
    /// At the list price, and ours until we end it.
    OnDemand,
}

impl fmt::Display for Offer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} in {} ({})",
            self.instance_type, self.subnet, self.market
        )
    }
}

impl fmt::Display for Market {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Spot => "spot",
            Self::OnDemand => "on-demand",
        })
    }
}
