//! The scaler's configuration: one file, every mistake in it named at once.
//!
//! [`load`] reads `dayfly.toml` (or the same in JSON) into [`Settings`]: each pool
//! once, with everything about it, and a [`Config`] for everything around them. The [`Policy`] that
//! decisions are made from is a part of it. What must stay true: no token stands in the
//! file, every number carries its unit in its name, every value has been checked before anything
//! starts. What is not here: reading the tokens, which [`secret::read_all`] does on its own.

pub mod change;
mod cloud;
pub mod default;
mod ec2;
mod file;
mod hours;
mod machine;
mod pool;
pub mod price;
mod resolve;
pub mod secret;
mod source;
mod speed;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::id::{Deployment, PoolName};
use crate::model::money::MicroDollars;
use crate::model::pool::{Policy, PoolPolicy};

pub use file::load;
pub use machine::{AgentKind, AgentProgram, MachineSettings, Metadata};
pub use resolve::{keys, resolve};
pub use secret::SecretSource;

/// What a configuration file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The tag value that marks our machines.
    pub deployment: Deployment,
    /// Live machines of all pools together. Zero drains.
    pub machines_max: u32,
    /// Launches of all pools together within any hour.
    pub launches_per_hour_max: u32,
    /// What all live machines together may cost in an hour; no limit if absent.
    pub hourly_max: Option<MicroDollars>,
    /// Everything about each pool, by name.
    pub pools: BTreeMap<PoolName, Pool>,
    /// Everything around the decision and the pools.
    pub config: Config,
}

impl Settings {
    /// The part that decisions are made from.
    pub fn policy(&self) -> Policy {
        let pools = self.pools.iter();
        let pools = pools.map(|(name, pool)| (name.clone(), pool.policy.clone()));
        Policy {
            deployment: self.deployment.clone(),
            machines_max: self.machines_max,
            launches_per_hour_max: self.launches_per_hour_max,
            hourly_max: self.hourly_max,
            pools: pools.collect(),
        }
    }
}

/// Everything but the pools and their limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How to reach the hub.
    pub hub: HubSettings,
    /// Where the API token is, if the agents shall be listed.
    pub api_token: Option<SecretSource>,
    /// Where machines come from.
    pub cloud: CloudSettings,
    /// From tick to tick, while nothing happens.
    pub tick_interval: Duration,
    /// From tick to tick, at least, however much happens.
    pub tick_spacing: Duration,
    /// The shape of log lines.
    pub log_format: LogFormat,
    /// What is written to stdout for every tick.
    pub metrics: Metrics,
    /// What was learned of boots and arrivals is kept here across restarts.
    pub learned_file: Option<PathBuf>,
}

/// How to reach the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubSettings {
    /// Host, with `:port` if it is not the scheme's own; neither scheme nor path.
    pub endpoint: String,
    /// Certificates to trust beside the computer's own, in PEM form.
    pub ca_file: Option<PathBuf>,
    /// Plain HTTP instead of HTTPS.
    pub plain_http: bool,
    /// For a whole call.
    pub timeout: Duration,
}

/// Where machines come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloudSettings {
    /// Machines are process trees on this computer.
    Process(ProcessSettings),
    /// Machines are launched on EC2.
    Ec2(Ec2Settings),
}

/// Machines on EC2: one account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ec2Settings {
    /// Such as `eu-central-1`; where AWS's own tools look if absent.
    pub region: Option<String>,
    /// Another address than AWS's own, such as an emulator's.
    pub endpoint_url: Option<String>,
    /// Certificates to trust beside the computer's own, in PEM form.
    pub ca_file: Option<PathBuf>,
    /// The DynamoDB table that holds the lease, if several replicas run.
    pub lease_table: Option<String>,
    /// What an hour of an instance type costs on demand: as configured, or else as shipped.
    pub prices: BTreeMap<String, MicroDollars>,
}

/// Machines on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessSettings {
    /// Each machine has a folder of its own in this one.
    pub folder: PathBuf,
    /// From a launch to the start of the agent.
    pub boot_delay: Duration,
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is written to stdout for every tick, beside the log on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metrics {
    /// Nothing.
    #[default]
    None,
    /// A line in CloudWatch's embedded metric format for each pool.
    Emf,
}

/// Everything about a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// For the decision: its limits, and what is launched where.
    pub policy: PoolPolicy,
    /// Where the registration token of its agent type is.
    pub registration_token: SecretSource,
    /// What its machines' agents are told.
    pub agent: AgentSettings,
    /// What its machines on EC2 are told at their boot.
    pub machine: MachineSettings,
}

/// What an agent in a machine is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// How long its job may go on after an interruption, such as a spot notice.
    pub interruption_grace_period: Duration,
}
