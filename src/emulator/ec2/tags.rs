//! Tags: their limits (aws.md D), on creation and afterwards.

use super::Ec2;
use super::error::{self, Refusal};
use super::form::{Form, invalid};
use super::machine::{Key, TagMap};
use super::xml::Xml;
use crate::model::time::Timestamp;

const TAGS_MAX: usize = 50;
const KEY_CHARACTERS_MAX: usize = 128;
const VALUE_CHARACTERS_MAX: usize = 256;

impl Ec2 {
    /// Sets tags of machines; other resources are not emulated.
    pub(super) fn create_tags(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let keys = self.tagged_keys(form, now)?;
        let added = read(form)?;
        if added.is_empty() {
            let text = "The request must contain the parameter Tag";
            return Err(Refusal::new(error::MISSING, text));
        }
        let joined = keys.into_iter().map(|key| {
            let mut tags = self.tags_of(key);
            tags.extend(added.clone());
            check_count(&tags)?;
            Ok((key, tags))
        });
        let joined: Vec<(Key, TagMap)> = joined.collect::<Result<_, Refusal>>()?;
        form.check_dry_run()?;
        Ok(self.set_all(joined))
    }

    /// Removes tags; those that are given with a value only if they have it.
    pub(super) fn delete_tags(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let keys = self.tagged_keys(form, now)?;
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
        let left = keys.into_iter().map(|key| {
            let mut tags = self.tags_of(key);
            tags.retain(|key, value| !is_gone(key, value));
            (key, tags)
        });
        let left = left.collect();
        Ok(self.set_all(left))
    }

    fn set_all(&mut self, tags: Vec<(Key, TagMap)>) -> Xml {
        for (key, tags) in tags {
            self.machines.set_tags(key, tags);
        }
        let mut xml = Xml::default();
        xml.text("return", true);
        xml
    }

    fn tagged_keys(&self, form: &Form, now: Timestamp) -> Result<Vec<Key>, Refusal> {
        form.required("ResourceId.1")?;
        let ids = form.list("ResourceId");
        if let Some(id) = ids.iter().find(|id| !id.starts_with("i-")) {
            let text = format!("The ID '{id}' is not valid");
            return Err(Refusal::new(error::RESOURCE_ID, text));
        }
        self.known_all(&ids, now)
    }

    fn tags_of(&self, key: Key) -> TagMap {
        let machine = self.machines.get(key);
        machine
            .map(|machine| machine.tags.clone())
            .unwrap_or_default()
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
