//! What there is: builders, images, snapshots, and what builders say on their consoles.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::primitives::{DateTime, DateTimeFormat};
use aws_sdk_ec2::types as sdk;

use super::{Bakery, Trouble};
use crate::aws::console;
use crate::aws::convert::moment;
use crate::aws::describe::filter;
use crate::aws::failure::Failure;
use crate::aws::tags;
use crate::image::build::{Order, Seen};
use crate::image::history::Standing;
use crate::image::{Builder, BuilderState, Image, ImageState, Said, Snapshot, Verdict};
use crate::model::id::{ImageId, MachineId, PoolName, Recipe};
use crate::ports::Clock;

/// How a tag begins that says why an image was rejected.
const REJECTED: &str = "rejected: ";
/// What it says of an image that the parameter has named.
const PROMOTED: &str = "promoted";
/// A tag's value has 256 characters at most.
const REASON_MAX: usize = 200;
/// That of a builder whose tags somebody has changed: longer than any limit that can be set.
const LIFETIME: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// Machines a page: EC2's most.
const PAGE: i32 = 1000;

impl<K: Clock> Bakery<K> {
    /// Everything that a build looks at.
    ///
    /// # Errors
    /// One of the lists did not come: a part of it proves nothing.
    pub async fn look(&self, order: &Order) -> Result<Seen, Trouble> {
        let lists = tokio::join!(self.builders(), self.images(), self.snapshots());
        let (builders, images, snapshots) = (lists.0?, lists.1?, lists.2?);
        let mut said = BTreeMap::new();
        let of_recipe = builders
            .iter()
            .filter(|it| it.recipe == order.recipe && it.state == BuilderState::Stopped);
        for builder in of_recipe {
            let console = self.console(&builder.id).await?;
            said.insert(builder.id.clone(), Said::read(&console));
        }
        Ok(Seen {
            builders,
            images,
            snapshots,
            said,
        })
    }

    /// All images that this deployment has made, oldest first.
    ///
    /// # Errors
    /// The list did not come.
    pub async fn images(&self) -> Result<Vec<Image>, Trouble> {
        let call = self.clients.ec2.describe_images().owners("self");
        let answer = call.filters(self.ours()).send().await;
        let answer = answer.map_err(Failure::from)?;
        let mut images: Vec<Image> = answer.images().iter().filter_map(image).collect();
        images.sort_by(|one, other| (one.made_at, &one.id).cmp(&(other.made_at, &other.id)));
        Ok(images)
    }

    /// Whether images can be named again, whoever has made them; one that is missing is gone.
    ///
    /// # Errors
    /// The list did not come.
    pub async fn standings(
        &self,
        ids: &[&ImageId],
    ) -> Result<BTreeMap<ImageId, Standing>, Trouble> {
        let ids = filter("image-id", ids.iter().map(|id| id.as_str()));
        let call = self.clients.ec2.describe_images().filters(ids);
        let answer = call.send().await.map_err(Failure::from)?;
        let rows = answer.images().iter().filter_map(|row| {
            let standing = match (state(row), verdict(row.tags())) {
                (ImageState::Pending | ImageState::Failed(_), _) => Standing::Gone,
                (ImageState::Available, Some(Verdict::Rejected(why))) => Standing::Rejected(why),
                (ImageState::Available, Some(Verdict::Promoted) | None) => Standing::Good,
            };
            Some((ImageId::new(row.image_id()?), standing))
        });
        Ok(rows.collect())
    }

    async fn builders(&self) -> Result<Vec<Builder>, Trouble> {
        let listed = self.instances(vec![self.ours()]).await?;
        let mut found: Vec<Builder> = listed.iter().filter_map(builder).collect();
        found.sort_by(|one, other| (one.launched_at, &one.id).cmp(&(other.launched_at, &other.id)));
        Ok(found)
    }

    /// The machines that fit all filters, of all pages.
    ///
    /// # Errors
    /// One of the pages did not come.
    pub(super) async fn instances(
        &self,
        filters: Vec<sdk::Filter>,
    ) -> Result<Vec<sdk::Instance>, Trouble> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let call = self.clients.ec2.describe_instances().max_results(PAGE);
            let call = call.set_filters(Some(filters.clone())).set_next_token(next);
            let page = call.send().await.map_err(Failure::from)?;
            let listed = page.reservations.into_iter().flatten();
            found.extend(listed.flat_map(|it| it.instances.unwrap_or_default()));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn snapshots(&self) -> Result<Vec<Snapshot>, Trouble> {
        let call = self.clients.ec2.describe_snapshots().owner_ids("self");
        let answer = call.filters(self.ours()).send().await;
        let answer = answer.map_err(Failure::from)?;
        let rows = answer.snapshots().iter().filter_map(|row| {
            Some(Snapshot {
                id: row.snapshot_id()?.to_owned(),
                made_at: row.start_time().map(moment)?,
            })
        });
        Ok(rows.collect())
    }

    /// What a console shows; empty while it shows nothing.
    ///
    /// # Errors
    /// It could not be asked for.
    pub async fn console(&self, id: &MachineId) -> Result<String, Trouble> {
        let call = self.clients.ec2.get_console_output();
        let call = call.instance_id(id.as_str()).latest(true);
        let answer = call.send().await.map_err(Failure::from)?;
        console::text(id, &answer).map_err(Trouble::Passing)
    }

    fn ours(&self) -> sdk::Filter {
        filter("tag:dayfly:images", [self.deployment.as_str()])
    }
}

fn builder(row: &sdk::Instance) -> Option<Builder> {
    let tag = |key| tags::value(row.tags(), key);
    let word = row.state_reason().and_then(|it| it.message());
    let word = word.unwrap_or("the cloud does not say why").to_owned();
    let state = match row.state().and_then(|it| it.name()) {
        Some(sdk::InstanceStateName::ShuttingDown | sdk::InstanceStateName::Terminated) => {
            BuilderState::Ended(word)
        }
        Some(sdk::InstanceStateName::Stopped) => BuilderState::Stopped,
        Some(sdk::InstanceStateName::Stopping) => BuilderState::Stopping,
        Some(_) | None => BuilderState::Working,
    };
    Some(Builder {
        id: MachineId::new(row.instance_id()?),
        pool: PoolName::new(tag(tags::POOL)?),
        recipe: Recipe::new(tag(tags::RECIPE)?),
        state,
        launched_at: row.launch_time().map(moment)?,
        lifetime: tags::seconds(row.tags(), tags::LIFETIME).unwrap_or(LIFETIME),
    })
}

fn image(row: &sdk::Image) -> Option<Image> {
    let tag = |key| tags::value(row.tags(), key);
    // Without its date an image is left alone: one of unknown age must not count as an old one.
    let made_at = DateTime::from_str(row.creation_date()?, DateTimeFormat::DateTime).ok()?;
    let disks = row.block_device_mappings().iter();
    let snapshots = disks.filter_map(|disk| disk.ebs()?.snapshot_id());
    Some(Image {
        id: ImageId::new(row.image_id()?),
        name: row.name().unwrap_or_default().to_owned(),
        pool: PoolName::new(tag(tags::POOL)?),
        recipe: Recipe::new(tag(tags::RECIPE)?),
        state: state(row),
        made_at: moment(&made_at),
        snapshots: snapshots.map(str::to_owned).collect(),
        verdict: verdict(row.tags()),
    })
}

fn state(row: &sdk::Image) -> ImageState {
    match row.state() {
        Some(sdk::ImageState::Available) => ImageState::Available,
        Some(sdk::ImageState::Pending | sdk::ImageState::Transient) | None => ImageState::Pending,
        Some(other) => {
            let word = row.state_reason().and_then(|it| it.message());
            ImageState::Failed(word.unwrap_or(other.as_str()).to_owned())
        }
    }
}

fn verdict(found: &[sdk::Tag]) -> Option<Verdict> {
    let value = tags::value(found, tags::VERDICT)?;
    Some(match value.strip_prefix(REJECTED) {
        Some(reason) => Verdict::Rejected(reason.to_owned()),
        None => Verdict::Promoted,
    })
}

/// A verdict as a tag's value, which takes letters, digits and few signs.
pub(super) fn verdict_word(verdict: &Verdict) -> String {
    let Verdict::Rejected(reason) = verdict else {
        return PROMOTED.to_owned();
    };
    let kept = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    let reason = reason.chars().map(|c| if kept(c) { c } else { ' ' });
    let reason: String = reason.take(REASON_MAX).collect();
    format!("{REJECTED}{}", reason.trim())
}
