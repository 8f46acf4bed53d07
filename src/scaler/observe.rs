//! Asks everybody at the same time. An answer that did not come is `None`, and said once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::model::id::PoolName;
use crate::model::pipeline::Look;
use crate::model::pool::Policy;
use crate::model::snapshot::{Machines, PoolView};
use crate::model::time::Timestamp;
use crate::ports::{Cloud, CloudError, Hub, HubError};

/// What one round of questions gave.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What the hub said of each pool.
    pub pools: BTreeMap<PoolName, PoolView>,
    /// What the cloud said.
    pub machines: Option<Machines>,
    /// What was seen of running pipelines; a hint.
    pub pipelines: Option<Arc<Look>>,
    /// Who did not answer, in a fixed order.
    pub silences: Vec<Silence>,
}

/// A question that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The hub did not answer a question about a pool.
    Hub {
        /// Which pool.
        pool: PoolName,
        /// What was asked: `counts`, `jobs` or `agents`.
        question: &'static str,
        /// Why there is no answer.
        error: HubError,
    },
    /// The hub did not tell of its pipelines: nothing is launched ahead for their next blocks.
    Pipelines(HubError),
    /// The cloud did not list its machines.
    Cloud(CloudError),
}

impl fmt::Display for Silence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub {
                pool,
                question,
                error,
            } => {
                write!(formatter, "no {question} of pool {pool}: {error}")
            }
            Self::Pipelines(error) => write!(formatter, "no pipelines: {error}"),
            Self::Cloud(error) => write!(formatter, "no machines: {error}"),
        }
    }
}

/// Asks the hub about every pool and the cloud for its machines, all at once.
/// The adapters bound every question in time.
pub async fn observe(
    hub: &impl Hub,
    cloud: &impl Cloud,
    policy: &Policy,
    now: Timestamp,
) -> Observed {
    let views = join_all(policy.pools.keys().map(|pool| view(hub, pool)));
    let (views, pipelines, machines) = tokio::join!(views, hub.pipelines(now), cloud.machines());
    let mut observed = Observed::default();
    for (pool, view, mut silences) in views {
        observed.pools.insert(pool, view);
        observed.silences.append(&mut silences);
    }
    match pipelines {
        Ok(pipelines) => observed.pipelines = pipelines,
        Err(error) => observed.silences.push(Silence::Pipelines(error)),
    }
    match machines {
        Ok(machines) => observed.machines = Some(machines),
        Err(error) => observed.silences.push(Silence::Cloud(error)),
    }
    observed
}

async fn view(hub: &impl Hub, pool: &PoolName) -> (PoolName, PoolView, Vec<Silence>) {
    let (counts, jobs, agents) = tokio::join!(hub.counts(pool), hub.jobs(pool), hub.agents(pool));
    let mut silences = Vec::new();
    let view = PoolView {
        counts: heard(counts, pool, "counts", &mut silences),
        jobs: heard(jobs, pool, "jobs", &mut silences),
        agents: heard(agents, pool, "agents", &mut silences).flatten(),
    };
    (pool.clone(), view, silences)
}

fn heard<T>(
    answer: Result<T, HubError>,
    pool: &PoolName,
    question: &'static str,
    silences: &mut Vec<Silence>,
) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(error) => {
            silences.push(Silence::Hub {
                pool: pool.clone(),
                question,
                error,
            });
            None
        }
    }
}
