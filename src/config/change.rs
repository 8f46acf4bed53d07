//! What of a changed configuration can take effect in a process that runs.
//!
//! What a decision is made of can: caps, reserves, limits, offers, prices, and on EC2 whole pools
//! with their templates and tokens. What connections and machines were made of cannot, and is
//! refused as a whole, because half a configuration is one that nobody wrote.

use thiserror::Error;

use super::settings::{CloudSettings, Ec2Settings, Settings};

/// A key that has another value than the process was started with.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{key} cannot change while dayfly runs: restart it, or put the old value back")]
pub struct FixedKey {
    /// The path of the key.
    pub key: String,
}

/// Every key that cannot change, and has, between what the process was started with and now.
pub fn fixed(started: &Settings, now: &Settings) -> Vec<FixedKey> {
    let (before, after) = (&started.config, &now.config);
    let mut keys: Vec<String> = Vec::new();
    let mut compare = |key: &str, is_same: bool| {
        if !is_same {
            keys.push(key.to_owned());
        }
    };
    let deployments = (&started.deployment, &now.deployment);
    compare("deployment", deployments.0 == deployments.1);
    compare("tick_seconds", before.tick_interval == after.tick_interval);
    compare("log_format", before.log_format == after.log_format);
    compare("metrics", before.metrics == after.metrics);
    let files = (&before.learned_file, &after.learned_file);
    compare("learned_file", files.0 == files.1);
    compare("hub.endpoint", before.hub.endpoint == after.hub.endpoint);
    compare("hub.ca_file", before.hub.ca_file == after.hub.ca_file);
    compare(
        "hub.plain_http",
        before.hub.plain_http == after.hub.plain_http,
    );
    compare(
        "hub.timeout_seconds",
        before.hub.timeout == after.hub.timeout,
    );
    match (&before.cloud, &after.cloud) {
        (CloudSettings::Process(before), CloudSettings::Process(after)) => {
            compare("cloud.folder", before.folder == after.folder);
            compare(
                "cloud.boot_delay_milliseconds",
                before.boot_delay == after.boot_delay,
            );
        }
        (CloudSettings::Ec2(before), CloudSettings::Ec2(after)) => {
            keys.extend(fixed_on_ec2(before, after));
        }
        (CloudSettings::Process(_), CloudSettings::Ec2(_))
        | (CloudSettings::Ec2(_), CloudSettings::Process(_)) => compare("cloud.kind", false),
    }
    if let CloudSettings::Process(_) = &before.cloud {
        keys.extend(fixed_on_this_computer(started, now));
    }
    keys.into_iter().map(|key| FixedKey { key }).collect()
}

fn fixed_on_ec2(before: &Ec2Settings, after: &Ec2Settings) -> Vec<String> {
    let rows = [
        ("region", before.region == after.region),
        ("endpoint_url", before.endpoint_url == after.endpoint_url),
        ("ca_file", before.ca_file == after.ca_file),
        ("lease_table", before.lease_table == after.lease_table),
    ];
    let changed = rows.iter().filter(|(_, is_same)| !is_same);
    changed.map(|(key, _)| format!("cloud.{key}")).collect()
}

/// Machines on this computer are given what their pool said when the process started. A pool that
/// is left out takes effect: nothing is launched for it any more.
fn fixed_on_this_computer(started: &Settings, now: &Settings) -> Vec<String> {
    let mut keys = Vec::new();
    if started.config.api_token != now.config.api_token {
        keys.push("hub.api_token".to_owned());
    }
    for (name, pool) in &now.pools {
        let Some(pool_before) = started.pools.get(name) else {
            keys.push(format!("pools.{name}"));
            continue;
        };
        if pool.policy.agent_type != pool_before.policy.agent_type {
            keys.push(format!("pools.{name}.agent_type"));
        }
        let (agent, agent_before) = (pool.agent, pool_before.agent);
        let rows = [
            (
                "registration_token",
                pool.registration_token == pool_before.registration_token,
            ),
            (
                "interruption_grace_seconds",
                agent.interruption_grace_period == agent_before.interruption_grace_period,
            ),
        ];
        let changed = rows.iter().filter(|(_, is_same)| !is_same);
        keys.extend(changed.map(|(key, _)| format!("pools.{name}.{key}")));
    }
    keys
}
