//! Snapshots of machines' disks: each is under one image, and can be removed once that is given up.

use super::Ec2;
use super::describe::tags_xml;
use super::error::{self, Refusal};
use super::filter::Filter;
use super::form::Form;
use super::machine::TagMap;
use super::settings::ImageState;
use super::xml::{Stamp, Xml};
use dayfly::model::time::Timestamp;

/// The filters of snapshots.
const OF_SNAPSHOTS: [&str; 3] = ["tag:", "snapshot-id", "status"];

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The image that it was made for.
    pub image: String,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// Its tags.
    pub tags: TagMap,
}

impl Ec2 {
    /// All snapshots, by their ids.
    pub fn snapshots(&self) -> impl Iterator<Item = (&str, &Snapshot)> {
        self.snapshots
            .iter()
            .map(|(id, snapshot)| (id.as_str(), snapshot))
    }

    pub(super) fn describe_snapshots(&self, form: &Form) -> Result<Xml, Refusal> {
        let ids = form.list("SnapshotId");
        for id in &ids {
            self.known_snapshot(id)?;
        }
        let filters = Filter::read(form, &OF_SNAPSHOTS)?;
        form.check_dry_run()?;
        let fits = |filter: &Filter, id: &str, snapshot: &Snapshot| match filter.tag() {
            Some(key) => {
                let value = snapshot.tags.get(key);
                value.is_some_and(|value| filter.fits(value))
            }
            None if filter.name == "snapshot-id" => filter.fits(id),
            None => filter.fits(self.status(snapshot)),
        };
        let chosen = self.snapshots.iter().filter(|(id, snapshot)| {
            (ids.is_empty() || ids.contains(&id.as_str()))
                && filters.iter().all(|filter| fits(filter, id, snapshot))
        });
        let mut xml = Xml::default();
        xml.list("snapshotSet", chosen, |xml, (id, snapshot)| {
            xml.text("snapshotId", id);
            xml.text("status", self.status(snapshot));
            xml.text("startTime", Stamp(snapshot.made_at));
            xml.text("ownerId", &self.settings.owner);
            tags_xml(xml, &snapshot.tags);
        });
        Ok(xml)
    }

    pub(super) fn delete_snapshot(&mut self, form: &Form) -> Result<Xml, Refusal> {
        let id = form.required("SnapshotId")?;
        let image = self.known_snapshot(id)?.image.clone();
        if self.settings.images.contains_key(&image) {
            let text = format!("The snapshot {id} is currently in use by {image}");
            return Err(Refusal::new(error::SNAPSHOT_IN_USE, text));
        }
        form.check_dry_run()?;
        self.snapshots.remove(id);
        let mut xml = Xml::default();
        xml.text("return", true);
        Ok(xml)
    }

    /// The snapshot of an id that a call names.
    pub(super) fn known_snapshot(&self, id: &str) -> Result<&Snapshot, Refusal> {
        self.snapshots.get(id).ok_or_else(|| {
            let text = format!("The snapshot '{id}' does not exist.");
            Refusal::new(error::SNAPSHOT_NOT_FOUND, text)
        })
    }

    /// As far as its image is; what is under none that is pending is complete.
    fn status(&self, snapshot: &Snapshot) -> &'static str {
        let image = self.settings.images.get(&snapshot.image);
        match image.map(|image| image.state) {
            Some(ImageState::Pending) => "pending",
            Some(ImageState::Failed) => "error",
            Some(ImageState::Available) | None => "completed",
        }
    }
}
