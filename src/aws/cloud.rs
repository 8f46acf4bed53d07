//! The door `ports::Cloud`, onto EC2.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::client::Clients;
use super::image::Images;
use super::prices::Prices;
use super::throttle::Throttle;
use crate::https::date::LatestDate;
use crate::model::ending::Ending;
use crate::model::id::{Deployment, MachineId};
use crate::model::plan::LaunchOrder;
use crate::model::pool::{Policy, SpotPrices};
use crate::model::snapshot::Machines;
use crate::model::time::Timestamp;
use crate::ports::{Clock, Cloud, CloudError, Consoles, LaunchError, Launched};

/// Machines on EC2, of one account and region. Clones share buckets and knowledge.
#[derive(Clone, Debug)]
pub struct Ec2Cloud<K> {
    pub(super) ec2: aws_sdk_ec2::Client,
    pub(super) images: Images,
    pub(super) throttle: Throttle,
    pub(super) deployment: Deployment,
    pub(super) clock: K,
    date: LatestDate,
    known: Arc<Mutex<Known>>,
}

/// What it knows beside what EC2 says.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) prices: Prices,
    /// Machines whose status checks fail, as of when they were last asked for.
    pub(super) impaired: BTreeSet<MachineId>,
    pub(super) impaired_at: Option<Instant>,
    /// When spot prices were last asked for.
    pub(super) priced_at: Option<Instant>,
}

impl<K: Clock> Ec2Cloud<K> {
    /// The machines of the policy's deployment.
    pub fn new(clients: Clients, policy: &Policy, clock: K) -> Self {
        let throttle = Throttle::default();
        let known = Known {
            prices: Prices::of(policy),
            ..Known::default()
        };
        Self {
            images: Images::new(clients.ssm, throttle.clone()),
            date: clients.date,
            ec2: clients.ec2,
            throttle,
            deployment: policy.deployment.clone(),
            clock,
            known: Arc::new(Mutex::new(known)),
        }
    }

    /// Takes the prices of a configuration that has changed. What is launched, each order says.
    pub fn set_policy(&self, policy: &Policy) {
        let mut known = self.known();
        known.prices = Prices::of(policy);
        // Offers that are new have no spot price yet.
        known.priced_at = None;
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The SDK keeps a call's whole state in its future: in a box, it does not grow those around it.
impl<K: Clock> Cloud for Ec2Cloud<K> {
    async fn machines(&self) -> Result<Machines, CloudError> {
        Box::pin(self.list()).await.map(Machines::from)
    }

    async fn launch(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        Box::pin(self.launch_order(order)).await
    }

    async fn end(&self, machines: &[MachineId]) -> BTreeMap<MachineId, Result<(), CloudError>> {
        Box::pin(self.end_all(machines)).await
    }

    async fn consoles(&self, machines: &[MachineId]) -> Consoles {
        Box::pin(self.read_consoles(machines)).await
    }

    async fn ending(&self, machine: &MachineId) -> Result<Option<Ending>, CloudError> {
        Box::pin(self.ask_ending(machine)).await
    }

    fn time(&self) -> Option<Timestamp> {
        self.date.time()
    }

    async fn spot_prices(&self) -> Option<SpotPrices> {
        Box::pin(self.ask_prices()).await
    }
}
