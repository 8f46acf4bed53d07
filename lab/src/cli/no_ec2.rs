//! In place of EC2 where the laboratory is built without it (feature `aws`): nothing can be had,
//! and everything says so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dayfly::config::secret::{Parameters, Secrets};
use dayfly::config::{CloudSettings, Settings};
use dayfly::doctor::Finding;
use dayfly::model::id::MachineId;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::snapshot::Machines;
use dayfly::ports::{Alone, Cloud, CloudError, LaunchError, Launched};
use dayfly::program::provider::{CloudProvider, Purpose, unreadable};
use thiserror::Error;

/// There is none.
#[derive(Clone, Debug)]
pub enum Ec2Provider {}

/// The one thing to say.
#[derive(Debug, Error)]
#[error("found cloud.kind = \"ec2\", and this program was built without it (feature aws)")]
pub struct NotBuilt;

impl CloudProvider for Ec2Provider {
    type Cloud = Self;
    type Lease = Alone;
    type Error = NotBuilt;

    const PROGRAM: &'static str = "dayfly";
    const TIMEOUT: Duration = Duration::ZERO;

    fn accept(_: &CloudSettings) -> Result<(), NotBuilt> {
        Err(NotBuilt)
    }

    async fn connect(_: &Settings, _: &Secrets, _: Purpose) -> Result<Self, NotBuilt> {
        Err(NotBuilt)
    }

    async fn parameters(_: &CloudSettings, names: BTreeSet<String>) -> Parameters {
        unreadable(names, "this program was built without the feature aws")
    }

    fn cloud(&self) -> &Self {
        match *self {}
    }

    fn lease(&self) -> Option<Alone> {
        match *self {}
    }
}

impl Cloud for Ec2Provider {
    async fn machines(&self) -> Result<Machines, CloudError> {
        match *self {}
    }

    async fn launch(&self, _: &LaunchOrder) -> Result<Launched, LaunchError> {
        match *self {}
    }

    async fn end(&self, _: &[MachineId]) -> BTreeMap<MachineId, Result<(), CloudError>> {
        match *self {}
    }
}

/// What the doctor finds of EC2: nothing.
pub async fn examine(_: &Settings, _: Option<&Secrets>) -> Vec<Finding> {
    let remedy = "build it with the feature aws";
    vec![Finding::wrong(
        "AWS",
        "this program was built without it",
        remedy,
    )]
}
