//! Asks AWS all that the doctor wants to know of it.

use futures_util::future::join_all;

use crate::aws::doctor::{Doctor, PoolSeen};
use crate::aws::{Clients, TableLease, quotas};
use crate::config::secret::Secrets;
use crate::config::{CloudSettings, Ec2Settings, Settings};
use crate::doctor::account::{self, Reached, Table};
use crate::doctor::quota::Processors;
use crate::doctor::{Finding, place, quota, template};
use crate::model::id::{PoolName, Replica};
use crate::model::pool::PoolPolicy;
use crate::model::secret::Secret;
use crate::ports::{Clock, SystemClock};
use crate::program::ec2::Ec2Error;
use crate::program::output::causes;

/// Credentials first: without them, everything else would fail in the same way.
pub async fn examine(settings: &Settings, secrets: Option<&Secrets>) -> Vec<Finding> {
    let ec2 = match &settings.config.cloud {
        CloudSettings::Ec2(ec2) => ec2,
        CloudSettings::Process(_) => {
            let remedy = "use `dayfly-lab doctor`";
            return vec![Finding::wrong("cloud", Ec2Error::OfLab.to_string(), remedy)];
        }
    };
    let clients = match Clients::connect(ec2).await {
        Ok(clients) => clients,
        Err(error) => {
            let remedy = "set cloud.region, and check cloud.ca_file";
            return vec![Finding::wrong("AWS", causes(&error), remedy)];
        }
    };
    let deployment = &settings.deployment;
    let doctor = Doctor::new(&clients, deployment);
    let reached = doctor.reached().await;
    let mut findings = vec![account::credentials(&reached)];
    if reached != Reached::Yes {
        return findings;
    }
    let machine = doctor.machine().await;
    let permissions = Box::pin(doctor.permissions(machine.as_deref())).await;
    findings.extend(account::permissions(&permissions, machine.is_some()));
    findings.push(lease(&clients, settings, ec2).await);
    let pools = settings.pools.iter().map(async |(name, pool)| {
        let policy = &pool.policy;
        let seen = Box::pin(doctor.pool(name, policy)).await;
        let template = format!("{} version {}", policy.template.id, policy.template.version);
        let processors = processors(&seen);
        let findings = judge(name, policy, &template, &seen, secrets);
        (findings, processors)
    });
    let pools: (Vec<Vec<Finding>>, Vec<Processors>) = join_all(pools).await.into_iter().unzip();
    findings.extend(pools.0.into_iter().flatten());
    let processors = pools.1.into_iter().flatten().collect();
    let wanted = quota::wanted(&settings.policy(), &processors);
    let granted = quotas::granted(&clients, wanted.keys().copied().collect()).await;
    findings.extend(quota::quotas(&wanted, &granted));
    findings
}

/// How many virtual processors each type of a pool has, as far as that could be read.
fn processors(seen: &PoolSeen) -> Processors {
    let sizes = seen.types.as_ref().ok().into_iter().flatten();
    sizes
        .filter_map(|(name, size)| Some((name.clone(), size.vcpus?)))
        .collect()
}

async fn lease(clients: &Clients, settings: &Settings, ec2: &Ec2Settings) -> Finding {
    let now = SystemClock.now();
    let Some(table) = &ec2.lease_table else {
        return account::lease("", None, now);
    };
    let me = Replica::new("doctor");
    let dynamodb = clients.dynamodb.clone();
    let lease = TableLease::new(dynamodb, table, &settings.deployment, me);
    let seen = lease.look().await;
    let seen = seen.unwrap_or_else(|error| Table::Silent(error.to_string()));
    account::lease(table, Some(&seen), now)
}

fn judge(
    name: &PoolName,
    policy: &PoolPolicy,
    template: &str,
    seen: &PoolSeen,
    secrets: Option<&Secrets>,
) -> Vec<Finding> {
    let mut findings = template::template(name, template, &seen.template);
    if let Ok(template) = &seen.template {
        let tokens = secrets.map(tokens).unwrap_or_default();
        findings.push(template::user_data(
            name,
            template.user_data.as_ref(),
            &tokens,
        ));
    }
    findings.push(place::image(name, &seen.image));
    findings.push(place::types(name, seen.image.as_ref().ok(), &seen.types));
    findings.push(place::subnets(name, policy.machines_max, &seen.subnets));
    if let Some(launches) = &seen.launches {
        findings.extend(account::launches(name, launches));
    }
    findings
}

/// All tokens that no machine may be told.
fn tokens(secrets: &Secrets) -> Vec<&Secret> {
    let registration = secrets.registration_tokens.values();
    registration.chain(&secrets.api_token).collect()
}
