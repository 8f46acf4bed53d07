//! Launches: one instant fleet for each market of an order, and what came of it.
//!
//! A fleet gives what it can and says of each offer why not more (aws.md D). The order's own
//! token is the fleet's: a repeat, also by another process, gives the same machines.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::operation::create_fleet::CreateFleetOutput;
use tokio::time::Instant;

use super::cloud::Ec2Cloud;
use super::failure::{Class, Failure};
use super::fleet::{self, Fleet};
use super::throttle::Bucket;
use crate::model::machine::{Machine, Phase};
use crate::model::offer::{Market, Offer};
use crate::model::plan::LaunchOrder;
use crate::ports::{Clock, LaunchError, Launched};

/// How long a launch may wait for its bucket; the next tick asks again.
const PATIENCE: Duration = Duration::from_secs(3);

/// What one fleet gave.
#[derive(Debug, Default)]
struct Given {
    machines: Vec<Machine>,
    failures: Vec<(Offer, Failure)>,
}

impl<K: Clock> Ec2Cloud<K> {
    /// Launches an order: on the market of its best offer, then what is left on the other.
    pub(super) async fn launch_order(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        let image = match &order.template.image {
            Some(image) => Some(self.images.resolve(image).await.map_err(not_launched)?),
            None => None,
        };
        let mut given = Given::default();
        for offers in by_market(&order.offers) {
            let come = u32::try_from(given.machines.len()).unwrap_or(u32::MAX);
            let missing = order.count.saturating_sub(come);
            if missing == 0 {
                break;
            }
            let fleet = Fleet {
                order,
                image: image.as_deref(),
                deployment: &self.deployment,
                offers,
            };
            match self.launch_fleet(&fleet, missing).await {
                Ok(more) => {
                    given.machines.extend(more.machines);
                    given.failures.extend(more.failures);
                }
                // What has come already is not to be forgotten.
                Err(_) if !given.machines.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        result(given, order)
    }

    /// One fleet. A failure of the whole call that is about its offers becomes theirs.
    async fn launch_fleet(&self, fleet: &Fleet<'_>, missing: u32) -> Result<Given, LaunchError> {
        let granted = self.throttle.grab(Bucket::MachinesLaunched, missing);
        if granted == 0 {
            return Err(LaunchError::Throttled);
        }
        let unused = |count| self.throttle.give_back(Bucket::MachinesLaunched, count);
        let turn = self.throttle.take(Bucket::Launches, 1, PATIENCE).await;
        if turn.is_err() {
            unused(granted);
            return Err(LaunchError::Throttled);
        }
        let asked_at = Instant::now();
        let answer = fleet.request(&self.ec2, granted).send().await;
        match answer.map_err(Failure::from) {
            Ok(output) => {
                self.throttle.went_well(Bucket::Launches);
                let given = self.read(fleet, &output);
                let came = u32::try_from(given.machines.len()).unwrap_or(u32::MAX);
                unused(granted.saturating_sub(came));
                Ok(given)
            }
            Err(failure) => match failure.class {
                Class::Capacity | Class::Addresses | Class::Quota => {
                    unused(granted);
                    let blamed = fleet.offers.iter().cloned();
                    Ok(Given {
                        machines: Vec::new(),
                        failures: blamed.map(|offer| (offer, failure.clone())).collect(),
                    })
                }
                Class::Throttled => {
                    self.throttle.slow_down(Bucket::Launches, asked_at);
                    unused(granted);
                    Err(LaunchError::Throttled)
                }
                Class::Mismatch => {
                    unused(granted);
                    self.earlier_launch(fleet, failure).await
                }
                Class::Configuration
                | Class::NotFound
                | Class::DryRun
                | Class::Refused
                | Class::Unclear => Err(not_launched(failure)),
            },
        }
    }

    /// The token has launched something before, in other words: an earlier process of ours asked
    /// for another number, and what it launched is what this order is about.
    async fn earlier_launch(
        &self,
        fleet: &Fleet<'_>,
        failure: Failure,
    ) -> Result<Given, LaunchError> {
        let listed = self.list_launch(fleet.order.token.as_str()).await;
        let machines: Vec<Machine> = listed.unwrap_or_default().into_values().collect();
        if machines.is_empty() {
            return Err(not_launched(failure));
        }
        Ok(Given {
            machines,
            failures: Vec::new(),
        })
    }

    /// What a fleet gave, as the list will show it, and which offers failed.
    fn read(&self, fleet: &Fleet<'_>, output: &CreateFleetOutput) -> Given {
        let launched_at = self.clock.now();
        let mut given = Given::default();
        for row in output.instances() {
            let offer = fleet::offer_of(fleet.offers(), row.launch_template_and_overrides());
            let named = row.instance_type().map(|size| size.as_str());
            let offer = offer.or_else(|| {
                let of_type = |offer: &&Offer| Some(offer.instance_type.as_str()) == named;
                fleet.offers.iter().find(of_type).cloned()
            });
            let offer = offer.unwrap_or_else(|| fleet.best());
            given
                .machines
                .extend(row.instance_ids().iter().map(|id| Machine {
                    id: crate::model::id::MachineId::new(id),
                    pool: fleet.order.pool.clone(),
                    token: fleet.order.token.clone(),
                    template: fleet.order.template.tag(),
                    offer: offer.clone(),
                    phase: Phase::Pending,
                    launched_at,
                    boot_limit: fleet.order.boot_limit,
                    lifetime: fleet.order.lifetime,
                    held: false,
                    impaired: false,
                    ended_by: None,
                    console: None,
                }));
        }
        for row in output.errors() {
            let code = row.error_code().unwrap_or("no code");
            let failure = Failure::of(code, row.error_message().unwrap_or_default());
            let offer = fleet::offer_of(fleet.offers(), row.launch_template_and_overrides());
            let blamed = fleet::blamed(fleet.offers(), offer.as_ref(), failure.class);
            let blamed = blamed.into_iter().map(|offer| (offer, failure.clone()));
            given.failures.extend(blamed);
        }
        given
    }
}

/// The offers of each market, the market of the best offer first. A fleet has one market: its
/// other capacity would not be ranked.
fn by_market(offers: &[Offer]) -> Vec<Vec<Offer>> {
    let first = offers
        .first()
        .map_or(Market::OnDemand, |offer| offer.market);
    let (best, other): (Vec<Offer>, Vec<Offer>) = offers
        .iter()
        .cloned()
        .partition(|offer| offer.market == first);
    [best, other]
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect()
}

/// What the whole order gave. Nothing at all is an error, with the reason that an operator can
/// do most about.
fn result(given: Given, order: &LaunchOrder) -> Result<Launched, LaunchError> {
    let is_configuration = |class| match class {
        Class::Configuration
        | Class::NotFound
        | Class::Mismatch
        | Class::DryRun
        | Class::Refused => true,
        Class::Capacity | Class::Addresses | Class::Quota | Class::Throttled | Class::Unclear => {
            false
        }
    };
    if given.machines.is_empty() {
        let wrong = |(_, failure): &&(Offer, Failure)| is_configuration(failure.class);
        if let Some((_, failure)) = given.failures.iter().find(wrong) {
            let reason = failure.word.clone();
            return Err(LaunchError::Refused { reason });
        }
        let blamed: BTreeSet<&Offer> = given.failures.iter().map(|(offer, _)| offer).collect();
        if order.offers.iter().all(|offer| blamed.contains(offer))
            && let Some((_, failure)) = given.failures.first()
        {
            let reason = failure.word.clone();
            return Err(LaunchError::NoCapacity { reason });
        }
        if given.failures.is_empty() {
            return Err(LaunchError::Unknown {
                reason: "the fleet gave neither machines nor errors".to_owned(),
            });
        }
    }
    let unavailable = given.failures.into_iter();
    Ok(Launched {
        machines: given.machines,
        unavailable: unavailable
            .map(|(offer, failure)| (offer, failure.word))
            .collect(),
    })
}

/// What a failure of a whole launch means to the scaler.
fn not_launched(failure: Failure) -> LaunchError {
    let Failure { class, word } = failure;
    match class {
        Class::Capacity | Class::Addresses | Class::Quota => {
            LaunchError::NoCapacity { reason: word }
        }
        Class::Throttled => LaunchError::Throttled,
        Class::Configuration | Class::NotFound | Class::DryRun | Class::Refused => {
            LaunchError::Refused { reason: word }
        }
        Class::Mismatch | Class::Unclear => LaunchError::Unknown { reason: word },
    }
}
