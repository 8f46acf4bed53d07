//! What a machine is told at its boot: `cloud-init/user-data.yaml`, filled in for one pool; and what
//! a builder of images is told (`cloud-init/image.yaml`).
//!
//! Terraform fills in the same template by `templatefile`, and a test compares the two byte by
//! byte. What must stay true: every placeholder has a value and every value a placeholder, no
//! value can end the quotes or the line that it stands in, and the result fits into what EC2
//! takes. What is not here: a secret; whoever may describe machines can read this.

mod recipe;
mod template;

use std::time::Duration;

use crate::config::{AgentKind, CloudSettings, Metadata, Settings};
use crate::document::{Problem, Report};
use crate::model::id::PoolName;

pub use recipe::{Ingredients, builder_data, recipe};
pub use template::fill;

/// The template that ships.
pub const TEMPLATE: &str = include_str!("../../cloud-init/user-data.yaml");
/// Its name in problems.
pub const TEMPLATE_FILE: &str = "cloud-init/user-data.yaml";
/// EC2 takes so many bytes of user data, before base64 (aws.md D).
pub const BYTES_MAX: usize = 16 * 1024;

/// The user data of a pool's machines. `file` names the configuration in problems.
///
/// # Errors
/// Everything that keeps it from being rendered: a pool that is not there, what the configuration
/// does not say, what the template does not fit, a result that is too long for EC2.
pub fn user_data(settings: &Settings, file: &str, pool: &PoolName) -> Result<String, Vec<Problem>> {
    let values = values(settings, file, pool)?;
    fill(TEMPLATE, TEMPLATE_FILE, &values)
}

/// A value for each placeholder, as Terraform's module writes them.
fn values(
    settings: &Settings,
    file: &str,
    pool: &PoolName,
) -> Result<Vec<(&'static str, String)>, Vec<Problem>> {
    let report = Report::new(file);
    let places = places(settings, &report, pool);
    let of_pool = settings.pools.get(pool);
    let (Some((region, parameter)), Some(of_pool)) = (places, of_pool) else {
        return Err(report.into_problems());
    };
    let (policy, machine) = (&of_pool.policy, &of_pool.machine);
    let (url, sha256) = match &machine.program {
        Some(program) => (program.url.clone(), program.sha256.clone()),
        None => Default::default(),
    };
    let agent = match machine.agent {
        AgentKind::Dayfly => "dayfly",
        AgentKind::Semaphore => "semaphore",
    };
    let metadata = match machine.metadata {
        Metadata::Off => "off",
        Metadata::Guarded => "guarded",
    };
    let idle = policy.speculation.idle_timeout;
    let grace = of_pool.agent.interruption_grace_period;
    let seconds = |duration: Duration| duration.as_secs().to_string();
    Ok(vec![
        ("endpoint", settings.config.hub.endpoint.clone()),
        ("region", region),
        ("token_parameter", parameter),
        ("agent", agent.to_owned()),
        ("agent_url", url),
        ("agent_sha256", sha256),
        ("metadata", metadata.to_owned()),
        ("boot_limit_seconds", seconds(policy.boot_limit)),
        ("lifetime_seconds", seconds(policy.lifetime)),
        ("idle_timeout_seconds", seconds(idle)),
        ("interruption_grace_seconds", seconds(grace)),
        ("sudo", machine.sudo.to_string()),
    ])
}

/// The region and the parameter that machines of a pool read their token from; `None` only with a
/// problem in the report.
fn places(settings: &Settings, report: &Report, pool: &PoolName) -> Option<(String, String)> {
    let Some(of_pool) = settings.pools.get(pool) else {
        let names: Vec<&str> = settings.pools.keys().map(PoolName::as_str).collect();
        let expected = format!("expected one of its pools: {}", names.join(", "));
        report.add(None, format!("pools.{pool}"), "no such pool", expected);
        return None;
    };
    let CloudSettings::Ec2(ec2) = &settings.config.cloud else {
        let expected = "expected \"ec2\": machines on this computer have no user data";
        report.add(None, "cloud.kind", "found \"process\"", expected);
        return None;
    };
    if ec2.region.is_none() {
        let expected = "expected the region that the machines ask for their token";
        report.add(None, "cloud.region", "missing", expected);
    }
    let own = of_pool.registration_token.parameter();
    let parameter = of_pool.machine.token_parameter.clone().or(own);
    if parameter.is_none() {
        let path = format!("pools.{pool}.machine.token_parameter");
        let expected = "expected the parameter of SSM that holds the registration token, because \
                        registration_token is on this computer";
        report.add(None, path, "missing", expected);
    }
    Some((ec2.region.clone()?, parameter?))
}
