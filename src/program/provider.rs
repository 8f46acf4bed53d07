//! The clouds of a program. Every command takes its cloud from here, and no command knows which
//! clouds there are: `dayfly` links EC2, and `dayfly-lab` adds the machines of this computer.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::secret::{Parameters, Secrets};
use crate::config::{CloudSettings, Settings};
use crate::model::id::PoolName;
use crate::model::secret::Secret;
use crate::ports::{Cloud, Lease};

/// What a cloud is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Launch machines and end them.
    Scale,
    /// Look at them, and change nothing.
    Look,
}

/// A cloud of a configuration, with what a program asks of it beside what the scaler does. Clones
/// are the same one.
pub trait CloudProvider: Clone + Sized + 'static {
    /// Where machines come from.
    type Cloud: Cloud + Clone;
    /// The right to apply, where several replicas may run.
    type Lease: Lease;
    /// Why there is no cloud.
    type Error: Error + 'static;

    /// The program's name, for sentences that name one of its commands.
    const PROGRAM: &'static str;
    /// How long the cloud may take for an answer.
    const TIMEOUT: Duration;

    /// Whether this program has the cloud that a configuration names.
    ///
    /// # Errors
    /// It has not; the error says which program has.
    fn accept(cloud: &CloudSettings) -> Result<(), Self::Error>;

    /// The cloud that the settings name. Has to be called within a tokio runtime.
    ///
    /// # Errors
    /// It is not linked, or cannot be made of what the settings say.
    fn connect(
        settings: &Settings,
        secrets: &Secrets,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Self, Self::Error>>;

    /// Reads parameters that hold tokens. There is an answer for each name.
    fn parameters(
        cloud: &CloudSettings,
        names: BTreeSet<String>,
    ) -> impl Future<Output = Parameters>;

    /// What the scaler launches with.
    fn cloud(&self) -> &Self::Cloud;

    /// The lease that decides whether this process may change anything there, if there is one.
    fn lease(&self) -> Option<Self::Lease>;

    /// Machines launched from now on get other registration tokens, where the cloud hands them
    /// over.
    fn set_registration_tokens(&self, tokens: &BTreeMap<PoolName, Secret>) {
        let _ = tokens;
    }

    /// Takes a configuration that has changed.
    fn set_policy(&self, settings: &Settings) {
        let _ = settings;
    }

    /// Hastens a tick whenever a machine has registered or is gone, for ever, where the cloud
    /// tells by itself.
    fn hasten(&self, hasten: &Notify) -> impl Future<Output = ()> {
        let _ = hasten;
        std::future::pending()
    }

    /// Ends what cannot outlive this process, and gives the number of machines that remain
    /// although they should not.
    fn shutdown(&self) -> impl Future<Output = u32> {
        async { 0 }
    }
}

/// The same reason for each parameter, where none of them can be read.
pub fn unreadable(names: BTreeSet<String>, reason: &str) -> Parameters {
    let refused = |name| (name, Err(reason.to_owned()));
    names.into_iter().map(refused).collect()
}
