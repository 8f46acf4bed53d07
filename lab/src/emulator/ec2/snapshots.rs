//! Snapshots of machines' disks: each is under one image, and can be removed once that is given up.

use std::collections::BTreeMap;

use super::api::{Execution, ResourceQuery, SnapshotRow};
use super::error::{self, Refusal};
use super::filter::{self, Filter};
use super::machine::TagMap;
use super::settings::{Ec2Settings, ImageState};
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

/// All snapshots, by their ids.
#[derive(Debug, Default)]
pub(super) struct Snapshots(BTreeMap<String, Snapshot>);

impl Snapshots {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Snapshot)> {
        self.0.iter().map(|(id, snapshot)| (id.as_str(), snapshot))
    }

    pub(super) fn add(&mut self, id: String, snapshot: Snapshot) {
        self.0.insert(id, snapshot);
    }

    pub(super) fn describe(
        &self,
        query: &ResourceQuery,
        settings: &Ec2Settings,
    ) -> Result<Vec<SnapshotRow>, Refusal> {
        for id in &query.ids {
            self.known(id)?;
        }
        filter::check_all(&query.filters, &OF_SNAPSHOTS)?;
        let rows = self.0.iter().map(|(id, snapshot)| SnapshotRow {
            id: id.clone(),
            snapshot: snapshot.clone(),
            status: snapshot.status(settings),
        });
        let is_asked = |row: &SnapshotRow| {
            (query.ids.is_empty() || query.ids.contains(&row.id))
                && query.filters.iter().all(|filter| row.fits(filter))
        };
        Ok(rows.filter(is_asked).collect())
    }

    pub(super) fn delete(
        &mut self,
        id: &str,
        settings: &Ec2Settings,
        execution: Execution,
    ) -> Result<(), Refusal> {
        let image = &self.known(id)?.image;
        if settings.images.contains_key(image) {
            let text = format!("The snapshot {id} is currently in use by {image}");
            return Err(Refusal::new(error::SNAPSHOT_IN_USE, text));
        }
        execution.check()?;
        self.0.remove(id);
        Ok(())
    }

    /// The snapshot of an id that a call names.
    pub(super) fn known(&self, id: &str) -> Result<&Snapshot, Refusal> {
        self.0.get(id).ok_or_else(|| {
            let text = format!("The snapshot '{id}' does not exist.");
            Refusal::new(error::SNAPSHOT_NOT_FOUND, text)
        })
    }

    pub(super) fn tags(&self, id: &str) -> Option<&TagMap> {
        self.0.get(id).map(|snapshot| &snapshot.tags)
    }

    pub(super) fn set_tags(&mut self, id: &str, tags: TagMap) {
        if let Some(snapshot) = self.0.get_mut(id) {
            snapshot.tags = tags;
        }
    }
}

impl Snapshot {
    /// As far as its image is; what is under none that is pending is complete.
    fn status(&self, settings: &Ec2Settings) -> &'static str {
        let image = settings.images.get(&self.image);
        match image.map(|image| image.state) {
            Some(ImageState::Pending) => "pending",
            Some(ImageState::Failed) => "error",
            Some(ImageState::Available) | None => "completed",
        }
    }
}

impl SnapshotRow {
    fn fits(&self, filter: &Filter) -> bool {
        match filter.tag() {
            Some(key) => filter.fits_tag(key, &self.snapshot.tags),
            None if filter.name == "snapshot-id" => filter.fits(&self.id),
            None => filter.fits(self.status),
        }
    }
}
