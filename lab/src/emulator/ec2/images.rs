//! Images that are made of machines: pending for a while, then available or failed, and on one
//! snapshot each, which outlives them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::action::{Action, Asked};
use super::api::{CreateImage, Execution, ImageQuery, ImageRow};
use super::error::{self, Refusal};
use super::faults::{Fault, Faults, Making, Occasion};
use super::filter::{self, Filter};
use super::ids::Ids;
use super::lifecycle::Lifecycle;
use super::machine::{State, TagMap};
use super::schedule::Wake;
use super::settings::{Ec2Settings, Image, ImageState};
use super::snapshots::{Snapshot, Snapshots};
use super::tags::specified;
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

/// What is known of the images that calls have made, by their ids. The images themselves are in
/// the account's settings.
#[derive(Debug, Default)]
pub(super) struct Images(BTreeMap<String, MadeImage>);

/// The objects that making an image needs.
#[derive(Debug)]
pub(super) struct ImageMaker<'a> {
    pub(super) settings: &'a mut Ec2Settings,
    pub(super) images: &'a mut Images,
    pub(super) snapshots: &'a mut Snapshots,
    pub(super) lifecycle: &'a mut Lifecycle,
    pub(super) ids: &'a mut Ids,
    pub(super) faults: &'a mut Faults,
    pub(super) now: Timestamp,
}

impl ImageMaker<'_> {
    /// Makes an image of a machine; gives its id.
    pub(super) fn order(
        mut self,
        request: &CreateImage,
        execution: Execution,
    ) -> Result<String, Refusal> {
        let machine = &request.machine;
        let key = self.lifecycle.machines.known(machine, self.now)?;
        check_name(&request.name, self.settings)?;
        let tags = specified(&request.tags, "image", &TAGGED)?;
        let snapshot_tags = specified(&request.tags, "snapshot", &TAGGED)?;
        let state = self.lifecycle.state(key);
        if !matches!(state, Some(State::Running | State::Stopped)) {
            let text = format!("The instance '{machine}' is neither running nor stopped");
            return Err(Refusal::new(error::STATE, text));
        }
        execution.check()?;
        let record = self.lifecycle.machines.get(key);
        let architecture = record.map(|machine| machine.architecture);
        let id = format!("ami-{:017x}", self.ids.next());
        let snapshot = format!("snap-{:017x}", self.ids.next());
        let (span, state) = self.making();
        let delays = &self.settings.delays;
        let finished_at = self.now.plus(span.unwrap_or(delays.image));
        let made = MadeImage {
            machine: machine.clone(),
            snapshot: snapshot.clone(),
            made_at: self.now,
            seen_from: self.now.plus(delays.unseen),
            tags,
        };
        let image = Image {
            architecture: architecture.unwrap_or("x86_64"),
            name: request.name.clone(),
            state: ImageState::Pending,
        };
        self.settings.images.insert(id.clone(), image);
        self.images.0.insert(id.clone(), made);
        let of_image = Snapshot {
            image: id.clone(),
            made_at: self.now,
            tags: snapshot_tags,
        };
        self.snapshots.add(snapshot, of_image);
        let wake = Wake::Image(id.clone(), state);
        self.lifecycle.schedule.add(finished_at, wake);
        Ok(id)
    }

    /// How long the next image takes, if that was set, and what becomes of it.
    fn making(&mut self) -> (Option<Duration>, ImageState) {
        let occasion = Occasion::of(Asked::Ec2(Action::CreateImage));
        let struck = self.faults.strike(occasion, self.now, Fault::making);
        let mut found = (None, ImageState::Available);
        for making in struck {
            match making {
                Making::Takes(span) => found.0 = Some(span),
                Making::Fails => found.1 = ImageState::Failed,
            }
        }
        found
    }
}

impl Images {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &MadeImage)> {
        self.0.iter().map(|(id, image)| (id.as_str(), image))
    }

    /// The image of an id that a call names, if calls know it by now.
    pub(super) fn known<'a>(
        &self,
        id: &str,
        settings: &'a Ec2Settings,
        now: Timestamp,
    ) -> Result<&'a Image, Refusal> {
        let image = settings.images.get(id);
        image.filter(|_| self.is_seen(id, now)).ok_or_else(|| {
            let text = format!("The image id '[{id}]' does not exist");
            Refusal::new(error::IMAGE_NOT_FOUND, text)
        })
    }

    fn is_seen(&self, id: &str, now: Timestamp) -> bool {
        let made = self.0.get(id);
        made.is_none_or(|made| made.seen_from <= now)
    }

    pub(super) fn deregister(
        &mut self,
        id: &str,
        settings: &mut Ec2Settings,
        execution: Execution,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.known(id, settings, now)?;
        execution.check()?;
        settings.images.remove(id);
        self.0.remove(id);
        Ok(())
    }

    pub(super) fn describe(
        &self,
        query: &ImageQuery,
        settings: &Ec2Settings,
        now: Timestamp,
    ) -> Result<Vec<ImageRow>, Refusal> {
        for id in &query.ids {
            self.known(id, settings, now)?;
        }
        let is_owner = |owner: &String| owner == "self" || *owner == settings.owner;
        filter::check_all(&query.filters, &OF_IMAGES)?;
        let is_listed = |id: &String| {
            (query.ids.is_empty() || query.ids.contains(id))
                && (query.owners.is_empty() || query.owners.iter().any(is_owner))
                && self.is_seen(id, now)
        };
        let listed = settings.images.iter().filter(|(id, _)| is_listed(id));
        let rows = listed.map(|(id, image)| ImageRow {
            id: id.clone(),
            image: image.clone(),
            made: self.0.get(id).cloned(),
        });
        let fits = |row: &ImageRow| query.filters.iter().all(|filter| row.fits(filter));
        Ok(rows.filter(fits).collect())
    }

    pub(super) fn tags(&self, id: &str) -> Option<&TagMap> {
        self.0.get(id).map(|image| &image.tags)
    }

    pub(super) fn set_tags(&mut self, id: &str, tags: TagMap) {
        if let Some(image) = self.0.get_mut(id) {
            image.tags = tags;
        }
    }
}

impl ImageRow {
    fn fits(&self, filter: &Filter) -> bool {
        if let Some(key) = filter.tag() {
            let made = self.made.as_ref();
            return made.is_some_and(|made| filter.fits_tag(key, &made.tags));
        }
        match filter.name.as_str() {
            "image-id" => filter.fits(&self.id),
            "architecture" => filter.fits(self.image.architecture),
            "state" => filter.fits(self.image.state.word()),
            _name => filter.fits(&self.image.name),
        }
    }
}

fn check_name(name: &str, settings: &Ec2Settings) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
    if !NAME_CHARACTERS.contains(&name.len()) || !name.chars().all(fits) {
        return Err(error::IMAGE_NAME_MALFORMED.into());
    }
    let mut named = settings.images.iter();
    match named.find(|(_, image)| image.name == name) {
        None => Ok(()),
        Some((id, _)) => {
            let text = format!("AMI name {name} is already in use by AMI {id}");
            Err(Refusal::new(error::IMAGE_NAME_TAKEN, text))
        }
    }
}
