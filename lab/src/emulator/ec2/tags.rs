//! Tags: their limits (aws.md D), on creation and afterwards.

use super::Ec2;
use super::error::{self, Refusal};
use super::form::{Form, invalid};
use super::machine::{Key, TagMap};
use super::xml::Xml;
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

impl Ec2 {
    /// Sets tags of machines, and of images and snapshots that calls have made; other resources
    /// are not emulated.
    pub(super) fn create_tags(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let all = self.named(form, now)?;
        let added = read(form)?;
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
        form.check_dry_run()?;
        Ok(self.set_all(joined))
    }

    /// Removes tags; those that are given with a value only if they have it.
    pub(super) fn delete_tags(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let all = self.named(form, now)?;
        let gone = form.items("Tag");
        for tag in &gone {
            check_text("Tag.Key", tag.required("Key")?, KEY_CHARACTERS_MAX)?;
        }
        form.check_dry_run()?;
        let is_gone = |key: &str, value: &str| {
            let names = |tag: &Form| {
                tag.get("Key") == Some(key) && tag.get("Value").is_none_or(|given| given == value)
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
        Ok(self.set_all(left))
    }

    fn set_all(&mut self, all: Vec<(Tagged, TagMap)>) -> Xml {
        for (tagged, tags) in all {
            match tagged {
                Tagged::Machine(key) => self.machines.set_tags(key, tags),
                Tagged::Image(id) => {
                    if let Some(image) = self.made.get_mut(&id) {
                        image.tags = tags;
                    }
                }
                Tagged::Snapshot(id) => {
                    if let Some(snapshot) = self.snapshots.get_mut(&id) {
                        snapshot.tags = tags;
                    }
                }
            }
        }
        let mut xml = Xml::default();
        xml.text("return", true);
        xml
    }

    /// Everything that a request names, if calls know all of it.
    fn named(&self, form: &Form, now: Timestamp) -> Result<Vec<Tagged>, Refusal> {
        form.required("ResourceId.1")?;
        let (machines, others): (Vec<&str>, Vec<&str>) = form
            .list("ResourceId")
            .into_iter()
            .partition(|id| id.starts_with("i-"));
        let keys = self.known_all(&machines, now)?.into_iter();
        let others = others.into_iter().map(|id| self.named_image(id, now));
        keys.map(|key| Ok(Tagged::Machine(key)))
            .chain(others)
            .collect()
    }

    fn named_image(&self, id: &str, now: Timestamp) -> Result<Tagged, Refusal> {
        if id.starts_with("snap-") {
            self.known_snapshot(id)?;
            return Ok(Tagged::Snapshot(id.to_owned()));
        }
        if id.starts_with("ami-") {
            self.known_image(id, now)?;
            return Ok(Tagged::Image(id.to_owned()));
        }
        let text = format!("The ID '{id}' is not valid");
        Err(Refusal::new(error::RESOURCE_ID, text))
    }

    fn tags_of(&self, tagged: &Tagged) -> TagMap {
        let found = match tagged {
            Tagged::Machine(key) => self.machines.get(*key).map(|machine| &machine.tags),
            Tagged::Image(id) => self.made.get(id).map(|image| &image.tags),
            Tagged::Snapshot(id) => self.snapshots.get(id).map(|snapshot| &snapshot.tags),
        };
        found.cloned().unwrap_or_default()
    }
}

/// The tags that a launch gives to `resource`; all resources have to be among `known`.
pub(super) fn specified(form: &Form, resource: &str, known: &[&str]) -> Result<TagMap, Refusal> {
    let mut tags = TagMap::new();
    for specification in form.items("TagSpecification") {
        let kind = specification.required("ResourceType")?;
        if !known.contains(&kind) {
            return Err(invalid("ResourceType", kind));
        }
        let read = read(&specification)?;
        if kind == resource {
            tags.extend(read);
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

/// `Tag.N.Key` and `Tag.N.Value`.
fn read(form: &Form) -> Result<TagMap, Refusal> {
    let mut tags = TagMap::new();
    for tag in form.items("Tag") {
        let key = tag.required("Key")?;
        let value = tag.get("Value").unwrap_or_default();
        check_text("Tag.Key", key, KEY_CHARACTERS_MAX)?;
        check_text("Tag.Value", value, VALUE_CHARACTERS_MAX)?;
        if key.starts_with("aws:") {
            let text = "Tag keys starting with 'aws:' are reserved for internal use";
            return Err(Refusal::new(error::VALUE, text));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
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
