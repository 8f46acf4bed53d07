//! The configuration as values. Readers make them, and nothing here imports a reader.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::id::{Deployment, PoolName};
use crate::model::money::MicroDollars;
use crate::model::pool::{Policy, PoolPolicy};

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

/// What a pool's machines are told at their boot, beside what the scaler is told of the pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineSettings {
    /// Which agent runs in them.
    pub agent: AgentKind,
    /// Where they fetch it; `None` if their image holds it.
    pub program: Option<AgentProgram>,
    /// What the job gets of the metadata service.
    pub metadata: Metadata,
    /// Whether the job may become root.
    pub sudo: bool,
    /// The parameter of SSM that holds the registration token, if it is not the pool's own.
    pub token_parameter: Option<String>,
}

/// Which agent runs in a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentKind {
    /// Ours.
    #[default]
    Dayfly,
    /// Semaphore's own.
    Semaphore,
}

/// An agent that machines fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentProgram {
    /// `https://…` or `s3://BUCKET/KEY`.
    pub url: String,
    /// The SHA-256 of what is there, as 64 lower-case hex digits.
    pub sha256: String,
}

/// What a job gets of the metadata service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metadata {
    /// Nothing, and neither does root: it is turned off before a job can run.
    #[default]
    Off,
    /// Nothing, unless it is root.
    Guarded,
}

/// Where SSM gives the secrets of Secrets Manager (decision 0010).
const REFERENCE: &str = "/aws/reference/secretsmanager/";

/// Where a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file of its own; white space around it does not count.
    File(PathBuf),
    /// In an environment variable of this name.
    Variable(String),
    /// In a parameter of SSM of this name, a `SecureString`.
    Parameter(String),
    /// In a secret of Secrets Manager of this name.
    SecretsManager(String),
}

impl SecretSource {
    /// The parameter that SSM has to be asked for, decrypted; `None` for what is on this computer.
    pub fn parameter(&self) -> Option<String> {
        match self {
            Self::File(_) | Self::Variable(_) => None,
            Self::Parameter(name) => Some(name.clone()),
            Self::SecretsManager(name) => Some(format!("{REFERENCE}{name}")),
        }
    }
}
