//! The actions of EC2's query protocol that are emulated.

use crate::emulator::dynamo::Operation;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Launches machines of several offers at once.
    CreateFleet,
    /// Launches machines of one offer.
    RunInstances,
    /// Lists machines.
    DescribeInstances,
    /// Lists the status checks of machines.
    DescribeInstanceStatus,
    /// Ends machines.
    TerminateInstances,
    /// What a machine has written on its console.
    GetConsoleOutput,
    /// Changes how a machine may ask for its metadata.
    ModifyInstanceMetadataOptions,
    /// Changes an attribute of a machine.
    ModifyInstanceAttribute,
    /// Sets tags.
    CreateTags,
    /// Removes tags.
    DeleteTags,
    /// Lists versions of a launch template.
    DescribeLaunchTemplateVersions,
    /// Lists what spot machines cost.
    DescribeSpotPriceHistory,
    /// Lists subnets with their free addresses.
    DescribeSubnets,
    /// Lists images.
    DescribeImages,
    /// Makes an image of a machine.
    CreateImage,
    /// Gives an image up; its snapshots stay.
    DeregisterImage,
    /// Lists snapshots.
    DescribeSnapshots,
    /// Removes a snapshot.
    DeleteSnapshot,
    /// Lists sizes.
    DescribeInstanceTypes,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::CreateFleet,
        Self::RunInstances,
        Self::DescribeInstances,
        Self::DescribeInstanceStatus,
        Self::TerminateInstances,
        Self::GetConsoleOutput,
        Self::ModifyInstanceMetadataOptions,
        Self::ModifyInstanceAttribute,
        Self::CreateTags,
        Self::DeleteTags,
        Self::DescribeLaunchTemplateVersions,
        Self::DescribeSpotPriceHistory,
        Self::DescribeSubnets,
        Self::DescribeImages,
        Self::CreateImage,
        Self::DeregisterImage,
        Self::DescribeSnapshots,
        Self::DeleteSnapshot,
        Self::DescribeInstanceTypes,
    ];

    /// The protocol's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateFleet => "CreateFleet",
            Self::RunInstances => "RunInstances",
            Self::DescribeInstances => "DescribeInstances",
            Self::DescribeInstanceStatus => "DescribeInstanceStatus",
            Self::TerminateInstances => "TerminateInstances",
            Self::GetConsoleOutput => "GetConsoleOutput",
            Self::ModifyInstanceAttribute => "ModifyInstanceAttribute",
            Self::ModifyInstanceMetadataOptions => "ModifyInstanceMetadataOptions",
            Self::CreateTags => "CreateTags",
            Self::DeleteTags => "DeleteTags",
            Self::DescribeLaunchTemplateVersions => "DescribeLaunchTemplateVersions",
            Self::DescribeSpotPriceHistory => "DescribeSpotPriceHistory",
            Self::DescribeSubnets => "DescribeSubnets",
            Self::DescribeImages => "DescribeImages",
            Self::CreateImage => "CreateImage",
            Self::DeregisterImage => "DeregisterImage",
            Self::DescribeSnapshots => "DescribeSnapshots",
            Self::DeleteSnapshot => "DeleteSnapshot",
            Self::DescribeInstanceTypes => "DescribeInstanceTypes",
        }
    }

    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// What a request asks for, of whatever service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// An action of EC2.
    Ec2(Action),
    /// `GetParameter` of SSM.
    GetParameter,
    /// `PutParameter` of SSM.
    PutParameter,
    /// `GetParameterHistory` of SSM.
    GetParameterHistory,
    /// `GetServiceQuota` of Service Quotas.
    GetServiceQuota,
    /// An operation on a table of DynamoDB.
    Table(Operation),
}
