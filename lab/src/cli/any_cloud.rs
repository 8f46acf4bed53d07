//! Where machines come from, as the configuration says: one type for every cloud that is built in.
#![cfg_attr(
    not(all(feature = "aws", feature = "local")),
    expect(
        unused_variables,
        reason = "a cloud that is not built in takes no arguments"
    )
)]

use std::collections::BTreeMap;
#[cfg(feature = "local")]
use std::io;

use std::time::Duration;

use thiserror::Error;
use tokio::sync::Notify;

#[cfg(feature = "local")]
use crate::local::process::{AgentSettings, ProcessCloud, ProcessCloudError, ProcessSettings};
#[cfg(feature = "aws")]
use dayfly::aws::client::CALL_TIMEOUT;
#[cfg(feature = "aws")]
use dayfly::aws::{Clients, ConnectError, Ec2Cloud, TableLease};
use dayfly::config::secret::Secrets;
use dayfly::config::{self, CloudSettings, Settings};
use dayfly::model::ending::Ending;
#[cfg(feature = "aws")]
use dayfly::model::id::Replica;
use dayfly::model::id::{MachineId, PoolName};
use dayfly::model::plan::LaunchOrder;
use dayfly::model::pool::SpotPrices;
use dayfly::model::secret::Secret;
use dayfly::model::snapshot::Machines;
use dayfly::model::time::Timestamp;
#[cfg(not(feature = "aws"))]
use dayfly::ports::Alone;
#[cfg(feature = "aws")]
use dayfly::ports::Clock;
#[cfg(any(feature = "aws", feature = "local"))]
use dayfly::ports::SystemClock;
use dayfly::ports::{Cloud, CloudError, Consoles, LaunchError, Launched};

/// The cloud of a configuration. Clones are the same one.
#[derive(Clone, Debug)]
pub enum AnyCloud {
    /// Machines are process trees on this computer.
    #[cfg(feature = "local")]
    Process(ProcessCloud<SystemClock>),
    /// Machines are EC2's, with the lease of the same account, if one was configured.
    #[cfg(feature = "aws")]
    Ec2(Box<Ec2Cloud<SystemClock>>, AnyLease),
    /// In a program that was built without any. No configuration names it.
    Nowhere,
}

/// A lease in a table, if one was configured.
#[cfg(feature = "aws")]
pub type AnyLease = Option<TableLease>;
/// No lease: none is built in.
#[cfg(not(feature = "aws"))]
pub type AnyLease = Option<Alone>;

/// How long the cloud may take for an answer: as long as a call to EC2 is waited for.
#[cfg(feature = "aws")]
pub const CLOUD_TIMEOUT: Duration = CALL_TIMEOUT;
/// How long the cloud may take for an answer; this computer is quick.
#[cfg(not(feature = "aws"))]
pub const CLOUD_TIMEOUT: Duration = Duration::from_secs(1);

/// What [`AnyCloud::Nowhere`] answers.
const NOWHERE: &str = "this program was built without any cloud";

/// What a cloud is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Launch machines and end them.
    Scale,
    /// Look at them, and change nothing.
    Look,
}

/// Why there is no cloud.
#[derive(Debug, Error)]
pub enum AnyCloudError {
    /// The program was built without what the configuration asks for.
    #[error(
        "found cloud.kind = \"{kind}\", and this program was built without it (feature {feature})"
    )]
    NotBuilt {
        /// What the configuration says.
        kind: &'static str,
        /// What would have to be built in.
        feature: &'static str,
    },
    /// A machine's first process is this program, which does not find itself.
    #[cfg(feature = "local")]
    #[error("this program does not find itself")]
    Program(#[source] io::Error),
    /// Machines cannot be made on this computer.
    #[cfg(feature = "local")]
    #[error(transparent)]
    Process(#[from] ProcessCloudError),
    /// No client for EC2 can be made.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Ec2(#[from] ConnectError),
}

impl AnyCloud {
    /// The cloud that the settings name. Has to be called within a tokio runtime.
    ///
    /// # Errors
    /// It is not built in, or cannot be made of what the settings say.
    pub async fn new(
        settings: &Settings,
        secrets: &Secrets,
        purpose: Purpose,
    ) -> Result<Self, AnyCloudError> {
        match &settings.config.cloud {
            CloudSettings::Process(process) => {
                on_this_computer(settings, process, secrets, purpose)
            }
            CloudSettings::Ec2(ec2) => on_ec2(settings, ec2).await,
        }
    }

    /// The lease that decides whether this process may change anything there.
    pub fn lease(&self) -> AnyLease {
        match self {
            #[cfg(feature = "local")]
            Self::Process(_) => None,
            #[cfg(feature = "aws")]
            Self::Ec2(_, lease) => lease.clone(),
            Self::Nowhere => None,
        }
    }

    /// Machines launched from now on get other registration tokens, where the cloud hands them
    /// over; a machine on EC2 reads its own.
    pub fn set_registration_tokens(&self, tokens: &BTreeMap<PoolName, Secret>) {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => cloud.set_registration_tokens(tokens),
            #[cfg(feature = "aws")]
            Self::Ec2(..) => _ = tokens,
            Self::Nowhere => _ = tokens,
        }
    }

    /// Takes a configuration that has changed.
    pub fn set_policy(&self, settings: &Settings) {
        match self {
            #[cfg(feature = "local")]
            Self::Process(_) => {}
            #[cfg(feature = "aws")]
            Self::Ec2(cloud, _) => {
                if let CloudSettings::Ec2(ec2) = &settings.config.cloud {
                    cloud.set_policy(ec2, &settings.policy);
                }
            }
            Self::Nowhere => {}
        }
    }

    /// Hastens a tick whenever a machine has registered or is gone, for ever, where the cloud
    /// tells by itself.
    pub async fn hasten(&self, hasten: &Notify) {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => {
                let mut bell = cloud.listen();
                while bell.changed().await.is_ok() {
                    hasten.notify_one();
                }
            }
            #[cfg(feature = "aws")]
            Self::Ec2(..) => std::future::pending().await,
            Self::Nowhere => std::future::pending().await,
        }
    }

    /// Ends what cannot outlive this process, and gives the number of machines that remain
    /// although they should not. Machines on EC2 need no scaler to end.
    pub async fn shutdown(&self) -> u32 {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => {
                let (.., alive) = cloud.totals();
                tracing::info!(
                    machines = alive,
                    "stopping: machines of this computer end with it"
                );
                cloud.shutdown().await;
                cloud.totals().2
            }
            #[cfg(feature = "aws")]
            Self::Ec2(..) => 0,
            Self::Nowhere => 0,
        }
    }
}

impl Cloud for AnyCloud {
    async fn machines(&self) -> Result<Machines, CloudError> {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => cloud.machines().await,
            #[cfg(feature = "aws")]
            Self::Ec2(cloud, _) => cloud.machines().await,
            Self::Nowhere => Err(CloudError::Failed(NOWHERE.to_owned())),
        }
    }

    async fn launch(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => cloud.launch(order).await,
            #[cfg(feature = "aws")]
            Self::Ec2(cloud, _) => cloud.launch(order).await,
            Self::Nowhere => Err(LaunchError::Refused {
                reason: NOWHERE.to_owned(),
            }),
        }
    }

    async fn end(&self, machines: &[MachineId]) -> BTreeMap<MachineId, Result<(), CloudError>> {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => cloud.end(machines).await,
            #[cfg(feature = "aws")]
            Self::Ec2(cloud, _) => cloud.end(machines).await,
            Self::Nowhere => BTreeMap::new(),
        }
    }

    async fn consoles(&self, machines: &[MachineId]) -> Consoles {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => cloud.consoles(machines).await,
            #[cfg(feature = "aws")]
            Self::Ec2(cloud, _) => cloud.consoles(machines).await,
            Self::Nowhere => Consoles::new(),
        }
    }

    async fn ending(&self, machine: &MachineId) -> Result<Option<Ending>, CloudError> {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => cloud.ending(machine).await,
            #[cfg(feature = "aws")]
            Self::Ec2(cloud, _) => cloud.ending(machine).await,
            Self::Nowhere => Ok(None),
        }
    }

    fn time(&self) -> Option<Timestamp> {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => cloud.time(),
            #[cfg(feature = "aws")]
            Self::Ec2(cloud, _) => cloud.time(),
            Self::Nowhere => None,
        }
    }

    async fn spot_prices(&self) -> Option<SpotPrices> {
        match self {
            #[cfg(feature = "local")]
            Self::Process(cloud) => cloud.spot_prices().await,
            #[cfg(feature = "aws")]
            Self::Ec2(cloud, _) => cloud.spot_prices().await,
            Self::Nowhere => None,
        }
    }
}

#[cfg(feature = "aws")]
async fn on_ec2(settings: &Settings, ec2: &config::Ec2Settings) -> Result<AnyCloud, AnyCloudError> {
    let clients = Clients::connect(ec2).await?;
    let deployment = &settings.policy.deployment;
    let lease = ec2.lease_table.as_deref();
    let lease = lease.map(|table| {
        let dynamodb = clients.dynamodb.clone();
        TableLease::new(dynamodb, table, deployment, replica())
    });
    let cloud = Ec2Cloud::new(clients, ec2, &settings.policy, SystemClock);
    Ok(AnyCloud::Ec2(Box::new(cloud), lease))
}

/// A name that no other process has, and that tells a person where to look for this one.
#[cfg(feature = "aws")]
fn replica() -> Replica {
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    let (process, started_at) = (std::process::id(), SystemClock.now().as_millis());
    Replica::new(format!("{host}-{process}-{started_at}"))
}

#[cfg(not(feature = "aws"))]
async fn on_ec2(_: &Settings, _: &config::Ec2Settings) -> Result<AnyCloud, AnyCloudError> {
    let (kind, feature) = ("ec2", "aws");
    Err(AnyCloudError::NotBuilt { kind, feature })
}

#[cfg(not(feature = "local"))]
fn on_this_computer(
    _: &Settings,
    _: &config::ProcessSettings,
    _: &Secrets,
    _: Purpose,
) -> Result<AnyCloud, AnyCloudError> {
    let (kind, feature) = ("process", "local");
    Err(AnyCloudError::NotBuilt { kind, feature })
}

#[cfg(feature = "local")]
fn on_this_computer(
    settings: &Settings,
    process: &config::ProcessSettings,
    secrets: &Secrets,
    purpose: Purpose,
) -> Result<AnyCloud, AnyCloudError> {
    let machines = machines(settings, process, secrets)?;
    Ok(AnyCloud::Process(match purpose {
        Purpose::Scale => ProcessCloud::new(machines, SystemClock)?,
        Purpose::Look => ProcessCloud::reader(machines, SystemClock),
    }))
}

/// What machines on this computer are made of.
#[cfg(feature = "local")]
pub(super) fn machines(
    settings: &Settings,
    process: &config::ProcessSettings,
    secrets: &Secrets,
) -> Result<ProcessSettings, AnyCloudError> {
    let program = std::env::current_exe().map_err(AnyCloudError::Program)?;
    let program = program.into_os_string();
    let hub = &settings.config.hub;
    let pools = settings.config.pools.iter().filter_map(|(name, pool)| {
        let agent = AgentSettings {
            endpoint: hub.endpoint.clone(),
            ca_file: hub.ca_file.clone(),
            plain_http: hub.plain_http,
            registration_token: secrets.registration_tokens.get(name)?.clone(),
            interruption_grace_period: pool.agent.interruption_grace_period,
        };
        Some((name.clone(), agent))
    });
    Ok(ProcessSettings {
        root: process.folder.clone(),
        deployment: settings.policy.deployment.clone(),
        init_command: vec![program.clone()],
        agent_command: vec![program, "agent".into()],
        pools: pools.collect(),
        boot_delay: (process.boot_delay, process.boot_delay),
        path: std::env::var_os("PATH").unwrap_or_default(),
    })
}
