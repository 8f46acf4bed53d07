//! Tags: their limits (aws.md D), on creation and afterwards.

use super::api::{Execution, Tag, TagSelector, TagSpecification};
use super::error::{self, Refusal, invalid};
use super::images::Images;
use super::machine::{Key, TagMap};
use super::machines::Machines;
use super::settings::Ec2Settings;
use super::snapshots::Snapshots;
use dayfly::model::time::Timestamp;

const TAGS_MAX: usize = 50;
const KEY_CHARACTERS_MAX: usize = 128;
const VALUE_CHARACTERS_MAX: usize = 256;

/// Something that can have tags.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tagged {
    Machine(Key),
    Image(String),
    Snapshot(String),
}

/// What tagging by a call takes.
#[derive(Debug)]
pub(super) struct Tagger<'a> {
    pub(super) machines: &'a mut Machines,
    pub(super) images: &'a mut Images,
    pub(super) snapshots: &'a mut Snapshots,
    pub(super) settings: &'a Ec2Settings,
    pub(super) now: Timestamp,
}

impl Tagger<'_> {
    /// Sets tags of machines, and of images and snapshots that calls have made; other resources
    /// are not emulated.
    pub(super) fn create(
        mut self,
        resources: &[String],
        tags: &[Tag],
        execution: Execution,
    ) -> Result<(), Refusal> {
        let all = self.named(resources)?;
        let added = checked(tags)?;
        if added.is_empty() {
            let text = "The request must contain the parameter Tag";
            return Err(Refusal::new(error::MISSING, text));
        }
        let joined = all.into_iter().map(|tagged| {
            let mut tags = self.tags_of(&tagged);
            tags.extend(added.clone());
            check_count(&tags)?;
            Ok((tagged, tags))
        });
        let joined: Vec<(Tagged, TagMap)> = joined.collect::<Result<_, Refusal>>()?;
        execution.check()?;
        self.set_all(joined);
        Ok(())
    }

    /// Removes tags; those that are given with a value only if they have it.
    pub(super) fn delete(
        mut self,
        resources: &[String],
        gone: &[TagSelector],
        execution: Execution,
    ) -> Result<(), Refusal> {
        let all = self.named(resources)?;
        for tag in gone {
            check_text("Tag.Key", &tag.key, KEY_CHARACTERS_MAX)?;
        }
        execution.check()?;
        let is_gone = |key: &str, value: &str| {
            let names = |tag: &TagSelector| {
                tag.key == key && tag.value.as_deref().is_none_or(|given| given == value)
            };
            let is_ours = !key.starts_with("aws:");
            is_ours && (gone.is_empty() || gone.iter().any(names))
        };
        let left = all.into_iter().map(|tagged| {
            let mut tags = self.tags_of(&tagged);
            tags.retain(|key, value| !is_gone(key, value));
            (tagged, tags)
        });
        let left = left.collect();
        self.set_all(left);
        Ok(())
    }

    fn set_all(&mut self, all: Vec<(Tagged, TagMap)>) {
        for (tagged, tags) in all {
            match tagged {
                Tagged::Machine(key) => self.machines.set_tags(key, tags),
                Tagged::Image(id) => self.images.set_tags(&id, tags),
                Tagged::Snapshot(id) => self.snapshots.set_tags(&id, tags),
            }
        }
    }

    /// Everything that a request names, if calls know all of it.
    fn named(&self, resources: &[String]) -> Result<Vec<Tagged>, Refusal> {
        let (machines, others): (Vec<&str>, Vec<&str>) = resources
            .iter()
            .map(String::as_str)
            .partition(|id| id.starts_with("i-"));
        let keys = self.machines.known_all(machines, self.now)?.into_iter();
        let others = others.into_iter().map(|id| self.named_image(id));
        keys.map(|key| Ok(Tagged::Machine(key)))
            .chain(others)
            .collect()
    }

    fn named_image(&self, id: &str) -> Result<Tagged, Refusal> {
        if id.starts_with("snap-") {
            self.snapshots.known(id)?;
            return Ok(Tagged::Snapshot(id.to_owned()));
        }
        if id.starts_with("ami-") {
            self.images.known(id, self.settings, self.now)?;
            return Ok(Tagged::Image(id.to_owned()));
        }
        let text = format!("The ID '{id}' is not valid");
        Err(Refusal::new(error::RESOURCE_ID, text))
    }

    fn tags_of(&self, tagged: &Tagged) -> TagMap {
        let found = match tagged {
            Tagged::Machine(key) => self.machines.get(*key).map(|machine| &machine.tags),
            Tagged::Image(id) => self.images.tags(id),
            Tagged::Snapshot(id) => self.snapshots.tags(id),
        };
        found.cloned().unwrap_or_default()
    }
}

/// The tags that a call gives to `resource`; all resources have to be among `known`.
pub(super) fn specified(
    specifications: &[TagSpecification],
    resource: &str,
    known: &[&str],
) -> Result<TagMap, Refusal> {
    let mut tags = TagMap::new();
    for specification in specifications {
        let kind = specification.resource.as_str();
        if !known.contains(&kind) {
            return Err(invalid("ResourceType", kind));
        }
        let checked = checked(&specification.tags)?;
        if kind == resource {
            tags.extend(checked);
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

/// The tags of a request, within EC2's limits.
fn checked(given: &[Tag]) -> Result<TagMap, Refusal> {
    let mut tags = TagMap::new();
    for Tag { key, value } in given {
        check_text("Tag.Key", key, KEY_CHARACTERS_MAX)?;
        check_text("Tag.Value", value, VALUE_CHARACTERS_MAX)?;
        if key.starts_with("aws:") {
            let text = "Tag keys starting with 'aws:' are reserved for internal use";
            return Err(Refusal::new(error::VALUE, text));
        }
        if tags.insert(key.clone(), value.clone()).is_some() {
            let text = format!("Duplicate tag key '{key}' specified.");
            return Err(Refusal::new(error::VALUE, text));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_text(name: &str, text: &str, characters_max: usize) -> Result<(), Refusal> {
    if text.chars().count() <= characters_max {
        return Ok(());
    }
    Err(invalid(name, text))
}

/// EC2's own tags do not count.
fn check_count(tags: &TagMap) -> Result<(), Refusal> {
    let ours = tags.keys().filter(|key| !key.starts_with("aws:"));
    if ours.count() <= TAGS_MAX {
        return Ok(());
    }
    Err(error::TAG_LIMIT.into())
}
