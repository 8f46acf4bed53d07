//! What comes of calls.

use std::sync::Arc;

use super::super::error::Refusal;
use super::super::machine::{MachineRecord, State};
use super::launch::FleetOverride;
use super::resources::{ImageRow, PriceRow, SnapshotRow, SubnetRow, TemplateVersions, TypeRow};
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// What comes of a call that is carried out. Machines are as they were at that moment.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Of `CreateFleet`.
    Fleet(FleetReply),
    /// Of `RunInstances`: the machines that were launched.
    Reservation(Vec<Arc<MachineRecord>>),
    /// Of `DescribeInstances`.
    Machines(MachinePage),
    /// Of `DescribeInstanceStatus`.
    Statuses(MachinePage),
    /// Of `TerminateInstances`.
    Terminating(Vec<StateChange>),
    /// Of `GetConsoleOutput`.
    Console(ConsoleOutput),
    /// Of `ModifyInstanceMetadataOptions`: the machine with its new options.
    Metadata(Arc<MachineRecord>),
    /// Of whatever answers no more than that it is done.
    Done,
    /// Of `DescribeLaunchTemplateVersions`.
    TemplateVersions(TemplateVersions),
    /// Of `DescribeSpotPriceHistory`: prices at a moment.
    Prices(Rows<PriceRow>, Timestamp),
    /// Of `DescribeSubnets`.
    Subnets(Vec<SubnetRow>),
    /// Of `DescribeImages`.
    Images(Vec<ImageRow>),
    /// Of `CreateImage`: the image's id.
    ImageOrdered(String),
    /// Of `DescribeSnapshots`.
    Snapshots(Vec<SnapshotRow>),
    /// Of `DescribeInstanceTypes`.
    Types(Rows<TypeRow>),
}

/// Rows of a list that comes in pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The token of the next page.
    pub next_token: Option<String>,
}

/// Machines, in the order of their launches.
#[derive(Clone, Debug, Default)]
pub struct MachinePage {
    /// The machines.
    pub machines: Vec<Arc<MachineRecord>>,
    /// The token of the next page.
    pub next_token: Option<String>,
}

/// What `TerminateInstances` did to a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The machine's id.
    pub machine: String,
    /// Its state before.
    pub previous: State,
    /// Its state now.
    pub current: State,
}

/// What a machine has written on its console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleOutput {
    /// The machine's id.
    pub machine: String,
    /// When it was written.
    pub written_at: Timestamp,
    /// The last of it.
    pub output: Vec<u8>,
}

/// What a fleet has launched, and what it has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetReply {
    /// The fleet's id.
    pub id: String,
    /// The overrides that have launched machines.
    pub launched: Vec<FleetLaunch>,
    /// The overrides that have fallen short.
    pub errors: Vec<FleetError>,
}

/// One override of a fleet on one market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetOffer {
    /// The template's id.
    pub template: String,
    /// The template's version.
    pub version: u32,
    /// What the request says.
    pub said: FleetOverride,
    /// How it is paid for.
    pub market: Market,
}

/// Machines of one override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetLaunch {
    /// The override.
    pub offer: FleetOffer,
    /// The machines' ids.
    pub machines: Vec<String>,
    /// Their size.
    pub instance_type: Option<String>,
    /// Their subnet.
    pub subnet: Option<String>,
    /// The subnet's zone.
    pub zone: Option<String>,
}

/// Why an override has fallen short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetError {
    /// The override.
    pub offer: FleetOffer,
    /// The reason.
    pub refusal: Refusal,
}
