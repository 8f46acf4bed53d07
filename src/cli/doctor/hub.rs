//! Asks the hub all that the doctor wants to know of it.

use futures_util::future::join_all;

use crate::config::secret::Secrets;
use crate::config::{CloudSettings, Settings};
use crate::doctor::Finding;
use crate::doctor::hub::{Listed, api_token, clock, doubled_tokens, registration_tokens};
use crate::hub::client::{HubClient, PublicClient};
use crate::model::id::AgentType;
use crate::model::secret::Secret;
use crate::ports::{Clock, Hub, SystemClock};
use crate::program::connect;
use crate::program::output::causes;

/// Reachable, known, in time.
pub(super) async fn examine(settings: &Settings, secrets: &Secrets) -> Vec<Finding> {
    let hub = match connect::hub_client(settings, secrets) {
        Ok(hub) => hub,
        Err(error) => {
            let remedy = "check hub.endpoint and hub.ca_file";
            return vec![Finding::wrong("hub", causes(&error), remedy)];
        }
    };
    let pools = settings.pools.keys();
    let counts = join_all(pools.map(async |pool| (pool.clone(), hub.counts(pool).await))).await;
    let counts = counts.into_iter().collect();
    let endpoint = &settings.config.hub.endpoint;
    let mut findings = registration_tokens(endpoint, &counts);
    findings.extend(doubled_tokens(&secrets.registration_tokens));
    if counts.values().any(Result::is_ok) {
        let listed = match &secrets.api_token {
            Some(token) => Some(listed(settings, &hub, token).await),
            None => None,
        };
        findings.extend(api_token(&settings.policy(), listed.as_ref()));
        findings.extend(compare_clocks(settings, &hub).await);
    }
    findings
}

async fn listed(settings: &Settings, hub: &HubClient, token: &Secret) -> Listed {
    let pools = settings.pools.keys();
    let agents = join_all(pools.map(async |pool| hub.agents(pool).await)).await;
    let agents = agents.into_iter().map(|answer| match answer {
        Ok(agents) => Ok(agents.unwrap_or_default().len()),
        Err(error) => Err(error.to_string()),
    });
    Listed {
        agents: agents.sum(),
        types: types(settings, token).await,
    }
}

async fn types(settings: &Settings, token: &Secret) -> Result<Vec<AgentType>, String> {
    let http = connect::http_settings(settings);
    let public = PublicClient::new(&http, token.clone()).map_err(|error| causes(&error))?;
    let types = public.agent_types().await.map_err(|error| causes(&error))?;
    Ok(types
        .into_iter()
        .map(|it| AgentType::new(it.metadata.name))
        .collect())
}

/// Our clock against the hub's; nothing if the hub does not tell.
async fn compare_clocks(settings: &Settings, hub: &HubClient) -> Option<Finding> {
    let pool = settings.pools.keys().next()?;
    let before = SystemClock.now();
    let theirs = hub.date(pool).await.ok()??;
    let now = SystemClock.now();
    // The hub wrote its date somewhere between the two.
    let ours = before.plus(now.since(before) / 2);
    Some(clock(ours, theirs, "the hub's", has_lease(settings)))
}

fn has_lease(settings: &Settings) -> bool {
    match &settings.config.cloud {
        CloudSettings::Process(_) => false,
        CloudSettings::Ec2(ec2) => ec2.lease_table.is_some(),
    }
}
