//! Launch templates: what a launch takes over when it does not say otherwise itself.

use std::collections::BTreeMap;

use super::machine::{MetadataOptions, Switch, TagMap};
use dayfly::model::offer::Market;

/// A template with its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchTemplate {
    /// What people call it.
    pub name: String,
    /// The version that `$Default`, and a launch that names none, means.
    pub default_version: u32,
    /// From 1.
    pub versions: BTreeMap<u32, TemplateData>,
}

/// What a version says. `None` leaves it to the launch, or to EC2's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateData {
    /// `ami-…`, or `resolve:ssm:NAME`.
    pub image: Option<String>,
    /// The size.
    pub instance_type: Option<String>,
    /// The subnet.
    pub subnet: Option<String>,
    /// In base64.
    pub user_data: Option<String>,
    /// What powering off does.
    pub shutdown: Option<ShutdownBehavior>,
    /// Whether calls may not end its machines (`DisableApiTermination`).
    pub protection: Option<Switch>,
    /// How it is paid for.
    pub market: Option<Market>,
    /// How the machine may ask for its metadata.
    pub metadata: MetadataChange,
    /// The tags of its machines.
    pub tags: TagMap,
}

/// What a machine that powers itself off becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShutdownBehavior {
    /// Stopped, and kept: EC2's default.
    #[default]
    Stop,
    /// Terminated.
    Terminate,
}

/// Metadata options as a request gives them: each is there or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetadataChange {
    /// Whether it answers at all.
    pub endpoint: Option<Switch>,
    /// Whether a session token is required.
    pub tokens_required: Option<Switch>,
    /// How many hops an answer may go.
    pub hops_max: Option<u32>,
    /// Whether tags can be read there.
    pub tags: Option<Switch>,
}

impl MetadataChange {
    /// What says nothing is taken over from `base`.
    #[must_use]
    pub fn inherit(self, base: Self) -> Self {
        Self {
            endpoint: self.endpoint.or(base.endpoint),
            tokens_required: self.tokens_required.or(base.tokens_required),
            hops_max: self.hops_max.or(base.hops_max),
            tags: self.tags.or(base.tags),
        }
    }

    /// The options after this change.
    #[must_use]
    pub fn applied(self, to: MetadataOptions) -> MetadataOptions {
        MetadataOptions {
            endpoint: self.endpoint.unwrap_or(to.endpoint),
            tokens_required: self.tokens_required.unwrap_or(to.tokens_required),
            hops_max: self.hops_max.unwrap_or(to.hops_max),
            tags: self.tags.unwrap_or(to.tags),
        }
    }
}

impl TemplateData {
    /// What says nothing is taken over from `base`; tags are joined, and ours win.
    #[must_use]
    pub fn inherit(self, base: &Self) -> Self {
        let mut tags = base.tags.clone();
        tags.extend(self.tags);
        Self {
            image: self.image.or_else(|| base.image.clone()),
            instance_type: self.instance_type.or_else(|| base.instance_type.clone()),
            subnet: self.subnet.or_else(|| base.subnet.clone()),
            user_data: self.user_data.or_else(|| base.user_data.clone()),
            shutdown: self.shutdown.or(base.shutdown),
            protection: self.protection.or(base.protection),
            market: self.market.or(base.market),
            metadata: self.metadata.inherit(base.metadata),
            tags,
        }
    }
}

impl LaunchTemplate {
    /// One version: an image, `poweroff` ends the machine, metadata needs a session token.
    pub fn of_image(name: &str, image: &str) -> Self {
        let data = TemplateData {
            image: Some(image.to_owned()),
            shutdown: Some(ShutdownBehavior::Terminate),
            metadata: MetadataChange {
                tokens_required: Some(Switch::On),
                ..MetadataChange::default()
            },
            ..TemplateData::default()
        };
        Self {
            name: name.to_owned(),
            default_version: 1,
            versions: BTreeMap::from([(1, data)]),
        }
    }

    /// Adds a version that says `data`, and for the rest what version `source` says. The
    /// default stays where it is. Gives the new version's number.
    pub fn add_version(&mut self, source: Option<u32>, data: TemplateData) -> u32 {
        let base = source.and_then(|source| self.versions.get(&source));
        let data = match base {
            Some(base) => data.inherit(base),
            None => data,
        };
        let number = self.latest() + 1;
        self.versions.insert(number, data);
        number
    }

    /// The newest version's number.
    pub fn latest(&self) -> u32 {
        self.versions.keys().next_back().copied().unwrap_or(0)
    }

    /// `$Latest`, `$Default`, a number, or nothing, as a version's number.
    pub(super) fn version(&self, named: Option<&str>) -> Option<(u32, &TemplateData)> {
        let number = match named {
            None | Some("" | "$Default") => self.default_version,
            Some("$Latest") => self.latest(),
            Some(number) => number.parse().ok()?,
        };
        self.versions.get(&number).map(|data| (number, data))
    }
}
