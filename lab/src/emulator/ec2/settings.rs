//! What an emulated account holds: types, subnets, images, templates, and how fast things go.
//!
//! The default is a small account in which everything works; a test changes what it is about.

use std::collections::BTreeMap;
use std::time::Duration;

use super::template::LaunchTemplate;
use super::throttle::Throttling;
use dayfly::model::money::MicroDollars;

/// Everything that can be set before the first request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ec2Settings {
    /// The account's number, as it stands in answers.
    pub owner: String,
    /// From where on the numbers in ids are counted: two accounts on one computer whose machines
    /// have bodies there must not have machines of one name.
    pub ids_from: u64,
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// The sizes that can be launched, by their names.
    pub types: BTreeMap<String, MachineType>,
    /// Where machines can stand, by subnet id.
    pub subnets: BTreeMap<String, Subnet>,
    /// What machines can boot, by image id.
    pub images: BTreeMap<String, Image>,
    /// What launches refer to, by template id.
    pub templates: BTreeMap<String, LaunchTemplate>,
    /// Parameters of SSM, by name; a template's image may be `resolve:ssm:NAME`.
    pub parameters: BTreeMap<String, String>,
    /// Tables of DynamoDB, each with the name of its key, whose values are texts.
    pub tables: BTreeMap<String, String>,
    /// How many vCPUs may be alive on the spot market.
    pub spot_vcpus_max: u32,
    /// How many vCPUs may be alive at the list price.
    pub on_demand_vcpus_max: u32,
    /// Whether calls are throttled.
    pub throttling: Throttling,
    /// How fast things go.
    pub delays: Delays,
}

/// A size of machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineType {
    /// Virtual processors, which quotas count.
    pub vcpus: u32,
    /// Memory, in MiB.
    pub memory_mib: u32,
    /// `x86_64` or `arm64`.
    pub architecture: &'static str,
    /// What an hour costs on demand.
    pub on_demand_hourly: MicroDollars,
    /// What an hour costs on the spot market, now and in the past.
    pub spot_hourly: MicroDollars,
    /// The zones that do not have it at all.
    pub missing_zones: Vec<String>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its availability zone.
    pub zone: String,
    /// Its network.
    pub vpc: String,
    /// How many addresses it can give to machines.
    pub addresses_max: u32,
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `x86_64` or `arm64`.
    pub architecture: &'static str,
    /// What people call it.
    pub name: String,
    /// Whether it can be launched.
    pub state: ImageState,
}

/// Whether an image can be launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageState {
    /// It can.
    Available,
    /// It is still being made.
    Pending,
    /// It was not made, and never will be.
    Failed,
}

impl ImageState {
    /// EC2's word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }
}

/// How long things take. The defaults are about the real ones (aws.md D).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delays {
    /// From the launch to `running`.
    pub pending: Duration,
    /// From the order to end to `terminated`.
    pub shutting_down: Duration,
    /// For how long after a launch no other call knows the machine.
    pub unseen: Duration,
    /// For how long a terminated machine is still listed.
    pub terminated_listed: Duration,
    /// From the notice to the end of a spot machine.
    pub spot_notice: Duration,
    /// After how long a console can be read by a call that does not ask for the latest.
    pub console: Duration,
    /// For how long after the end of its machines a client token is remembered.
    pub token_kept: Duration,
    /// From the call that makes an image of a machine to an image that can be launched.
    pub image: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            pending: Duration::from_secs(5),
            shutting_down: Duration::from_secs(20),
            unseen: Duration::from_secs(2),
            terminated_listed: Duration::from_secs(60 * 60),
            spot_notice: Duration::from_secs(2 * 60),
            console: Duration::from_secs(4 * 60),
            token_kept: Duration::from_secs(24 * 60 * 60),
            image: Duration::from_secs(3 * 60),
        }
    }
}

impl Ec2Settings {
    /// An image comes to its end state, unless it was given up meanwhile.
    pub(super) fn finish_image(&mut self, id: &str, state: ImageState) {
        if let Some(image) = self.images.get_mut(id) {
            image.state = state;
        }
    }
}

impl Default for Ec2Settings {
    fn default() -> Self {
        let subnet = |zone: &str| Subnet {
            zone: zone.to_owned(),
            vpc: "vpc-1".to_owned(),
            addresses_max: 4091,
        };
        let size = |vcpus, memory_gib: u32, architecture, on_demand: u64| MachineType {
            vcpus,
            memory_mib: memory_gib * 1024,
            architecture,
            on_demand_hourly: MicroDollars(on_demand),
            spot_hourly: MicroDollars(on_demand * 2 / 5),
            missing_zones: Vec::new(),
        };
        let image = |architecture, name: &str| Image {
            architecture,
            name: name.to_owned(),
            state: ImageState::Available,
        };
        let named = |name: &str| name.to_owned();
        Self {
            owner: named("123456789012"),
            ids_from: 0,
            region: named("eu-central-1"),
            types: BTreeMap::from([
                (named("c7i.large"), size(2, 4, "x86_64", 101_850)),
                (named("c7i.xlarge"), size(4, 8, "x86_64", 203_700)),
                (named("m7i.large"), size(2, 8, "x86_64", 115_400)),
                (named("c7g.large"), size(2, 4, "arm64", 82_800)),
            ]),
            subnets: BTreeMap::from([
                (named("subnet-a"), subnet("eu-central-1a")),
                (named("subnet-b"), subnet("eu-central-1b")),
            ]),
            images: BTreeMap::from([
                (named("ami-x86"), image("x86_64", "dayfly-x86")),
                (named("ami-arm"), image("arm64", "dayfly-arm")),
            ]),
            templates: BTreeMap::from([(
                named("lt-1"),
                LaunchTemplate::of_image("dayfly", "ami-x86"),
            )]),
            parameters: BTreeMap::from([(named("/dayfly/image"), named("ami-x86"))]),
            tables: BTreeMap::from([(named("dayfly-lease"), named("deployment"))]),
            spot_vcpus_max: 100_000,
            on_demand_vcpus_max: 100_000,
            throttling: Throttling::Real,
            delays: Delays::default(),
        }
    }
}
