//! The actions of EC2's query protocol that are emulated, and the parameters that each knows.

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

    /// The parameters that it knows, besides those of every action.
    pub(super) const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::CreateFleet => CREATE_FLEET,
            Self::RunInstances => RUN,
            Self::DescribeInstances => &[
                "InstanceId.N",
                "Filter.N.Name",
                "Filter.N.Value.N",
                "MaxResults",
                "NextToken",
            ],
            Self::DescribeInstanceStatus => &[
                "InstanceId.N",
                "Filter.N.Name",
                "Filter.N.Value.N",
                "IncludeAllInstances",
                "MaxResults",
                "NextToken",
            ],
            Self::TerminateInstances => &["InstanceId.N"],
            Self::GetConsoleOutput => &["InstanceId", "Latest"],
            Self::ModifyInstanceMetadataOptions => &[
                "InstanceId",
                "HttpTokens",
                "HttpPutResponseHopLimit",
                "HttpEndpoint",
                "InstanceMetadataTags",
            ],
            Self::ModifyInstanceAttribute => MODIFY_ATTRIBUTE,
            Self::CreateTags | Self::DeleteTags => &["ResourceId.N", "Tag.N.Key", "Tag.N.Value"],
            Self::DescribeLaunchTemplateVersions => &[
                "LaunchTemplateId",
                "LaunchTemplateName",
                "LaunchTemplateVersion.N",
                "ResolveAlias",
                "MaxResults",
                "NextToken",
            ],
            Self::DescribeSpotPriceHistory => &[
                "InstanceType.N",
                "ProductDescription.N",
                "AvailabilityZone",
                "Filter.N.Name",
                "Filter.N.Value.N",
                "StartTime",
                "EndTime",
                "MaxResults",
                "NextToken",
            ],
            Self::DescribeSubnets => &["SubnetId.N", "Filter.N.Name", "Filter.N.Value.N"],
            Self::DescribeImages => &["ImageId.N", "Owner.N", "Filter.N.Name", "Filter.N.Value.N"],
            Self::CreateImage => CREATE_IMAGE,
            Self::DeregisterImage => &["ImageId"],
            Self::DescribeSnapshots => &[
                "SnapshotId.N",
                "Owner.N",
                "Filter.N.Name",
                "Filter.N.Value.N",
            ],
            Self::DeleteSnapshot => &["SnapshotId"],
            Self::DescribeInstanceTypes => &[
                "InstanceType.N",
                "Filter.N.Name",
                "Filter.N.Value.N",
                "MaxResults",
                "NextToken",
            ],
        }
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

const MODIFY_ATTRIBUTE: &[&str] = &[
    "InstanceId",
    "Attribute",
    "Value",
    "DisableApiTermination.Value",
    "InstanceInitiatedShutdownBehavior.Value",
];

const CREATE_IMAGE: &[&str] = &[
    "InstanceId",
    "Name",
    "Description",
    "NoReboot",
    "TagSpecification.N.ResourceType",
    "TagSpecification.N.Tag.N.Key",
    "TagSpecification.N.Tag.N.Value",
];

const RUN: &[&str] = &[
    "ClientToken",
    "ImageId",
    "InstanceType",
    "SubnetId",
    "MinCount",
    "MaxCount",
    "UserData",
    "InstanceInitiatedShutdownBehavior",
    "DisableApiTermination",
    "InstanceMarketOptions.MarketType",
    "InstanceMarketOptions.SpotOptions.MaxPrice",
    "InstanceMarketOptions.SpotOptions.SpotInstanceType",
    "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior",
    "LaunchTemplate.LaunchTemplateId",
    "LaunchTemplate.LaunchTemplateName",
    "LaunchTemplate.Version",
    "MetadataOptions.HttpTokens",
    "MetadataOptions.HttpEndpoint",
    "MetadataOptions.HttpPutResponseHopLimit",
    "MetadataOptions.InstanceMetadataTags",
    "TagSpecification.N.ResourceType",
    "TagSpecification.N.Tag.N.Key",
    "TagSpecification.N.Tag.N.Value",
];

const CREATE_FLEET: &[&str] = &[
    "ClientToken",
    "Type",
    "LaunchTemplateConfigs.N.LaunchTemplateSpecification.LaunchTemplateId",
    "LaunchTemplateConfigs.N.LaunchTemplateSpecification.LaunchTemplateName",
    "LaunchTemplateConfigs.N.LaunchTemplateSpecification.Version",
    "LaunchTemplateConfigs.N.Overrides.N.InstanceType",
    "LaunchTemplateConfigs.N.Overrides.N.SubnetId",
    "LaunchTemplateConfigs.N.Overrides.N.ImageId",
    "LaunchTemplateConfigs.N.Overrides.N.MaxPrice",
    "LaunchTemplateConfigs.N.Overrides.N.Priority",
    "LaunchTemplateConfigs.N.Overrides.N.InstanceRequirements.VCpuCount.Min",
    "LaunchTemplateConfigs.N.Overrides.N.InstanceRequirements.VCpuCount.Max",
    "LaunchTemplateConfigs.N.Overrides.N.InstanceRequirements.MemoryMiB.Min",
    "LaunchTemplateConfigs.N.Overrides.N.InstanceRequirements.MemoryMiB.Max",
    "TargetCapacitySpecification.TotalTargetCapacity",
    "TargetCapacitySpecification.OnDemandTargetCapacity",
    "TargetCapacitySpecification.SpotTargetCapacity",
    "TargetCapacitySpecification.DefaultTargetCapacityType",
    "SpotOptions.AllocationStrategy",
    "SpotOptions.InstanceInterruptionBehavior",
    "SpotOptions.MinTargetCapacity",
    "SpotOptions.SingleInstanceType",
    "SpotOptions.SingleAvailabilityZone",
    "OnDemandOptions.AllocationStrategy",
    "OnDemandOptions.MinTargetCapacity",
    "OnDemandOptions.SingleInstanceType",
    "OnDemandOptions.SingleAvailabilityZone",
    "TagSpecification.N.ResourceType",
    "TagSpecification.N.Tag.N.Key",
    "TagSpecification.N.Tag.N.Value",
];
