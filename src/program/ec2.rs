//! EC2 as the cloud of a program, with the lease of the same account.

use std::collections::BTreeSet;
use std::time::Duration;

use thiserror::Error;

use super::provider::{CloudProvider, Purpose, unreadable};
use crate::aws::client::CALL_TIMEOUT;
use crate::aws::{self, Clients, ConnectError, Ec2Cloud, TableLease};
use crate::config::secret::{Parameters, Secrets};
use crate::config::{CloudSettings, Ec2Settings, Settings};
use crate::model::id::Replica;
use crate::ports::{Clock, SystemClock};

/// Machines on EC2.
#[derive(Clone, Debug)]
pub struct Ec2Provider {
    cloud: Ec2Cloud<SystemClock>,
    lease: Option<TableLease>,
}

/// Why there is no EC2.
#[derive(Debug, Error)]
pub enum Ec2Error {
    /// The configuration is for another program.
    #[error(
        "found cloud.kind = \"process\", and machines of this computer belong to the laboratory: \
         use `dayfly-lab run`, and dayfly-lab for plan, check, explain and doctor too"
    )]
    OfLab,
    /// No client can be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl CloudProvider for Ec2Provider {
    type Cloud = Ec2Cloud<SystemClock>;
    type Lease = TableLease;
    type Error = Ec2Error;

    const PROGRAM: &'static str = "dayfly";
    const TIMEOUT: Duration = CALL_TIMEOUT;

    fn accept(cloud: &CloudSettings) -> Result<(), Ec2Error> {
        ec2(cloud).map(|_| ())
    }

    async fn connect(settings: &Settings, _: &Secrets, _: Purpose) -> Result<Self, Ec2Error> {
        let ec2 = ec2(&settings.config.cloud)?;
        let clients = Clients::connect(ec2).await?;
        let deployment = &settings.deployment;
        let lease = ec2.lease_table.as_deref();
        let lease = lease.map(|table| {
            let dynamodb = clients.dynamodb.clone();
            TableLease::new(dynamodb, table, deployment, replica())
        });
        let cloud = Ec2Cloud::new(clients, &settings.policy(), SystemClock);
        Ok(Self { cloud, lease })
    }

    async fn parameters(cloud: &CloudSettings, names: BTreeSet<String>) -> Parameters {
        // Machines on this computer may have their tokens in AWS: where its own tools look.
        let settings = match cloud {
            CloudSettings::Ec2(settings) => settings.clone(),
            CloudSettings::Process(_) => Ec2Settings::default(),
        };
        match Clients::connect(&settings).await {
            Ok(clients) => aws::secrets::read(&clients.ssm, &names).await,
            Err(error) => unreadable(names, &error.to_string()),
        }
    }

    fn cloud(&self) -> &Self::Cloud {
        &self.cloud
    }

    fn lease(&self) -> Option<TableLease> {
        self.lease.clone()
    }

    fn set_policy(&self, settings: &Settings) {
        self.cloud.set_policy(&settings.policy());
    }
}

fn ec2(cloud: &CloudSettings) -> Result<&Ec2Settings, Ec2Error> {
    match cloud {
        CloudSettings::Ec2(ec2) => Ok(ec2),
        CloudSettings::Process(_) => Err(Ec2Error::OfLab),
    }
}

/// A name that no other process has, and that tells a person where to look for this one.
fn replica() -> Replica {
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    let (process, started_at) = (std::process::id(), SystemClock.now().as_millis());
    Replica::new(format!("{host}-{process}-{started_at}"))
}
