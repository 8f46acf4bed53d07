//! Launches: one instant fleet for each market of an order, as the real adapter asks for them.

use std::time::Duration;

use super::cloud::SimCloud;
use super::failure::Failure;
use crate::emulator::ec2::api::{
    AllocationStrategy, Call, CreateFleet, FleetConfig, FleetOffer, FleetOverride, FleetReply,
    MarketOptions, Reply, Tag, TagSpecification, TargetCapacity, TemplateSpecification,
};
use crate::emulator::ec2::error::{self, Code};
use crate::sim::mutant::Mutant;
use dayfly::model::id::MachineId;
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::offer::{Market, Offer};
use dayfly::model::plan::LaunchOrder;
use dayfly::ports::{CloudError, LaunchError, Launched};

/// How long a launch may take.
const LIMIT: Duration = Duration::from_secs(30);
/// A step of priority, in millionths.
const PRIORITY: u64 = 1_000_000;

impl SimCloud {
    /// Launches an order: on the market of its best offer, then what is left on the other.
    pub(super) async fn launch_order(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        let mut launched = Launched::default();
        let first = order.offers.first().map(|offer| offer.market);
        let (best, other): (Vec<&Offer>, Vec<&Offer>) = order
            .offers
            .iter()
            .partition(|offer| Some(offer.market) == first);
        for offers in [best, other].into_iter().filter(|it| !it.is_empty()) {
            let come = u32::try_from(launched.machines.len()).unwrap_or(u32::MAX);
            let missing = order.count.saturating_sub(come);
            if missing == 0 {
                break;
            }
            match self.launch_fleet(order, &offers, missing).await {
                Ok(more) => {
                    launched.machines.extend(more.machines);
                    launched.unavailable.extend(more.unavailable);
                }
                // What has come already is not to be forgotten.
                Err(_) if !launched.machines.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        if let ([], [(_, word), ..]) = (&launched.machines[..], &launched.unavailable[..]) {
            let reason = word.clone();
            return Err(LaunchError::NoCapacity { reason });
        }
        Ok(launched)
    }

    async fn launch_fleet(
        &self,
        order: &LaunchOrder,
        offers: &[&Offer],
        count: u32,
    ) -> Result<Launched, LaunchError> {
        let call = Call::CreateFleet(self.fleet(order, offers, count));
        let failure = match self.ask(call, LIMIT).await {
            Ok(Reply::Fleet(fleet)) => return Ok(self.launched(order, offers, &fleet)),
            Ok(_) => Failure::Closed,
            Err(failure) => failure,
        };
        let reason = failure.to_string();
        let Failure::Refused(refusal) = failure else {
            return Err(LaunchError::Unknown { reason });
        };
        match refusal.code {
            error::THROTTLED => Err(LaunchError::Throttled),
            error::TOKEN_MISMATCH => self.earlier_launch(order, reason).await,
            error::INTERNAL | error::UNAVAILABLE => Err(LaunchError::Unknown { reason }),
            code if is_shortage(code) => {
                let offers = offers
                    .iter()
                    .map(|offer| ((*offer).clone(), reason.clone()));
                Ok(Launched {
                    machines: Vec::new(),
                    unavailable: offers.collect(),
                })
            }
            _ => Err(LaunchError::Refused { reason }),
        }
    }

    fn fleet(&self, order: &LaunchOrder, offers: &[&Offer], count: u32) -> CreateFleet {
        let market = offers
            .first()
            .map_or(Market::OnDemand, |offer| offer.market);
        let token = match self.mutant {
            Some(Mutant::DrawsTokens) => format!("{}-{}", order.token, self.draw()),
            _ => order.token.to_string(),
        };
        let by = |strategy| MarketOptions {
            strategy,
            ..MarketOptions::default()
        };
        let one = |(rank, offer): (u64, &&Offer)| FleetOverride {
            instance_type: Some(offer.instance_type.clone()),
            subnet: Some(offer.subnet.clone()),
            priority: Some(rank * PRIORITY),
            ..FleetOverride::default()
        };
        CreateFleet {
            configs: vec![FleetConfig {
                template: TemplateSpecification {
                    id: Some(order.template.id.clone()),
                    name: None,
                    version: Some(order.template.version.to_string()),
                },
                overrides: (0..).zip(offers).map(one).collect(),
            }],
            target: TargetCapacity {
                total: count,
                default_market: market,
                ..TargetCapacity::default()
            },
            on_demand: by(AllocationStrategy::Prioritized),
            spot: by(AllocationStrategy::CapacityThenPriority),
            tags: vec![TagSpecification {
                resource: "instance".to_owned(),
                tags: self.tags(order),
            }],
            client_token: Some(format!("{token}-{market}")),
        }
    }

    fn tags(&self, order: &LaunchOrder) -> Vec<Tag> {
        let seconds = |span: Duration| span.as_secs().to_string();
        let tags = [
            ("dayfly:deployment", self.deployment.to_string()),
            ("dayfly:pool", order.pool.to_string()),
            ("dayfly:launch", order.token.to_string()),
            ("dayfly:template", order.template.to_string()),
            ("dayfly:boot-limit", seconds(order.boot_limit)),
            ("dayfly:lifetime", seconds(order.lifetime)),
            ("dayfly:idle-timeout", seconds(order.idle_timeout)),
        ];
        tags.map(|(key, value)| Tag {
            key: key.to_owned(),
            value,
        })
        .into()
    }

    fn launched(&self, order: &LaunchOrder, offers: &[&Offer], fleet: &FleetReply) -> Launched {
        let launched_at = self.line.clock();
        let offer_of = |row: &FleetOffer| {
            let said = &row.said;
            let is_named = |offer: &&&Offer| {
                said.instance_type.as_ref() == Some(&offer.instance_type)
                    && said.subnet.as_ref() == Some(&offer.subnet)
            };
            offers.iter().find(is_named).map(|offer| (*offer).clone())
        };
        let mut launched = Launched::default();
        for launch in &fleet.launched {
            let Some(offer) = offer_of(&launch.offer) else {
                continue;
            };
            let machines = launch.machines.iter();
            launched.machines.extend(machines.map(|id| Machine {
                id: MachineId::new(&**id),
                pool: order.pool.clone(),
                token: order.token.clone(),
                template: order.template.tag(),
                offer: offer.clone(),
                phase: Phase::Pending,
                launched_at,
                boot_limit: order.boot_limit,
                lifetime: order.lifetime,
                held: false,
                impaired: false,
                ended_by: None,
                console: None,
            }));
        }
        for error in &fleet.errors {
            let code = error.refusal.code;
            let word = format!("{}: {}", code.name, error.refusal.message);
            let named = offer_of(&error.offer).filter(|_| !is_quota(code));
            let blamed = match named {
                Some(offer) => vec![offer],
                None => offers.iter().map(|offer| (*offer).clone()).collect(),
            };
            let blamed = blamed.into_iter().map(|offer| (offer, word.clone()));
            launched.unavailable.extend(blamed);
        }
        launched
    }

    /// The token has launched another number before: what came then is what this order is about.
    async fn earlier_launch(
        &self,
        order: &LaunchOrder,
        reason: String,
    ) -> Result<Launched, LaunchError> {
        let listed: Result<_, CloudError> = self.list(Some(order.token.as_str())).await;
        let machines: Vec<Machine> = listed.unwrap_or_default().into_values().collect();
        if machines.is_empty() {
            return Err(LaunchError::Unknown { reason });
        }
        Ok(Launched {
            machines,
            unavailable: Vec::new(),
        })
    }
}

fn is_quota(code: Code) -> bool {
    [error::VCPU_LIMIT, error::SPOT_COUNT].contains(&code)
}

fn is_shortage(code: Code) -> bool {
    let shortages = [
        error::INSUFFICIENT_CAPACITY,
        error::FREE_ADDRESSES,
        error::UNFULFILLABLE_CAPACITY,
    ];
    is_quota(code) || shortages.contains(&code)
}
