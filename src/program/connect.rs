//! From settings to a hub and a scaler: what the commands and the function share.

use std::collections::BTreeMap;

use super::provider::CloudProvider;
use crate::config::Settings;
use crate::config::secret::Secrets;
use crate::hub::client::{ClientError, HttpSettings, HubClient, PoolAccess};
use crate::model::id::PoolName;
use crate::ports::SystemClock;
use crate::scaler::Scaler;
use crate::scaler::lease::Terms;

/// The client for the hub.
///
/// # Errors
/// What the configuration says of the hub cannot be used.
pub fn hub_client(settings: &Settings, secrets: &Secrets) -> Result<HubClient, ClientError> {
    let access = access(settings, secrets);
    let api_token = secrets.api_token.clone();
    HubClient::new(&http_settings(settings), access, api_token)
}

/// How each pool's queue is read.
pub fn access(settings: &Settings, secrets: &Secrets) -> BTreeMap<PoolName, PoolAccess> {
    let pools = settings.pools.iter().filter_map(|(name, pool)| {
        let access = PoolAccess {
            agent_type: pool.policy.agent_type.clone(),
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

/// The scaler of a program, under its lease if it has one.
pub type ScalerOf<P> = Scaler<
    HubClient,
    <P as CloudProvider>::Cloud,
    SystemClock,
    Option<<P as CloudProvider>::Lease>,
>;

/// The scaler of these settings; as one of several replicas where a lease was configured.
pub fn scaler<P: CloudProvider>(settings: &Settings, hub: HubClient, provider: &P) -> ScalerOf<P> {
    let questions = settings.config.hub.timeout.max(P::TIMEOUT);
    let terms = Terms::new(settings.config.tick_interval, questions);
    let cloud = provider.cloud().clone();
    Scaler::new(hub, cloud, SystemClock, settings.policy()).with_lease(provider.lease(), terms)
}
