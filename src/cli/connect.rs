//! From a configuration file to a hub and a cloud: what `run`, `plan`, `check`,
//! `explain` and `doctor` share.

use std::path::Path;

use tokio::runtime::Runtime;

use super::exit::Exit;
use super::output::{print_error, refused};
use super::plan::Recording;
use super::tokens;
use crate::config::secret::{SecretError, Secrets};
use crate::config::{Settings, load};
use crate::hub::client::HubClient;
use crate::model::ending::Ending;
use crate::model::id::MachineId;
use crate::ports::{Cloud, CloudError, SystemClock};
use crate::program::connect::hub_client;
use crate::program::provider::{CloudProvider, Purpose};
use crate::scaler::Scaler;
use crate::scaler::observe::Silence;

/// Reads a configuration, or lists everything that is wrong with it on stderr.
pub fn read(path: &Path) -> Result<Settings, Exit> {
    load(path).map_err(|problems| refused(&problems))
}

/// The same, for a command that asks the cloud: one that this program has not is refused.
pub fn read_for<P: CloudProvider>(path: &Path) -> Result<Settings, Exit> {
    let settings = read(path)?;
    P::accept(&settings.config.cloud).map_err(|error| misconfigured(&error))?;
    Ok(settings)
}

/// Reads the tokens that a configuration names.
///
/// # Errors
/// One for each token that is not there.
pub async fn try_secrets<P: CloudProvider>(
    settings: &Settings,
) -> Result<Secrets, Vec<SecretError>> {
    tokens::read::<P>(settings, variable).await
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
pub async fn secrets<P: CloudProvider>(settings: &Settings) -> Result<Secrets, Exit> {
    try_secrets::<P>(settings).await.map_err(|errors| {
        errors.iter().for_each(|error| print_error(error, None));
        Exit::Configuration
    })
}

/// The client for the hub, or a word about why there is none on stderr.
pub fn hub(settings: &Settings, secrets: &Secrets) -> Result<HubClient, Exit> {
    hub_client(settings, secrets).map_err(|error| misconfigured(&error))
}

/// The cloud, or a word about why there is none on stderr.
pub async fn provider<P: CloudProvider>(
    settings: &Settings,
    secrets: &Secrets,
    purpose: Purpose,
) -> Result<P, Exit> {
    let provider = P::connect(settings, secrets, purpose).await;
    provider.map_err(|error| misconfigured(&error))
}

fn misconfigured(error: &dyn std::error::Error) -> Exit {
    print_error(error, None);
    Exit::Configuration
}

/// What one look at hub and cloud has shown, and the cloud, for whoever wants to know more of it.
#[derive(Debug)]
pub struct Look<P> {
    pub recording: Recording,
    pub silences: Vec<Silence>,
    provider: P,
    runtime: Runtime,
}

impl<P: CloudProvider> Look<P> {
    /// How a machine came to its end.
    pub fn ending(&self, machine: &MachineId) -> Result<Option<Ending>, CloudError> {
        self.runtime.block_on(self.provider.cloud().ending(machine))
    }
}

/// Looks at hub and cloud once, for `plan` and `explain`.
pub fn look<P: CloudProvider>(path: &Path) -> Result<Look<P>, Exit> {
    let settings = read_for::<P>(path)?;
    let runtime = super::runtime()?;
    let secrets = runtime.block_on(secrets::<P>(&settings))?;
    let hub = hub(&settings, &secrets)?;
    let provider: P = runtime.block_on(provider(&settings, &secrets, Purpose::Look))?;
    let cloud = provider.cloud().clone();
    let mut scaler = Scaler::new(hub, cloud, SystemClock, settings.policy());
    let tick = runtime.block_on(scaler.look());
    Ok(Look {
        recording: Recording {
            at: tick.at,
            policy: scaler.priced_policy().clone(),
            snapshot: tick.snapshot,
        },
        silences: tick.silences,
        provider,
        runtime,
    })
}
