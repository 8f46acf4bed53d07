//! Launches: one instant fleet for each market of an order, as the real adapter asks for them.

use std::time::Duration;

use super::cloud::{SimCloud, failure, text};
use super::form::Form;
use super::line::Target;
use super::xml::{Document, Element};
use crate::sim::mutant::Mutant;
use dayfly::model::id::MachineId;
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::offer::{Market, Offer};
use dayfly::model::plan::LaunchOrder;
use dayfly::ports::{CloudError, LaunchError, Launched};

/// How long a launch may take.
const LIMIT: Duration = Duration::from_secs(30);
const TEMPLATE: &str = "LaunchTemplateConfigs.1.LaunchTemplateSpecification";

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
        let request = self.fleet(order, offers, count).request();
        let answer = self.line.call(Target::Ec2, request, LIMIT).await;
        let unknown = |reason: &str| LaunchError::Unknown {
            reason: reason.to_owned(),
        };
        let answer = answer.map_err(|_| unknown("no answer in time"))?;
        let body = text(&answer);
        if answer.status == 200 {
            return Ok(self.read_fleet(order, offers, Document::read(body).whole()));
        }
        let (code, reason) = failure(&answer);
        match code.as_str() {
            "RequestLimitExceeded" => Err(LaunchError::Throttled),
            "IdempotentParameterMismatch" => self.earlier_launch(order, reason).await,
            "" | "InternalError" | "Unavailable" => Err(LaunchError::Unknown { reason }),
            _ if is_shortage(&code) => {
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

    fn fleet(&self, order: &LaunchOrder, offers: &[&Offer], count: u32) -> Form {
        let market = offers
            .first()
            .map_or(Market::OnDemand, |offer| offer.market);
        let token = match self.mutant {
            Some(Mutant::DrawsTokens) => format!("{}-{}", order.token, self.draw()),
            _ => order.token.to_string(),
        };
        let mut form = Form::of("CreateFleet")
            .with("Type", "instant")
            .with("ClientToken", &format!("{token}-{market}"))
            .with(&format!("{TEMPLATE}.LaunchTemplateId"), &order.template.id)
            .with(
                &format!("{TEMPLATE}.Version"),
                &order.template.version.to_string(),
            )
            .with(
                "TargetCapacitySpecification.TotalTargetCapacity",
                &count.to_string(),
            )
            .with(
                "TargetCapacitySpecification.DefaultTargetCapacityType",
                &market.to_string(),
            );
        form = match market {
            Market::Spot => form.with(
                "SpotOptions.AllocationStrategy",
                "capacity-optimized-prioritized",
            ),
            Market::OnDemand => form.with("OnDemandOptions.AllocationStrategy", "prioritized"),
        };
        for (rank, offer) in offers.iter().enumerate() {
            let of = format!("LaunchTemplateConfigs.1.Overrides.{}", rank + 1);
            form = form
                .with(&format!("{of}.InstanceType"), &offer.instance_type)
                .with(&format!("{of}.SubnetId"), &offer.subnet)
                .with(&format!("{of}.Priority"), &format!("{rank}.0"));
        }
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
        form = form.with("TagSpecification.1.ResourceType", "instance");
        for (index, (key, value)) in tags.iter().enumerate() {
            let tag = format!("TagSpecification.1.Tag.{}", index + 1);
            form = form
                .with(&format!("{tag}.Key"), key)
                .with(&format!("{tag}.Value"), value);
        }
        form
    }

    fn read_fleet(&self, order: &LaunchOrder, offers: &[&Offer], body: Element<'_>) -> Launched {
        let launched_at = self.line.clock();
        let best = || offers.first().map(|offer| (*offer).clone());
        let offer_of = |row: Element<'_>| {
            let overrides = row.find("overrides")?;
            let (size, subnet) = (overrides.text("instanceType"), overrides.text("subnetId"));
            let is_named = |offer: &&&Offer| offer.instance_type == size && offer.subnet == subnet;
            offers.iter().find(is_named).map(|offer| (*offer).clone())
        };
        let mut launched = Launched::default();
        let rows = body.find("fleetInstanceSet").into_iter();
        for row in rows.flat_map(Element::items) {
            let Some(offer) = offer_of(row).or_else(best) else {
                continue;
            };
            let ids = row.find("instanceIds").into_iter().flat_map(Element::items);
            launched.machines.extend(ids.map(|id| Machine {
                id: MachineId::new(id.unescaped()),
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
        let rows = body.find("errorSet").into_iter();
        for row in rows.flat_map(Element::items) {
            let code = row.text("errorCode");
            let word = format!("{code}: {}", row.text("errorMessage"));
            let named = offer_of(row).filter(|_| !is_quota(&code));
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

fn is_quota(code: &str) -> bool {
    ["VcpuLimitExceeded", "MaxSpotInstanceCountExceeded"].contains(&code)
}

fn is_shortage(code: &str) -> bool {
    let shortages = [
        "InsufficientInstanceCapacity",
        "InsufficientFreeAddressesInSubnet",
        "UnfulfillableCapacity",
    ];
    is_quota(code) || shortages.contains(&code)
}
