//! A tick in numbers, as lines of CloudWatch's embedded metric format (EMF).
//!
//! A line on stdout is all that it takes: Lambda's log, or an agent that ships a daemon's, makes
//! metrics of it, without a call and without a permission. What is not known is left out: a zero
//! would say that nothing is queued when nobody answered.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde_json::{Map, Value, json};

use crate::model::id::{Deployment, PoolName};
use crate::model::plan::{PoolPlan, WaitReason};
use crate::ports::LaunchError;

use super::apply::Outcome;
use super::observe::Silence;
use super::queue;
use super::tick::Tick;

/// Under which all metrics stand in CloudWatch.
pub const NAMESPACE: &str = "Dayfly";

/// One name, its unit in the format's own words, and the value.
type Metric = (&'static str, &'static str, u64);

const COUNT: &str = "Count";
const SECONDS: &str = "Seconds";
const MILLISECONDS: &str = "Milliseconds";

/// One line for each pool of the plan, by name, without the line's end.
pub fn lines(tick: &Tick, deployment: &Deployment) -> Vec<String> {
    let line = |(name, pool)| {
        let metrics = metrics(tick, name, pool);
        emf(tick, deployment, name, &metrics).to_string()
    };
    tick.plan.pools.iter().map(line).collect()
}

fn metrics(tick: &Tick, name: &PoolName, pool: &PoolPlan) -> Vec<Metric> {
    let balance = pool.balance;
    let view = tick.snapshot.pools.get(name);
    let age = view.and_then(|view| queue::age(view, name, &tick.snapshot.memory, tick.at));
    let count = |name, count: Option<u32>| count.map(|count| (name, COUNT, count.into()));
    let known = [
        count("Queued", balance.queued),
        age.map(|age| ("QueueAgeSeconds", SECONDS, age.as_secs())),
        count("Booting", balance.booting),
        count("Waiting", balance.waiting),
        count("Running", balance.running),
        count("Alive", balance.alive),
        count("Missing", balance.missing),
    ];
    let mut metrics: Vec<Metric> = known.into_iter().flatten().collect();
    let is_listed = tick.snapshot.machines.is_some();
    let done = Done::of(tick, name, pool);
    metrics.extend([
        ("Launched", COUNT, done.launched),
        ("Ended", COUNT, done.ended),
        ("LaunchesFailed", COUNT, done.launches_failed),
        ("LaunchBlocked", COUNT, is_blocked(tick, name, pool).into()),
        ("HubSilent", COUNT, is_hub_silent(tick, name).into()),
        ("CloudSilent", COUNT, (!is_listed).into()),
        ("TickMilliseconds", MILLISECONDS, milliseconds(tick)),
    ]);
    metrics
}

/// What became of the actions for one pool.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    /// Machines that came.
    launched: u64,
    /// Machines that were ended from outside.
    ended: u64,
    /// Orders that gave no machine.
    launches_failed: u64,
}

impl Done {
    fn of(tick: &Tick, name: &PoolName, pool: &PoolPlan) -> Self {
        let mut done = Self::default();
        for outcome in &tick.outcomes {
            match outcome {
                Outcome::Launched { order, launched } if order.pool == *name => {
                    done.launched += launched.machines.len() as u64;
                    done.launches_failed += u64::from(launched.machines.is_empty());
                }
                Outcome::LaunchFailed { order, .. } if order.pool == *name => {
                    done.launches_failed += 1;
                }
                Outcome::Ended { machine, .. } if pool.machines.contains_key(machine) => {
                    done.ended += 1;
                }
                Outcome::Launched { .. }
                | Outcome::LaunchFailed { .. }
                | Outcome::Ended { .. }
                | Outcome::EndFailed { .. } => {}
            }
        }
        done
    }
}

/// Whether an operator must act before the pool can launch what is missing. A limit that he has
/// set himself is none of it, nor is a silence, which has a metric of its own.
fn is_blocked(tick: &Tick, name: &PoolName, pool: &PoolPlan) -> bool {
    let by_obstacle = pool.obstacle.as_ref().is_some_and(needs_an_operator);
    // An obstacle is met for the first time, or once more, by a launch that fails.
    let by_failure = tick.outcomes.iter().any(|outcome| match outcome {
        Outcome::LaunchFailed { order, error } => order.pool == *name && is_lasting(error),
        Outcome::Launched { .. } | Outcome::Ended { .. } | Outcome::EndFailed { .. } => false,
    });
    // A plan that breaks an invariant is not carried out, and that is a bug to report.
    let by_violation =
        !tick.violations.is_empty() && pool.balance.missing.is_some_and(|missing| 0 < missing);
    by_obstacle || by_failure || by_violation
}

fn is_lasting(error: &LaunchError) -> bool {
    match error {
        LaunchError::NoCapacity { .. } | LaunchError::Refused { .. } => true,
        LaunchError::Throttled | LaunchError::Unknown { .. } => false,
    }
}

fn needs_an_operator(reason: &WaitReason) -> bool {
    match reason {
        WaitReason::BreakerOpen { .. }
        | WaitReason::BreakerProbing
        | WaitReason::BootsUnknown { .. }
        | WaitReason::AgentQuota { .. }
        | WaitReason::NoCapacity { .. }
        | WaitReason::Refused { .. } => true,
        // On-demand machines come soon, without anybody's help.
        WaitReason::SpotPatience { .. }
        | WaitReason::Draining
        | WaitReason::PoolCap { .. }
        | WaitReason::DeploymentCap { .. }
        | WaitReason::LaunchRate { .. }
        | WaitReason::Budget
        | WaitReason::CloudSilent
        | WaitReason::HubSilent => false,
    }
}

/// Whether any question about this pool was not answered.
fn is_hub_silent(tick: &Tick, name: &PoolName) -> bool {
    tick.silences.iter().any(|silence| match silence {
        Silence::Hub { pool, .. } => pool == name,
        Silence::Pipelines(_) | Silence::Cloud(_) => false,
    })
}

fn milliseconds(tick: &Tick) -> u64 {
    u64::try_from(tick.took.as_millis()).unwrap_or(u64::MAX)
}

/// The document: what is a metric, and for what, beside the values under their own names.
fn emf(tick: &Tick, deployment: &Deployment, pool: &PoolName, metrics: &[Metric]) -> Value {
    let definitions = metrics
        .iter()
        .map(|(name, unit, _)| json!({ "Name": name, "Unit": unit }));
    let directive = json!({
        "Namespace": NAMESPACE,
        "Dimensions": [["Deployment", "Pool"]],
        "Metrics": definitions.collect::<Vec<Value>>(),
    });
    let mut document = Map::new();
    let about = json!({ "Timestamp": tick.at.as_millis(), "CloudWatchMetrics": [directive] });
    document.insert("_aws".to_owned(), about);
    document.insert("Deployment".to_owned(), deployment.as_str().into());
    document.insert("Pool".to_owned(), pool.as_str().into());
    let values = metrics
        .iter()
        .map(|(name, _, value)| ((*name).to_owned(), (*value).into()));
    document.extend(values);
    document.into()
}
