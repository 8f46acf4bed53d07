//! What an instant fleet is asked for, and which of our offers its answers are about.

use aws_sdk_ec2::operation::create_fleet::builders::CreateFleetFluentBuilder;
use aws_sdk_ec2::types::{
    DefaultTargetCapacityType, FleetLaunchTemplateConfigRequest,
    FleetLaunchTemplateOverridesRequest, FleetLaunchTemplateSpecificationRequest,
    FleetOnDemandAllocationStrategy, FleetType, InstanceType, LaunchTemplateAndOverridesResponse,
    OnDemandOptionsRequest, ResourceType, SpotAllocationStrategy, SpotOptionsRequest,
    TagSpecification, TargetCapacitySpecificationRequest,
};

use super::failure::Class;
use super::tags;
use crate::model::id::Deployment;
use crate::model::offer::{Market, Offer};
use crate::model::plan::LaunchOrder;

/// One fleet: offers of one market, the best first.
#[derive(Clone, Debug)]
pub(super) struct Fleet<'a> {
    pub(super) order: &'a LaunchOrder,
    pub(super) image: Option<&'a str>,
    pub(super) deployment: &'a Deployment,
    /// Never empty.
    pub(super) offers: Vec<Offer>,
}

impl Fleet<'_> {
    pub(super) fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// Where a machine is said to be of which the answer does not tell.
    pub(super) fn best(&self) -> Offer {
        self.offers.first().cloned().unwrap_or_else(|| Offer {
            instance_type: String::new(),
            subnet: String::new(),
            market: Market::OnDemand,
            hourly: Default::default(),
        })
    }

    fn market(&self) -> Market {
        self.best().market
    }

    /// The call for `count` machines.
    pub(super) fn request(
        &self,
        ec2: &aws_sdk_ec2::Client,
        count: u32,
    ) -> CreateFleetFluentBuilder {
        let template = FleetLaunchTemplateSpecificationRequest::builder()
            .launch_template_id(&self.order.template.id)
            .version(self.order.template.version.to_string())
            .build();
        let configuration = FleetLaunchTemplateConfigRequest::builder()
            .launch_template_specification(template)
            .set_overrides(Some(self.overrides()))
            .build();
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::Instance)
            .set_tags(Some(tags::of_launch(self.deployment, self.order)))
            .build();
        let call = ec2
            .create_fleet()
            .r#type(FleetType::Instant)
            .client_token(self.token())
            .launch_template_configs(configuration)
            .target_capacity_specification(self.capacity(count))
            .tag_specifications(tags);
        match self.market() {
            // Where machines are least likely to be taken away, our ranks second.
            Market::Spot => call.spot_options(
                SpotOptionsRequest::builder()
                    .allocation_strategy(SpotAllocationStrategy::CapacityOptimizedPrioritized)
                    .build(),
            ),
            Market::OnDemand => call.on_demand_options(
                OnDemandOptionsRequest::builder()
                    .allocation_strategy(FleetOnDemandAllocationStrategy::Prioritized)
                    .build(),
            ),
        }
    }

    /// An order is one fleet for each market, and each needs a token of its own.
    fn token(&self) -> String {
        let market = match self.market() {
            Market::Spot => "spot",
            Market::OnDemand => "demand",
        };
        format!("{}-{market}", self.order.token)
    }

    fn capacity(&self, count: u32) -> TargetCapacitySpecificationRequest {
        let market = match self.market() {
            Market::Spot => DefaultTargetCapacityType::Spot,
            Market::OnDemand => DefaultTargetCapacityType::OnDemand,
        };
        TargetCapacitySpecificationRequest::builder()
            .total_target_capacity(i32::try_from(count).unwrap_or(i32::MAX))
            .default_target_capacity_type(market)
            .build()
    }

    fn overrides(&self) -> Vec<FleetLaunchTemplateOverridesRequest> {
        let ranked = (0_u32..).zip(&self.offers);
        ranked
            .map(|(rank, offer)| {
                FleetLaunchTemplateOverridesRequest::builder()
                    .instance_type(InstanceType::from(offer.instance_type.as_str()))
                    .subnet_id(&offer.subnet)
                    .priority(f64::from(rank))
                    .set_image_id(self.image.map(str::to_owned))
                    .build()
            })
            .collect()
    }
}

/// The offer that a row of the answer is about.
pub(super) fn offer_of(
    offers: &[Offer],
    row: Option<&LaunchTemplateAndOverridesResponse>,
) -> Option<Offer> {
    let overrides = row?.overrides()?;
    let instance_type = overrides.instance_type().map(|size| size.as_str());
    let is_named = |offer: &&Offer| {
        Some(offer.instance_type.as_str()) == instance_type
            && Some(offer.subnet.as_str()) == overrides.subnet_id()
    };
    offers.iter().find(is_named).cloned()
}

/// The offers that a failure is about: one alone, all of its subnet, or all of its market.
pub(super) fn blamed(offers: &[Offer], named: Option<&Offer>, class: Class) -> Vec<Offer> {
    let is_blamed = |offer: &&Offer| match (class, named) {
        (Class::Quota, _) | (_, None) => true,
        (Class::Addresses, Some(named)) => offer.subnet == named.subnet,
        (
            Class::Capacity
            | Class::Throttled
            | Class::Configuration
            | Class::Mismatch
            | Class::NotFound
            | Class::DryRun
            | Class::Refused
            | Class::Unclear,
            Some(named),
        ) => *offer == named,
    };
    offers.iter().filter(is_blamed).cloned().collect()
}
