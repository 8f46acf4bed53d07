//! Puts everything up: hub, cloud and scaler, each the real one, each told only what it would be
//! told in production.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use thiserror::Error;

#[cfg(feature = "aws")]
use super::account::{Account, AccountError};
use super::cloud::DemoCloud;
use crate::cli::host::{Host, HostError, HostSettings, write_ca};
use crate::cli::machine::TEMPORARY;
use crate::emulator::edge::EdgeSettings;
use crate::emulator::http::Transport;
use crate::emulator::http::tls::SEEN_FROM_MACHINES;
use crate::emulator::hub::settings::{HubSettings, Limits};
use crate::emulator::pipeline::Loaded;
use crate::local::process::{AgentSettings, ProcessCloud, ProcessCloudError, ProcessSettings};
use dayfly::hub::client::{ClientError, HttpSettings, HubClient, PoolAccess};
use dayfly::model::id::{AgentType, Deployment, PoolName};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy, Speculation};
use dayfly::model::secret::Secret;
use dayfly::model::template::LaunchTemplate;
use dayfly::ports::SystemClock;
use dayfly::scaler::Scaler;

/// Agents are asked back this often, in milliseconds: a demo has less patience than a real hub.
const SYNC_INTERVAL_MS: (u32, u32) = (150, 300);
/// A job fails this long after its agent was heard of last, if its machine is not gone: it was stopped, or hangs.
/// A real hub takes fifteen minutes (protocol.md 4.9); a slow computer must not look like a silent agent.
const SILENT_BUSY_MAX: Duration = Duration::from_secs(120);
/// How often silent agents are looked for.
const CLEANING_INTERVAL: Duration = Duration::from_secs(5);
/// From a launch to the agent's start, so that there is something to see.
const BOOT_DELAY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(700));
/// Boots take a second; on a busy computer a minute may not be enough.
const BOOT_LIMIT: Duration = Duration::from_secs(300);
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Long enough for the next job of the pipeline, short enough that nobody waits for it at the end.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long machines get to end by themselves once the last job is done.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// Virtual ones may still be booting, and then shut a whole system down.
#[cfg(feature = "aws")]
const VIRTUAL_DRAIN_LIMIT: Duration = Duration::from_secs(180);

/// What a demo is asked to do.
#[derive(Debug)]
pub(super) struct StageSettings {
    pub(super) loaded: Loaded,
    pub(super) machines_max: u32,
    pub(super) reserve: u32,
    /// What is in front of the hub, if anything is.
    pub(super) edge: Option<EdgeSettings>,
    pub(super) seed: u64,
    /// The image that machines boot; without one, they are process trees.
    pub(super) image: Option<PathBuf>,
}

/// Everything that a demo consists of.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) host: Host,
    pub(super) cloud: DemoCloud,
    pub(super) scaler: Scaler<HubClient, DemoCloud, SystemClock>,
    /// How long machines may take to end once the last job is done.
    pub(super) drain_limit: Duration,
    /// Goes last, with everything in it.
    pub(super) _folder: TempDir,
}

/// Why a demo cannot start.
#[derive(Debug, Error)]
pub(super) enum StageError {
    #[error("no temporary folder can be made")]
    Folder(#[source] io::Error),
    #[error("this program does not find itself")]
    Program(#[source] io::Error),
    #[error(transparent)]
    Machines(#[from] ProcessCloudError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Account(#[from] AccountError),
    #[cfg(not(feature = "aws"))]
    #[error("this program was built without virtual machines (feature aws)")]
    NotBuilt,
}

impl Stage {
    /// Puts it up. What is missing is said before anything starts.
    pub(super) fn new(settings: StageSettings) -> Result<Self, StageError> {
        let StageSettings {
            loaded,
            machines_max,
            reserve,
            edge,
            seed,
            image,
        } = settings;
        let folder = tempfile::Builder::new()
            .prefix("dayfly-demo-")
            .tempdir()
            .map_err(StageError::Folder)?;
        let host = Host::start(HostSettings {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            transport: Transport::Tls,
            hub: hub_settings(seed),
            loaded,
            seen_as: image.is_some().then_some(SEEN_FROM_MACHINES),
            agent_types: Vec::new(),
            edge,
            faults: Vec::new(),
        })?;
        let ca_file =
            write_ca(&host.server, folder.path().join("ca.pem")).map_err(StageError::Folder)?;
        let endpoint = host.server.address().to_string();
        let pools = pools(&host.registration_tokens);
        let access = pools
            .iter()
            .map(|(name, (agent_type, registration_token))| {
                let (agent_type, registration_token) =
                    (agent_type.clone(), registration_token.clone());
                (
                    name.clone(),
                    PoolAccess {
                        agent_type,
                        registration_token,
                    },
                )
            });
        let http = HttpSettings {
            ca_file: ca_file.clone(),
            ..HttpSettings::new(endpoint.clone())
        };
        let hub = HubClient::new(&http, access.collect(), Some(host.api_token.clone()))?;
        let (cloud, policy, drain_limit) = match &image {
            None => {
                let cloud = process_cloud(folder.path(), &endpoint, &ca_file, &pools)?;
                let policy = policy(&pools, machines_max, reserve);
                (DemoCloud::Process(cloud), policy, DRAIN_LIMIT)
            }
            Some(image) => virtual_cloud(&AccountSettings {
                image,
                folder: folder.path(),
                host: &host,
                machines_max,
                reserve,
                seed,
            })?,
        };
        let scaler = Scaler::new(hub, cloud.clone(), SystemClock, policy);
        Ok(Self {
            host,
            cloud,
            scaler,
            drain_limit,
            _folder: folder,
        })
    }
}

/// Machines that are process trees.
fn process_cloud(
    folder: &Path,
    endpoint: &str,
    ca_file: &Option<PathBuf>,
    pools: &Pools,
) -> Result<ProcessCloud<SystemClock>, StageError> {
    let agents = pools
        .iter()
        .map(|(name, (_, token))| (name.clone(), agent(endpoint, ca_file, token)))
        .collect();
    let root = folder.join("machines");
    let cloud = ProcessCloud::new(machines(root.clone(), agents)?, SystemClock)?;
    std::fs::write(root.join(TEMPORARY), "").map_err(StageError::Folder)?;
    Ok(cloud)
}

/// Machines that are virtual ones, with what their own configuration wants of them.
#[cfg(feature = "aws")]
fn virtual_cloud(asked: &AccountSettings<'_>) -> Result<(DemoCloud, Policy, Duration), StageError> {
    let account = Account::new(asked)?;
    let policy = account.settings.policy();
    Ok((DemoCloud::Virtual(account), policy, VIRTUAL_DRAIN_LIMIT))
}

#[cfg(not(feature = "aws"))]
fn virtual_cloud(_: &AccountSettings<'_>) -> Result<(DemoCloud, Policy, Duration), StageError> {
    Err(StageError::NotBuilt)
}

/// What virtual machines are to be had for.
#[cfg_attr(
    not(feature = "aws"),
    expect(dead_code, reason = "they are not built in")
)]
#[derive(Debug)]
pub(super) struct AccountSettings<'a> {
    /// The image's folder.
    pub(super) image: &'a Path,
    /// Where files of the demo are.
    pub(super) folder: &'a Path,
    /// The hub that their agents register at.
    pub(super) host: &'a Host,
    pub(super) machines_max: u32,
    pub(super) reserve: u32,
    pub(super) seed: u64,
}

fn hub_settings(seed: u64) -> HubSettings {
    HubSettings {
        organization: "demo".to_owned(),
        seed,
        sync_interval_floor_ms: SYNC_INTERVAL_MS.0,
        sync_interval_ceiling_ms: SYNC_INTERVAL_MS.1,
        limits: Limits {
            payload_build: Duration::from_millis(20),
            scheduling: Duration::from_millis(80),
            cleaning_interval: CLEANING_INTERVAL,
            silent_busy_max: SILENT_BUSY_MAX,
            ..Limits::default()
        },
        ..HubSettings::default()
    }
}

type Pools = BTreeMap<PoolName, (AgentType, Secret)>;

/// A pool for each agent type, under the type's own name.
fn pools(tokens: &BTreeMap<AgentType, Secret>) -> Pools {
    tokens
        .iter()
        .map(|(agent_type, token)| {
            (
                PoolName::new(agent_type.as_str()),
                (agent_type.clone(), token.clone()),
            )
        })
        .collect()
}

fn agent(endpoint: &str, ca_file: &Option<PathBuf>, token: &Secret) -> AgentSettings {
    AgentSettings {
        endpoint: endpoint.to_owned(),
        ca_file: ca_file.clone(),
        plain_http: false,
        registration_token: token.clone(),
        interruption_grace_period: Duration::ZERO,
    }
}

/// Machines whose init and agent are this very program.
fn machines(
    root: PathBuf,
    pools: BTreeMap<PoolName, AgentSettings>,
) -> Result<ProcessSettings, StageError> {
    let program: OsString = std::env::current_exe().map_err(StageError::Program)?.into();
    Ok(ProcessSettings {
        root,
        deployment: Deployment::new("demo"),
        init_command: vec![program.clone()],
        agent_command: vec![program, "agent".into()],
        pools,
        boot_delay: BOOT_DELAY,
        path: std::env::var_os("PATH").unwrap_or_default(),
    })
}

fn policy(pools: &Pools, machines_max: u32, reserve: u32) -> Policy {
    let one = |agent_type: &AgentType| PoolPolicy {
        agent_type: agent_type.clone(),
        machines_max,
        reserve: reserve.min(machines_max),
        reserve_hours: Vec::new(),
        boot_limit: BOOT_LIMIT,
        lifetime: LIFETIME,
        template: LaunchTemplate::of_process(),
        offers: vec![Offer {
            instance_type: "process".to_owned(),
            subnet: "local".to_owned(),
            market: Market::OnDemand,
            hourly: MicroDollars(0),
        }],
        spot_patience: Duration::ZERO,
        speculation: Speculation {
            idle_timeout: IDLE_TIMEOUT,
            spare_timeout: IDLE_TIMEOUT,
            ..Speculation::default()
        },
        breaker: BreakerPolicy {
            failures_max: 5,
            pause: Duration::from_secs(10),
        },
    };
    Policy {
        deployment: Deployment::new("demo"),
        machines_max,
        launches_per_hour_max: 100_000,
        hourly_max: None,
        pools: pools
            .iter()
            .map(|(name, (agent_type, _))| (name.clone(), one(agent_type)))
            .collect(),
    }
}
