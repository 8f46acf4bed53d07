//! Where a demo's machines come from, and what the demo asks of them beside what the scaler does.

use std::collections::BTreeMap;

use tokio::sync::watch;

#[cfg(feature = "aws")]
use super::account::Account;
use crate::local::process::ProcessCloud;
use dayfly::model::id::MachineId;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::snapshot::Machines;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Cloud, CloudError, Consoles, LaunchError, Launched, SystemClock};

/// The machines of a demo. Clones are the same ones.
#[derive(Clone, Debug)]
pub(super) enum DemoCloud {
    /// Process trees.
    Process(ProcessCloud<SystemClock>),
    /// Virtual machines of an emulated account.
    #[cfg(feature = "aws")]
    Virtual(Account),
}

impl DemoCloud {
    /// Rings when a machine has registered or is gone, and sometimes for nothing.
    pub(super) fn listen(&self) -> watch::Receiver<()> {
        match self {
            Self::Process(cloud) => cloud.listen(),
            #[cfg(feature = "aws")]
            Self::Virtual(account) => account.listen(),
        }
    }

    /// When a machine ended, if it has.
    pub(super) fn gone_at(&self, id: &MachineId) -> Option<Timestamp> {
        match self {
            Self::Process(cloud) => cloud.gone_at(id),
            #[cfg(feature = "aws")]
            Self::Virtual(account) => account.gone_at(id),
        }
    }

    /// Machines of this demo: launched in all, alive at once at most, alive now.
    pub(super) fn totals(&self) -> (u32, u32, u32) {
        match self {
            Self::Process(cloud) => cloud.totals(),
            #[cfg(feature = "aws")]
            Self::Virtual(account) => account.totals(),
        }
    }

    /// Ends every machine.
    pub(super) async fn shutdown(&self) {
        match self {
            Self::Process(cloud) => cloud.shutdown().await,
            #[cfg(feature = "aws")]
            Self::Virtual(account) => account.shutdown(),
        }
    }
}

impl Cloud for DemoCloud {
    async fn machines(&self) -> Result<Machines, CloudError> {
        match self {
            Self::Process(cloud) => cloud.machines().await,
            #[cfg(feature = "aws")]
            Self::Virtual(account) => account.cloud.machines().await,
        }
    }

    async fn launch(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        match self {
            Self::Process(cloud) => cloud.launch(order).await,
            #[cfg(feature = "aws")]
            Self::Virtual(account) => account.cloud.launch(order).await,
        }
    }

    async fn end(&self, machines: &[MachineId]) -> BTreeMap<MachineId, Result<(), CloudError>> {
        match self {
            Self::Process(cloud) => cloud.end(machines).await,
            #[cfg(feature = "aws")]
            Self::Virtual(account) => account.cloud.end(machines).await,
        }
    }

    async fn consoles(&self, machines: &[MachineId]) -> Consoles {
        match self {
            Self::Process(cloud) => cloud.consoles(machines).await,
            #[cfg(feature = "aws")]
            Self::Virtual(account) => account.cloud.consoles(machines).await,
        }
    }
}
