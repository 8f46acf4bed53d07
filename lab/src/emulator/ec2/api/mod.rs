//! EC2's API as Rust types: a call names what is asked for, a reply holds what comes of it.
//!
//! The simulator makes these calls itself. On the wire, `ec2::query` reads them from
//! forms and writes replies as XML.

mod launch;
mod machines;
mod reply;
mod resources;

use super::action::Action;
use super::error::{self, Refusal};
use super::template::MetadataChange;
use super::throttle::Breadth;
use crate::emulator::message::Delivery;

pub use self::launch::{
    AllocationStrategy, CreateFleet, FleetConfig, FleetOverride, MarketOptions, RunInstances,
    TargetCapacity, TemplateSpecification,
};
pub use self::machines::{AttributeChange, MachineQuery, PageRequest, StatusQuery};
pub use self::reply::{
    ConsoleOutput, FleetError, FleetLaunch, FleetOffer, FleetReply, MachinePage, Reply, Rows,
    StateChange,
};
pub use self::resources::{
    CreateImage, ImageQuery, ImageRow, PriceQuery, PriceRow, ResourceQuery, SnapshotRow, SubnetRow,
    Tag, TagSelector, TagSpecification, TemplateQuery, TemplateVersions, TypeQuery, TypeRow,
};
pub use super::filter::Filter;
pub use super::fleet::{Requirements, Span};

/// One call of an action, with what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Launches machines of several offers at once.
    CreateFleet(CreateFleet),
    /// Launches machines of one offer.
    RunInstances(RunInstances),
    /// Lists machines.
    DescribeInstances(MachineQuery),
    /// Lists the status checks of machines.
    DescribeInstanceStatus(StatusQuery),
    /// Terminates machines.
    TerminateInstances {
        /// Their ids.
        machines: Vec<String>,
    },
    /// Reads what a machine has written on its console.
    GetConsoleOutput {
        /// The machine's id.
        machine: String,
        /// Whether to read all that is there, and not what was posted.
        latest: bool,
    },
    /// Changes how a machine may ask for its metadata.
    ModifyInstanceMetadataOptions {
        /// The machine's id.
        machine: String,
        /// The options that change.
        change: MetadataChange,
    },
    /// Changes an attribute of a machine.
    ModifyInstanceAttribute {
        /// The machine's id.
        machine: String,
        /// The attribute and its new value.
        change: AttributeChange,
    },
    /// Sets tags.
    CreateTags {
        /// The ids of what is tagged.
        resources: Vec<String>,
        /// The tags.
        tags: Vec<Tag>,
    },
    /// Removes tags; all of them if none is named.
    DeleteTags {
        /// The ids of what is untagged.
        resources: Vec<String>,
        /// The tags.
        tags: Vec<TagSelector>,
    },
    /// Lists versions of a launch template.
    DescribeLaunchTemplateVersions(TemplateQuery),
    /// Lists the prices of spot machines.
    DescribeSpotPriceHistory(PriceQuery),
    /// Lists subnets.
    DescribeSubnets(ResourceQuery),
    /// Lists images.
    DescribeImages(ImageQuery),
    /// Makes an image of a machine.
    CreateImage(CreateImage),
    /// Gives up an image.
    DeregisterImage {
        /// The image's id.
        image: String,
    },
    /// Lists snapshots.
    DescribeSnapshots(ResourceQuery),
    /// Deletes a snapshot.
    DeleteSnapshot {
        /// The snapshot's id.
        snapshot: String,
    },
    /// Lists instance types.
    DescribeInstanceTypes(TypeQuery),
}

/// Whether a call has an effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Execution {
    /// It has.
    #[default]
    Real,
    /// It is only checked, as `DryRun` asks for.
    Dry,
}

/// The result of a call.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was carried out or refused, and the answer travels in this way.
    Answered(Result<Reply, Refusal>, Delivery),
    /// A fault kept it from being carried out, and no answer comes.
    Unanswered(Delivery),
}

/// What faults and throttling look at before a call is carried out.
#[derive(Clone, Debug)]
pub(super) struct Head<'a> {
    pub(super) action: Action,
    /// The machines that the call names.
    pub(super) machines: Vec<&'a str>,
    pub(super) breadth: Breadth,
}

impl Outcome {
    /// Whether the answer says that the call was carried out.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Answered(Ok(_), _))
    }
}

impl Execution {
    /// Ends the call here if it was only to be checked.
    pub(super) fn check(self) -> Result<(), Refusal> {
        match self {
            Self::Real => Ok(()),
            Self::Dry => Err(error::DRY_RUN.into()),
        }
    }
}

impl Call {
    /// Which action it is of.
    pub const fn action(&self) -> Action {
        match self {
            Self::CreateFleet(_) => Action::CreateFleet,
            Self::RunInstances(_) => Action::RunInstances,
            Self::DescribeInstances(_) => Action::DescribeInstances,
            Self::DescribeInstanceStatus(_) => Action::DescribeInstanceStatus,
            Self::TerminateInstances { .. } => Action::TerminateInstances,
            Self::GetConsoleOutput { .. } => Action::GetConsoleOutput,
            Self::ModifyInstanceMetadataOptions { .. } => Action::ModifyInstanceMetadataOptions,
            Self::ModifyInstanceAttribute { .. } => Action::ModifyInstanceAttribute,
            Self::CreateTags { .. } => Action::CreateTags,
            Self::DeleteTags { .. } => Action::DeleteTags,
            Self::DescribeLaunchTemplateVersions(_) => Action::DescribeLaunchTemplateVersions,
            Self::DescribeSpotPriceHistory(_) => Action::DescribeSpotPriceHistory,
            Self::DescribeSubnets(_) => Action::DescribeSubnets,
            Self::DescribeImages(_) => Action::DescribeImages,
            Self::CreateImage(_) => Action::CreateImage,
            Self::DeregisterImage { .. } => Action::DeregisterImage,
            Self::DescribeSnapshots(_) => Action::DescribeSnapshots,
            Self::DeleteSnapshot { .. } => Action::DeleteSnapshot,
            Self::DescribeInstanceTypes(_) => Action::DescribeInstanceTypes,
        }
    }

    pub(super) fn head(&self) -> Head<'_> {
        Head {
            action: self.action(),
            machines: self.machines(),
            breadth: self.breadth(),
        }
    }

    /// The machines that it names.
    fn machines(&self) -> Vec<&str> {
        match self {
            Self::DescribeInstances(query) => texts(&query.ids),
            Self::DescribeInstanceStatus(query) => texts(&query.machines.ids),
            Self::TerminateInstances { machines } => texts(machines),
            Self::GetConsoleOutput { machine, .. }
            | Self::ModifyInstanceMetadataOptions { machine, .. }
            | Self::ModifyInstanceAttribute { machine, .. } => vec![machine],
            Self::CreateImage(image) => vec![&image.machine],
            Self::CreateTags { resources, .. } | Self::DeleteTags { resources, .. } => {
                texts(resources)
            }
            Self::CreateFleet(_)
            | Self::RunInstances(_)
            | Self::DescribeLaunchTemplateVersions(_)
            | Self::DescribeSpotPriceHistory(_)
            | Self::DescribeSubnets(_)
            | Self::DescribeImages(_)
            | Self::DeregisterImage { .. }
            | Self::DescribeSnapshots(_)
            | Self::DeleteSnapshot { .. }
            | Self::DescribeInstanceTypes(_) => Vec::new(),
        }
    }

    /// Whether a page, a filter or machines' ids narrow it.
    fn breadth(&self) -> Breadth {
        let (page, filters, ids): (Option<&PageRequest>, &[Filter], &[String]) = match self {
            Self::DescribeInstances(query) => (Some(&query.page), &query.filters, &query.ids),
            Self::DescribeInstanceStatus(StatusQuery { machines, .. }) => {
                (Some(&machines.page), &machines.filters, &machines.ids)
            }
            Self::TerminateInstances { machines } => (None, &[], machines),
            Self::DescribeLaunchTemplateVersions(query) => (Some(&query.page), &[], &[]),
            Self::DescribeSpotPriceHistory(query) => (Some(&query.page), &query.filters, &[]),
            Self::DescribeInstanceTypes(query) => (Some(&query.page), &query.filters, &[]),
            Self::DescribeSubnets(query) | Self::DescribeSnapshots(query) => {
                (None, &query.filters, &[])
            }
            Self::DescribeImages(query) => (None, &query.filters, &[]),
            Self::CreateFleet(_)
            | Self::RunInstances(_)
            | Self::GetConsoleOutput { .. }
            | Self::ModifyInstanceMetadataOptions { .. }
            | Self::ModifyInstanceAttribute { .. }
            | Self::CreateTags { .. }
            | Self::DeleteTags { .. }
            | Self::CreateImage(_)
            | Self::DeregisterImage { .. }
            | Self::DeleteSnapshot { .. } => (None, &[], &[]),
        };
        let is_paged = page.is_some_and(|page| page.max_results.is_some());
        if is_paged || !filters.is_empty() || !ids.is_empty() {
            Breadth::Narrowed
        } else {
            Breadth::Everything
        }
    }
}

fn texts(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}
