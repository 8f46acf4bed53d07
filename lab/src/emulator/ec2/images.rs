//! Images that are made of machines: pending for a while, then available or failed, and on one
//! snapshot each, which outlives them.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Ec2;
use super::action::{Action, Asked};
use super::describe::tags_xml;
use super::error::{self, Refusal};
use super::faults::{Fault, Making};
use super::filter::Filter;
use super::form::Form;
use super::life::Wake;
use super::machine::{State, TagMap};
use super::settings::{Image, ImageState};
use super::snapshots::Snapshot;
use super::tags::specified;
use super::xml::{Stamp, Xml};
use dayfly::model::time::Timestamp;

/// The filters of images.
const OF_IMAGES: [&str; 5] = ["tag:", "image-id", "architecture", "name", "state"];
/// What can be tagged as it is made.
const TAGGED: [&str; 2] = ["image", "snapshot"];
/// How many characters a name has (the API's reference of `CreateImage`).
const NAME_CHARACTERS: RangeInclusive<usize> = 3..=128;

/// What is known of an image beside what a launch needs, if a call has made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeImage {
    /// The machine.
    pub machine: String,
    /// What is under it.
    pub snapshot: String,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// From when calls know it.
    pub seen_from: Timestamp,
    /// Its tags.
    pub tags: TagMap,
}

impl Ec2 {
    /// The images that calls have made and nobody has given up, by their ids.
    pub fn made_images(&self) -> impl Iterator<Item = (&str, &MadeImage)> {
        self.made.iter().map(|(id, image)| (id.as_str(), image))
    }

    pub(super) fn create_image(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let machine = form.required("InstanceId")?.to_owned();
        let key = self.known(&machine, now)?;
        let name = form.required("Name")?.to_owned();
        self.check_name(&name)?;
        let tags = specified(form, "image", &TAGGED)?;
        let snapshot_tags = specified(form, "snapshot", &TAGGED)?;
        let state = self.machines.get(key).map(|machine| machine.state);
        if !matches!(state, Some(State::Running | State::Stopped)) {
            let text = format!("The instance '{machine}' is neither running nor stopped");
            return Err(Refusal::new(error::STATE, text));
        }
        form.check_dry_run()?;
        let architecture = self.machines.get(key).map(|machine| machine.architecture);
        let id = format!("ami-{:017x}", self.draw());
        let snapshot = format!("snap-{:017x}", self.draw());
        let wake = self.making(now);
        let delays = &self.settings.delays;
        let finished_at = now.plus(wake.0.unwrap_or(delays.image));
        let made = MadeImage {
            machine,
            snapshot: snapshot.clone(),
            made_at: now,
            seen_from: now.plus(delays.unseen),
            tags,
        };
        let image = Image {
            architecture: architecture.unwrap_or("x86_64"),
            name,
            state: ImageState::Pending,
        };
        self.settings.images.insert(id.clone(), image);
        self.made.insert(id.clone(), made);
        self.snapshots.insert(
            snapshot,
            Snapshot {
                image: id.clone(),
                made_at: now,
                tags: snapshot_tags,
            },
        );
        self.wakes
            .insert((finished_at, Wake::Image(id.clone(), wake.1)));
        let mut xml = Xml::default();
        xml.text("imageId", id);
        Ok(xml)
    }

    /// How long the next image takes, if that was set, and what becomes of it.
    fn making(&mut self, now: Timestamp) -> (Option<Duration>, ImageState) {
        let asked = Asked::Ec2(Action::CreateImage);
        let struck = self.struck(asked, now, |fault| match fault {
            Fault::Image(making) => Some(making),
            Fault::Refused(_)
            | Fault::Reset
            | Fault::BlackHole
            | Fault::Offer(_)
            | Fault::Boot(_)
            | Fault::Travel(_)
            | Fault::EndsLate(_) => None,
        });
        let mut found = (None, ImageState::Available);
        for making in struck {
            match making {
                Making::Takes(span) => found.0 = Some(span),
                Making::Fails => found.1 = ImageState::Failed,
            }
        }
        found
    }

    /// An image comes to its end state, unless it was given up meanwhile.
    pub(super) fn image_made(&mut self, id: &str, state: ImageState) {
        if let Some(image) = self.settings.images.get_mut(id) {
            image.state = state;
        }
    }

    fn check_name(&self, name: &str) -> Result<(), Refusal> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
        if !NAME_CHARACTERS.contains(&name.len()) || !name.chars().all(fits) {
            return Err(error::IMAGE_NAME_MALFORMED.into());
        }
        let mut named = self.settings.images.iter();
        match named.find(|(_, image)| image.name == name) {
            None => Ok(()),
            Some((id, _)) => {
                let text = format!("AMI name {name} is already in use by AMI {id}");
                Err(Refusal::new(error::IMAGE_NAME_TAKEN, text))
            }
        }
    }

    /// The image of an id that a call names, if calls know it by now.
    pub(super) fn known_image(&self, id: &str, now: Timestamp) -> Result<&Image, Refusal> {
        let image = self.settings.images.get(id);
        image.filter(|_| self.is_seen(id, now)).ok_or_else(|| {
            let text = format!("The image id '[{id}]' does not exist");
            Refusal::new(error::IMAGE_NOT_FOUND, text)
        })
    }

    fn is_seen(&self, id: &str, now: Timestamp) -> bool {
        let made = self.made.get(id);
        made.is_none_or(|made| made.seen_from <= now)
    }

    pub(super) fn deregister_image(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let id = form.required("ImageId")?;
        self.known_image(id, now)?;
        form.check_dry_run()?;
        self.settings.images.remove(id);
        self.made.remove(id);
        let mut xml = Xml::default();
        xml.text("return", true);
        Ok(xml)
    }

    pub(super) fn describe_images(&self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let ids = form.list("ImageId");
        for id in &ids {
            self.known_image(id, now)?;
        }
        let owners = form.list("Owner");
        let is_owner = |owner: &&str| *owner == "self" || *owner == self.settings.owner;
        let filters = Filter::read(form, &OF_IMAGES)?;
        form.check_dry_run()?;
        let chosen = self.settings.images.iter().filter(|(id, image)| {
            (ids.is_empty() || ids.contains(&id.as_str()))
                && (owners.is_empty() || owners.iter().any(is_owner))
                && self.is_seen(id, now)
                && filters.iter().all(|filter| self.fits(filter, id, image))
        });
        let mut xml = Xml::default();
        xml.list("imagesSet", chosen, |xml, (id, image)| {
            self.image_xml(xml, id, image);
        });
        Ok(xml)
    }

    fn fits(&self, filter: &Filter, id: &str, image: &Image) -> bool {
        if let Some(key) = filter.tag() {
            let value = self.made.get(id).and_then(|made| made.tags.get(key));
            return value.is_some_and(|value| filter.fits(value));
        }
        match filter.name.as_str() {
            "image-id" => filter.fits(id),
            "architecture" => filter.fits(image.architecture),
            "state" => filter.fits(state_word(image.state)),
            _name => filter.fits(&image.name),
        }
    }

    fn image_xml(&self, xml: &mut Xml, id: &str, image: &Image) {
        xml.text("imageId", id);
        xml.text("name", &image.name);
        xml.text("architecture", image.architecture);
        xml.text("imageState", state_word(image.state));
        xml.text("imageOwnerId", &self.settings.owner);
        if image.state == ImageState::Failed {
            xml.element("stateReason", |xml| {
                xml.text("code", "Server.InternalError");
                xml.text(
                    "message",
                    "Server.InternalError: Internal error on creation",
                );
            });
        }
        let Some(made) = self.made.get(id) else {
            return;
        };
        xml.text("creationDate", Stamp(made.made_at));
        xml.list("blockDeviceMapping", [&made.snapshot], |xml, snapshot| {
            xml.text("deviceName", "/dev/xvda");
            xml.element("ebs", |xml| xml.text("snapshotId", snapshot));
        });
        tags_xml(xml, &made.tags);
    }
}

const fn state_word(state: ImageState) -> &'static str {
    match state {
        ImageState::Available => "available",
        ImageState::Pending => "pending",
        ImageState::Failed => "failed",
    }
}
