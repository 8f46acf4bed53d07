//! From a configuration file to a hub and a cloud: what `run`, `plan`, `check`,
//! `explain` and `doctor` share.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::runtime::Runtime;

use super::any_cloud::{AnyCloud, AnyLease, CLOUD_TIMEOUT, Purpose};
use super::exit::Exit;
use super::output::{print_error, refused};
use super::plan::Recording;
use super::tokens;
use crate::config::secret::{SecretError, Secrets};
use crate::config::{Config, Settings, load};
use crate::hub::client::{ClientError, HttpSettings, HubClient, PoolAccess};
use crate::model::ending::Ending;
use crate::model::id::{MachineId, PoolName};
use crate::model::pool::Policy;
use crate::ports::{Cloud, CloudError, SystemClock};
use crate::scaler::Scaler;
use crate::scaler::lease::Terms;
use crate::scaler::observe::Silence;

/// Reads a configuration, or lists everything that is wrong with it on stderr.
pub fn read(path: &Path) -> Result<Settings, Exit> {
    load(path).map_err(|problems| refused(&problems))
}

/// Reads the tokens that a configuration names.
///
/// # Errors
/// One for each token that is not there.
pub async fn try_secrets(config: &Config) -> Result<Secrets, Vec<SecretError>> {
    tokens::read(config, variable).await
}

/// A variable of the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read at this door alone"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads the tokens that a configuration names, or says of each why it cannot be had.
pub async fn secrets(config: &Config) -> Result<Secrets, Exit> {
    try_secrets(config).await.map_err(|errors| {
        errors.iter().for_each(|error| print_error(error, None));
        Exit::Configuration
    })
}

/// The client for the hub, or a word about why there is none on stderr.
pub fn hub(settings: &Settings, secrets: &Secrets) -> Result<HubClient, Exit> {
    hub_client(settings, secrets).map_err(|error| {
        print_error(&error, None);
        Exit::Configuration
    })
}

/// The client for the hub.
///
/// # Errors
/// What the configuration says of the hub cannot be used.
pub fn hub_client(settings: &Settings, secrets: &Secrets) -> Result<HubClient, ClientError> {
    let access = access(&settings.policy, secrets);
    let api_token = secrets.api_token.clone();
    HubClient::new(&http_settings(settings), access, api_token)
}

/// How each pool's queue is read.
pub fn access(policy: &Policy, secrets: &Secrets) -> BTreeMap<PoolName, PoolAccess> {
    let pools = policy.pools.iter().filter_map(|(name, policy)| {
        let access = PoolAccess {
            agent_type: policy.agent_type.clone(),
            registration_token: secrets.registration_tokens.get(name)?.clone(),
        };
        Some((name.clone(), access))
    });
    pools.collect()
}

/// How the hub is reached.
pub fn http_settings(settings: &Settings) -> HttpSettings {
    let hub = &settings.config.hub;
    HttpSettings {
        ca_file: hub.ca_file.clone(),
        plain_http: hub.plain_http,
        timeout: hub.timeout,
        ..HttpSettings::new(hub.endpoint.clone())
    }
}

/// The cloud, or a word about why there is none on stderr.
pub async fn cloud(
    settings: &Settings,
    secrets: &Secrets,
    purpose: Purpose,
) -> Result<AnyCloud, Exit> {
    let cloud = AnyCloud::new(settings, secrets, purpose).await;
    cloud.map_err(|error| {
        print_error(&error, None);
        Exit::Configuration
    })
}

/// The scaler of a configuration, under its lease if it has one.
pub type AnyScaler = Scaler<HubClient, AnyCloud, SystemClock, AnyLease>;

/// The scaler of these settings; as one of several replicas where a lease was configured.
pub fn scaler(settings: &Settings, hub: HubClient, cloud: AnyCloud) -> AnyScaler {
    let questions = settings.config.hub.timeout.max(CLOUD_TIMEOUT);
    let terms = Terms::new(settings.config.tick_interval, questions);
    let lease = cloud.lease();
    Scaler::new(hub, cloud, SystemClock, settings.policy.clone()).with_lease(lease, terms)
}

/// What one look at hub and cloud has shown, and the cloud, for whoever wants to know more of it.
#[derive(Debug)]
pub struct Look {
    pub recording: Recording,
    pub silences: Vec<Silence>,
    cloud: AnyCloud,
    runtime: Runtime,
}

impl Look {
    /// How a machine came to its end.
    pub fn ending(&self, machine: &MachineId) -> Result<Option<Ending>, CloudError> {
        self.runtime.block_on(self.cloud.ending(machine))
    }
}

/// Looks at hub and cloud once, for `plan` and `explain`.
pub fn look(path: &Path) -> Result<Look, Exit> {
    let settings = read(path)?;
    let runtime = super::runtime()?;
    let secrets = runtime.block_on(secrets(&settings.config))?;
    let hub = hub(&settings, &secrets)?;
    let cloud = runtime.block_on(cloud(&settings, &secrets, Purpose::Look))?;
    let mut scaler = Scaler::new(hub, cloud.clone(), SystemClock, settings.policy);
    let tick = runtime.block_on(scaler.look());
    Ok(Look {
        recording: Recording {
            at: tick.at,
            policy: scaler.priced_policy().clone(),
            snapshot: tick.snapshot,
        },
        silences: tick.silences,
        cloud,
        runtime,
    })
}
