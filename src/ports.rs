//! The doors to the world: four traits, and how each can fail.
//!
//! A variant of an error exists because some caller does something different for it.
//! What is not here: retries. A tick that fails is followed by another tick.

#![deny(missing_docs)]

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;

use crate::model::ending::Ending;
use crate::model::id::{JobId, MachineId, PoolName, Replica};
use crate::model::job::{AgentReport, QueueCounts};
use crate::model::machine::{ConsoleMarks, Machine};
use crate::model::offer::Offer;
use crate::model::pipeline::Look;
use crate::model::plan::LaunchOrder;
use crate::model::pool::SpotPrices;
use crate::model::snapshot::Machines;
use crate::model::time::Timestamp;

/// Tells the time. The only source of `now` in the whole scaler.
pub trait Clock {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Waits for a span. By tokio's timer, which a test can pause; a simulated clock has its own.
    fn sleep(&self, span: Duration) -> impl Future<Output = ()> {
        tokio::time::sleep(span)
    }
}

/// The computer's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the time"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::default().plus(since_epoch)
    }
}

/// The Semaphore control plane, as the scaler asks it. Every call has its own timeout.
pub trait Hub {
    /// The counts of a pool's queue and agents.
    fn counts(&self, pool: &PoolName) -> impl Future<Output = Result<QueueCounts, HubError>>;

    /// The jobs of a pool that have not started, oldest first.
    fn jobs(&self, pool: &PoolName) -> impl Future<Output = Result<Vec<JobId>, HubError>>;

    /// All registered agents of a pool, or `None` where no API token was configured.
    /// An error on any page is an error of the whole.
    fn agents(
        &self,
        pool: &PoolName,
    ) -> impl Future<Output = Result<Option<BTreeMap<MachineId, AgentReport>>, HubError>>;

    /// What was seen of running pipelines, now or not long ago, or `None` where nobody may see
    /// them. A hint: part of it may be missing or old, and jobs that are queued come first.
    fn pipelines(
        &self,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Arc<Look>>, HubError>> {
        let _ = now;
        async { Ok(None) }
    }

    /// What time it is there now, by the answers of the last seconds; `None` if they do not tell.
    fn time(&self) -> Option<Timestamp> {
        None
    }
}

/// Where machines come from.
pub trait Cloud {
    /// Every machine that carries our deployment's tag, ended ones as long as the cloud lists them.
    fn machines(&self) -> impl Future<Output = Result<Machines, CloudError>>;

    /// Launches a batch. Part of it may come; the token makes a repeat harmless.
    fn launch(&self, order: &LaunchOrder) -> impl Future<Output = Result<Launched, LaunchError>>;

    /// Ends machines. A machine that is gone already counts as ended.
    fn end(
        &self,
        machines: &[MachineId],
    ) -> impl Future<Output = BTreeMap<MachineId, Result<(), CloudError>>>;

    /// Reads the consoles of machines that look wrong. One that shows nothing (yet) is `None`,
    /// which proves nothing. A cloud whose list has the marks already has nothing to add.
    fn consoles(&self, machines: &[MachineId]) -> impl Future<Output = Consoles> {
        let _ = machines;
        async { Consoles::new() }
    }

    /// How a machine that is ending or has ended came to it, as long as the cloud remembers.
    fn ending(
        &self,
        machine: &MachineId,
    ) -> impl Future<Output = Result<Option<Ending>, CloudError>> {
        let _ = machine;
        async { Ok(None) }
    }

    /// What time it is there now, by the answers of the last seconds; `None` if they do not tell.
    fn time(&self) -> Option<Timestamp> {
        None
    }

    /// What the spot market asks, if the cloud has one and knows something new of it.
    fn spot_prices(&self) -> impl Future<Output = Option<SpotPrices>> {
        async { None }
    }
}

/// The right to apply, where several replicas may run for one deployment.
pub trait Lease {
    /// Takes the lease, or makes it last longer: until `until`, in place of another replica only
    /// where that one's has ended by `now`. Every call is bounded in time and made once.
    fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Claim, LeaseError>>;

    /// Gives the lease back, so that the next claim of any replica gets it. One that is not held
    /// counts as given back.
    fn release(&self) -> impl Future<Output = Result<(), LeaseError>>;
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// There is one replica by the operator's word, and nothing to ask.
    Alone,
    /// The lease is ours until the moment that was asked for.
    Granted,
    /// Another replica has it.
    Held {
        /// Who, and until when; `None` where the answer does not tell.
        by: Option<(Replica, Timestamp)>,
    },
}

/// Why nobody knows who holds the lease.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{place} did not answer: {reason}")]
pub struct LeaseError {
    /// What was asked, such as a table.
    pub place: String,
    /// The last cause, in words.
    pub reason: String,
}

/// No lease: the operator runs one replica.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Lease for Alone {
    async fn claim(&self, _: Timestamp, _: Timestamp) -> Result<Claim, LeaseError> {
        Ok(Claim::Alone)
    }

    async fn release(&self) -> Result<(), LeaseError> {
        Ok(())
    }
}

/// A lease where one was configured, and else none.
impl<L: Lease> Lease for Option<L> {
    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Claim, LeaseError> {
        match self {
            Some(lease) => lease.claim(now, until).await,
            None => Alone.claim(now, until).await,
        }
    }

    async fn release(&self) -> Result<(), LeaseError> {
        match self {
            Some(lease) => lease.release().await,
            None => Alone.release().await,
        }
    }
}

/// What each console says.
pub type Consoles = BTreeMap<MachineId, Result<Option<ConsoleMarks>, CloudError>>;

/// What a launch gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launched {
    /// The machines that came, as the cloud will list them.
    pub machines: Vec<Machine>,
    /// Offers that had no capacity, with the cloud's word.
    pub unavailable: Vec<(Offer, String)>,
}

/// Why the hub gave no answer that can be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HubError {
    /// No answer in time, or no connection: trying again can help.
    #[error("{endpoint} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        endpoint: String,
        /// The last cause, in words.
        reason: String,
    },
    /// The hub does not know the token (401 or 404): trying again cannot help.
    #[error("{endpoint} does not know the {token} of pool {pool}")]
    UnknownToken {
        /// Host and port.
        endpoint: String,
        /// Which token, by its name in the configuration.
        token: &'static str,
        /// Whose.
        pool: PoolName,
    },
    /// The hub answered something else than it should.
    #[error("{endpoint} answered {status} to {call}: {body}")]
    Unexpected {
        /// Host and port.
        endpoint: String,
        /// Method and path.
        call: String,
        /// The HTTP status.
        status: u16,
        /// The first line of the body, or what was wrong with it.
        body: String,
    },
}

/// Why the cloud did not do what it was asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CloudError {
    /// Asked too often: slow down.
    #[error("the cloud asks to slow down")]
    Throttled,
    /// The cloud answered, and will not do it: asking again soon cannot help.
    #[error("the cloud refuses: {0}")]
    Refused(String),
    /// Anything else; the next tick asks again.
    #[error("the cloud did not answer: {0}")]
    Failed(String),
}

/// Why a launch gave no machine.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LaunchError {
    /// None of the offers has capacity: try them again later.
    #[error("no offer can be had: {reason}")]
    NoCapacity {
        /// The cloud's word.
        reason: String,
    },
    /// Asked too often: slow down.
    #[error("the cloud asks to slow down")]
    Throttled,
    /// The configuration is wrong: stop and say so.
    #[error("the cloud refuses: {reason}")]
    Refused {
        /// The cloud's word.
        reason: String,
    },
    /// It may have happened: the token will tell.
    #[error("it is not known whether the launch happened: {reason}")]
    Unknown {
        /// The last cause, in words.
        reason: String,
    },
}
