//! The clouds of the laboratory: machines of this computer, and EC2 as `dayfly` has it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use dayfly::config::secret::{Parameters, Secrets};
use dayfly::config::{self, CloudSettings, Settings};
use dayfly::model::ending::Ending;
use dayfly::model::id::{MachineId, PoolName};
use dayfly::model::plan::LaunchOrder;
use dayfly::model::pool::SpotPrices;
use dayfly::model::secret::Secret;
use dayfly::model::snapshot::Machines;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Cloud, CloudError, Consoles, LaunchError, Launched, SystemClock};
use dayfly::program::provider::{CloudProvider, Purpose};
use thiserror::Error;
use tokio::sync::Notify;

use super::ec2::Ec2Provider;
use crate::local::process::{AgentSettings, ProcessCloud, ProcessCloudError, ProcessSettings};

/// The cloud of a configuration. Clones are the same one.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Machines are process trees on this computer.
    Process(ProcessCloud<SystemClock>),
    /// Machines are EC2's.
    Ec2(Box<Ec2Provider>),
}

/// Why there is no cloud.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// A machine's first process is this program, which does not find itself.
    #[error("this program does not find itself")]
    Program(#[source] io::Error),
    /// Machines cannot be made on this computer.
    #[error(transparent)]
    Process(#[from] ProcessCloudError),
    /// There is no EC2.
    #[error(transparent)]
    Ec2(<Ec2Provider as CloudProvider>::Error),
}

impl CloudProvider for Provider {
    type Cloud = Self;
    type Lease = <Ec2Provider as CloudProvider>::Lease;
    type Error = ProviderError;

    const PROGRAM: &'static str = "dayfly-lab";
    const TIMEOUT: Duration = {
        // This computer is quick.
        let (here, ec2) = (Duration::from_secs(1), Ec2Provider::TIMEOUT);
        if ec2.as_millis() < here.as_millis() {
            here
        } else {
            ec2
        }
    };

    fn accept(_: &CloudSettings) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn connect(
        settings: &Settings,
        secrets: &Secrets,
        purpose: Purpose,
    ) -> Result<Self, ProviderError> {
        match &settings.config.cloud {
            CloudSettings::Process(process) => {
                let machines = machines(settings, process, secrets)?;
                Ok(Self::Process(match purpose {
                    Purpose::Scale => ProcessCloud::new(machines, SystemClock)?,
                    Purpose::Look => ProcessCloud::reader(machines, SystemClock),
                }))
            }
            CloudSettings::Ec2(_) => {
                let ec2 = Ec2Provider::connect(settings, secrets, purpose).await;
                Ok(Self::Ec2(Box::new(ec2.map_err(ProviderError::Ec2)?)))
            }
        }
    }

    async fn parameters(cloud: &CloudSettings, names: BTreeSet<String>) -> Parameters {
        Ec2Provider::parameters(cloud, names).await
    }

    fn cloud(&self) -> &Self {
        self
    }

    fn lease(&self) -> Option<Self::Lease> {
        match self {
            Self::Process(_) => None,
            Self::Ec2(ec2) => ec2.lease(),
        }
    }

    fn set_registration_tokens(&self, tokens: &BTreeMap<PoolName, Secret>) {
        match self {
            Self::Process(cloud) => cloud.set_registration_tokens(tokens),
            Self::Ec2(ec2) => ec2.set_registration_tokens(tokens),
        }
    }

    fn set_policy(&self, settings: &Settings) {
        match self {
            Self::Process(_) => {}
            Self::Ec2(ec2) => ec2.set_policy(settings),
        }
    }

    async fn hasten(&self, hasten: &Notify) {
        match self {
            Self::Process(cloud) => {
                let mut bell = cloud.listen();
                while bell.changed().await.is_ok() {
                    hasten.notify_one();
                }
            }
            Self::Ec2(ec2) => ec2.hasten(hasten).await,
        }
    }

    async fn shutdown(&self) -> u32 {
        match self {
            Self::Process(cloud) => {
                let (.., alive) = cloud.totals();
                tracing::info!(
                    machines = alive,
                    "stopping: machines of this computer end with it"
                );
                cloud.shutdown().await;
                cloud.totals().2
            }
            Self::Ec2(ec2) => ec2.shutdown().await,
        }
    }
}

impl Cloud for Provider {
    async fn machines(&self) -> Result<Machines, CloudError> {
        match self {
            Self::Process(cloud) => cloud.machines().await,
            Self::Ec2(ec2) => ec2.cloud().machines().await,
        }
    }

    async fn launch(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        match self {
            Self::Process(cloud) => cloud.launch(order).await,
            Self::Ec2(ec2) => ec2.cloud().launch(order).await,
        }
    }

    async fn end(&self, machines: &[MachineId]) -> BTreeMap<MachineId, Result<(), CloudError>> {
        match self {
            Self::Process(cloud) => cloud.end(machines).await,
            Self::Ec2(ec2) => ec2.cloud().end(machines).await,
        }
    }

    async fn consoles(&self, machines: &[MachineId]) -> Consoles {
        match self {
            Self::Process(cloud) => cloud.consoles(machines).await,
            Self::Ec2(ec2) => ec2.cloud().consoles(machines).await,
        }
    }

    async fn ending(&self, machine: &MachineId) -> Result<Option<Ending>, CloudError> {
        match self {
            Self::Process(cloud) => cloud.ending(machine).await,
            Self::Ec2(ec2) => ec2.cloud().ending(machine).await,
        }
    }

    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Process(cloud) => cloud.time(),
            Self::Ec2(ec2) => ec2.cloud().time(),
        }
    }

    async fn spot_prices(&self) -> Option<SpotPrices> {
        match self {
            Self::Process(cloud) => cloud.spot_prices().await,
            Self::Ec2(ec2) => ec2.cloud().spot_prices().await,
        }
    }
}

/// What machines on this computer are made of.
pub(super) fn machines(
    settings: &Settings,
    process: &config::ProcessSettings,
    secrets: &Secrets,
) -> Result<ProcessSettings, ProviderError> {
    let program = std::env::current_exe().map_err(ProviderError::Program)?;
    let program = program.into_os_string();
    let hub = &settings.config.hub;
    let pools = settings.pools.iter().filter_map(|(name, pool)| {
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
        deployment: settings.deployment.clone(),
        init_command: vec![program.clone()],
        agent_command: vec![program, "agent".into()],
        pools: pools.collect(),
        boot_delay: (process.boot_delay, process.boot_delay),
        path: std::env::var_os("PATH").unwrap_or_default(),
    })
}
