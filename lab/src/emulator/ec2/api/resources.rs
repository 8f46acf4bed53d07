//! Calls about tags, images and the other resources of an account, and their rows.

use super::super::filter::Filter;
use super::super::images::MadeImage;
use super::super::settings::{Image, MachineType, Subnet};
use super::super::snapshots::Snapshot;
use super::super::template::TemplateData;
use super::launch::TemplateSpecification;
use super::machines::PageRequest;
use dayfly::model::money::MicroDollars;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Tag {
    /// A tag of this key and value.
    pub fn new(key: &str, value: &str) -> Self {
        Self {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }
}

/// A tag that is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagSelector {
    /// Its key.
    pub key: String,
    /// Its value, if it is removed only where it has this one.
    pub value: Option<String>,
}

/// Tags of all resources of a kind that a call makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagSpecification {
    /// The kind, such as `instance`.
    pub resource: String,
    /// The tags.
    pub tags: Vec<Tag>,
}

/// Which subnets or snapshots are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceQuery {
    /// Their ids; any without one.
    pub ids: Vec<String>,
    /// The requirements that they must meet.
    pub filters: Vec<Filter>,
}

/// Which images are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageQuery {
    /// Their ids; any without one.
    pub ids: Vec<String>,
    /// Accounts, or `self`; any without one.
    pub owners: Vec<String>,
    /// The requirements that they must meet.
    pub filters: Vec<Filter>,
}

/// An image to be made of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateImage {
    /// The machine's id.
    pub machine: String,
    /// The image's name.
    pub name: String,
    /// Tags of image and snapshot.
    pub tags: Vec<TagSpecification>,
}

/// Which versions of a launch template are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateQuery {
    /// The template; its version is not read.
    pub template: TemplateSpecification,
    /// Numbers, `$Latest` or `$Default`; all without one.
    pub versions: Vec<String>,
    /// Whether images are looked up in SSM.
    pub resolve_alias: bool,
    /// The part of the list.
    pub page: PageRequest,
}

/// Which spot prices are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceQuery {
    /// Sizes; any without one.
    pub types: Vec<String>,
    /// Operating systems; any without one.
    pub products: Vec<String>,
    /// The zone, if only one.
    pub zone: Option<String>,
    /// The requirements that they must meet.
    pub filters: Vec<Filter>,
    /// The part of the list.
    pub page: PageRequest,
}

/// Which instance types are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeQuery {
    /// Their names; any without one.
    pub types: Vec<String>,
    /// The requirements that they must meet.
    pub filters: Vec<Filter>,
    /// The part of the list.
    pub page: PageRequest,
}

/// A subnet of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetRow {
    /// Its id.
    pub id: String,
    /// What was set of it.
    pub subnet: Subnet,
    /// How many addresses it can still give.
    pub addresses_left: u32,
}

/// An image of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRow {
    /// Its id.
    pub id: String,
    /// What a launch needs of it.
    pub image: Image,
    /// What else is known of it, if a call has made it.
    pub made: Option<MadeImage>,
}

/// A snapshot of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Its id.
    pub id: String,
    /// The snapshot.
    pub snapshot: Snapshot,
    /// `pending`, `completed` or `error`.
    pub status: &'static str,
}

/// Versions of a launch template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVersions {
    /// The template's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its default version.
    pub default_version: u32,
    /// The versions, by number.
    pub versions: Vec<(u32, TemplateData)>,
    /// The token of the next page.
    pub next_token: Option<String>,
}

/// What a spot machine costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    /// The size.
    pub instance_type: String,
    /// The zone.
    pub zone: String,
    /// The price of an hour.
    pub hourly: MicroDollars,
}

/// An instance type and its name.
pub type TypeRow = (String, MachineType);
