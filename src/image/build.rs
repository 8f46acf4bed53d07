//! What a build does next: a builder is launched, powers itself off, becomes an image, and ends.
//!
//! Whatever goes wrong, and whoever asks to stop, the builder ends. What another process has left
//! behind is taken up if it follows the same recipe and is young enough, and is cleared away if
//! it is older than any build may be.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Builder, BuilderState, Image, ImageState, Said, Snapshot, Verdict};
use crate::model::id::{ImageId, MachineId, PoolName, Recipe};
use crate::model::time::Timestamp;

/// How long after its call something may be missing in the cloud's lists. EC2's lists lag behind
/// by seconds; the launch ledger of the scaler is as patient.
const UNLISTED: Duration = Duration::from_secs(300);
/// How long something may be tried in vain. A console can be some minutes late, and nothing else
/// takes longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
/// How much older than its limit something has to be before it counts as left behind: the process
/// that waits for it may be late.
const MARGIN: Duration = Duration::from_secs(600);
/// How long what failed may resist being cleared away.
const CLEARING: Duration = Duration::from_secs(300);

/// What a build is to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Whose machines are to boot it.
    pub pool: PoolName,
    /// What it is made by.
    pub recipe: Recipe,
    /// From a builder's launch until it is stopped, at most.
    pub builder_limit: Duration,
    /// From the call that makes an image to an image that can be booted, at most.
    pub image_limit: Duration,
}

/// Everything of the deployment that a build looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its builders, ended ones as long as the cloud lists them, oldest first.
    pub builders: Vec<Builder>,
    /// Its images, oldest first.
    pub images: Vec<Image>,
    /// Its snapshots.
    pub snapshots: Vec<Snapshot>,
    /// What consoles of builders say that were read.
    pub said: BTreeMap<MachineId, Said>,
}

/// What a process remembers of what it did. Losing it costs some waiting, and never a leak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The builder that it launched last, and when.
    launched: Option<(MachineId, Timestamp)>,
    /// The image that it asked for, and when.
    made: Option<(ImageId, Timestamp)>,
    /// What is tried without any sign of it so far, and since when.
    trying: Option<(Attempt, Timestamp)>,
    /// Why there will be no image, and since when everything is cleared away.
    giving_up: Option<(Failure, Timestamp)>,
}

/// Something that may take some tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// To launch a builder.
    Launch,
    /// To hear from a builder that has powered off.
    Hear(MachineId),
    /// To make an image of a builder.
    Make(MachineId),
}

/// Why a build gives no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Somebody asked to stop.
    Interrupted,
    /// The cloud does not do what it is asked, and will not before something is changed.
    Refused(String),
    /// The recipe failed, in the builder's words.
    Recipe(String),
    /// The builder did not power itself off in its time.
    NeverStopped(MachineId),
    /// Something was tried for long enough.
    InVain(Attempt),
    /// The builder ended before it was done, with the cloud's word.
    Lost(MachineId, String),
    /// The image could not be made, with the cloud's word.
    Image(ImageId, String),
    /// The image was not there in its time.
    NeverAvailable(ImageId),
    /// Trials have rejected the image of this recipe before.
    Rejected(ImageId, String),
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// End a builder.
    End(MachineId, Why),
    /// Give an image up, and remove what lies under it.
    Remove(Image, Why),
    /// Remove a snapshot that is under no image.
    RemoveSnapshot(String),
    /// Launch a builder.
    Launch,
    /// Make an image of a builder.
    Make(Builder),
    /// Look again later.
    Wait(Awaited),
    /// There it is, and nothing is left to do.
    Done(ImageId),
    /// There will be none. What is still there could not be cleared away.
    Fail(Failure, Vec<String>),
}

/// Why something is cleared away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its image is there.
    Done,
    /// The build is given up.
    GivenUp,
    /// An earlier build has left it behind.
    LeftBehind,
    /// Another builder follows the same recipe.
    TooMany,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The cloud's list shows what was just made.
    List(String),
    /// The builder powers itself off.
    Builder(MachineId),
    /// Its console says how the recipe went.
    Console(MachineId),
    /// The image can be booted.
    Image(ImageId),
}

impl Memory {
    /// A builder was launched.
    pub fn launched(&mut self, id: MachineId, now: Timestamp) {
        self.launched = Some((id, now));
    }

    /// An image was asked for.
    pub fn made(&mut self, id: ImageId, now: Timestamp) {
        self.made = Some((id, now));
    }

    /// There will be no image; the first reason counts.
    pub fn give_up(&mut self, failure: Failure, now: Timestamp) {
        self.giving_up.get_or_insert((failure, now));
    }

    /// Whether something was tried for long enough.
    fn has_tried(&mut self, attempt: Attempt, now: Timestamp) -> Result<(), Failure> {
        let since = match &self.trying {
            Some((tried, since)) if *tried == attempt => *since,
            Some(_) | None => now,
        };
        self.trying = Some((attempt.clone(), since));
        if PATIENCE < now.since(since) {
            return Err(Failure::InVain(attempt));
        }
        Ok(())
    }

    /// Whether everything is being cleared away.
    pub fn is_giving_up(&self) -> bool {
        self.giving_up.is_some()
    }
}

/// What is to be done next. What is learned on the way goes into the memory.
pub fn next(seen: &Seen, order: &Order, memory: &mut Memory, now: Timestamp) -> Step {
    if !memory.is_giving_up() {
        if let Some(step) = sweep(seen, order, now) {
            return step;
        }
        if let Err(failure) = judge(seen, order, memory, now) {
            memory.give_up(failure, now);
        }
    }
    match memory.giving_up.clone() {
        Some((failure, since)) => clear(seen, order, memory, failure, since, now),
        None => advance(seen, order, memory),
    }
}

/// What earlier builds have left behind, of whatever recipe.
fn sweep(seen: &Seen, order: &Order, now: Timestamp) -> Option<Step> {
    let is_old = |at: Timestamp, limit: Duration| limit + MARGIN < now.since(at);
    let mut builders = seen.builders.iter();
    let left = builders.find(|it| it.state.is_kept() && is_old(it.launched_at, it.lifetime));
    if let Some(builder) = left {
        return Some(Step::End(builder.id.clone(), Why::LeftBehind));
    }
    let is_left = |image: &&Image| match image.state {
        ImageState::Failed(_) => is_old(image.made_at, Duration::ZERO),
        ImageState::Pending | ImageState::Available => false,
    };
    if let Some(image) = seen.images.iter().find(is_left) {
        return Some(Step::Remove(image.clone(), Why::LeftBehind));
    }
    let is_under = |id: &String| seen.images.iter().any(|image| image.snapshots.contains(id));
    // What lies under an image that is being made is not always told.
    let is_lost = |it: &&Snapshot| !is_under(&it.id) && is_old(it.made_at, order.image_limit);
    let lost = seen.snapshots.iter().find(is_lost);
    lost.map(|snapshot| Step::RemoveSnapshot(snapshot.id.clone()))
}

/// The images and builders of this recipe: images that can be booted first, then those that may
/// come to it; builders that still have to be ended, oldest first.
fn ours<'a>(seen: &'a Seen, order: &'a Order) -> (Vec<&'a Image>, Vec<&'a Builder>) {
    let is_ours = |pool: &PoolName, recipe: &Recipe| *pool == order.pool && *recipe == order.recipe;
    let images = seen.images.iter();
    let mut images: Vec<&Image> = images.filter(|it| is_ours(&it.pool, &it.recipe)).collect();
    images.sort_by_key(|image| match image.state {
        ImageState::Available => 0,
        ImageState::Pending => 1,
        ImageState::Failed(_) => 2,
    });
    let builders = seen.builders.iter().filter(|it| it.state.is_kept());
    let builders = builders.filter(|it| is_ours(&it.pool, &it.recipe));
    (images, builders.collect())
}

/// Whether there can still be an image.
fn judge(seen: &Seen, order: &Order, memory: &mut Memory, now: Timestamp) -> Result<(), Failure> {
    let (images, builders) = ours(seen, order);
    if let Some(image) = images.first() {
        return judge_image(image, order, now);
    }
    if let Some((id, at)) = &memory.made
        && UNLISTED < now.since(*at)
    {
        let word = "it is no longer listed".to_owned();
        return Err(Failure::Image(id.clone(), word));
    }
    match (builders.first(), &memory.launched) {
        (Some(builder), _) => judge_builder(builder, seen, order, memory, now),
        (None, Some((id, at))) => judge_launched(id, *at, seen, now),
        (None, None) => memory.has_tried(Attempt::Launch, now),
    }
}

/// What became of a builder that was launched, where none is left.
fn judge_launched(
    id: &MachineId,
    at: Timestamp,
    seen: &Seen,
    now: Timestamp,
) -> Result<(), Failure> {
    let listed = seen.builders.iter().find(|it| it.id == *id);
    let word = match listed.map(|builder| &builder.state) {
        Some(BuilderState::Ended(word)) => word.clone(),
        None if UNLISTED < now.since(at) => "it was never listed".to_owned(),
        Some(BuilderState::Working | BuilderState::Stopping | BuilderState::Stopped) | None => {
            return Ok(());
        }
    };
    Err(Failure::Lost(id.clone(), word))
}

fn judge_image(image: &Image, order: &Order, now: Timestamp) -> Result<(), Failure> {
    let id = image.id.clone();
    if let Some(Verdict::Rejected(reason)) = &image.verdict {
        return Err(Failure::Rejected(id, reason.clone()));
    }
    match &image.state {
        ImageState::Failed(word) => Err(Failure::Image(id, word.clone())),
        ImageState::Pending if order.image_limit < now.since(image.made_at) => {
            Err(Failure::NeverAvailable(id))
        }
        ImageState::Pending | ImageState::Available => Ok(()),
    }
}

fn judge_builder(
    builder: &Builder,
    seen: &Seen,
    order: &Order,
    memory: &mut Memory,
    now: Timestamp,
) -> Result<(), Failure> {
    let id = builder.id.clone();
    if builder.state != BuilderState::Stopped {
        let is_late = order.builder_limit < now.since(builder.launched_at);
        return if is_late {
            Err(Failure::NeverStopped(id))
        } else {
            Ok(())
        };
    }
    match seen.said.get(&id).cloned().unwrap_or_default() {
        Said::Ready => memory.has_tried(Attempt::Make(id), now),
        Said::Failed(words) => Err(Failure::Recipe(words)),
        Said::Nothing => memory.has_tried(Attempt::Hear(id), now),
    }
}

/// The next step to an image.
fn advance(seen: &Seen, order: &Order, memory: &Memory) -> Step {
    let (images, builders) = ours(seen, order);
    if let Some(image) = images.first() {
        let is_there = image.state == ImageState::Available;
        return match builders.first() {
            Some(builder) if is_there => Step::End(builder.id.clone(), Why::Done),
            Some(_) | None if is_there => Step::Done(image.id.clone()),
            Some(_) | None => Step::Wait(Awaited::Image(image.id.clone())),
        };
    }
    if let Some((id, _)) = &memory.made {
        return Step::Wait(Awaited::List(id.to_string()));
    }
    let Some((first, others)) = builders.split_first() else {
        return match &memory.launched {
            Some((id, _)) => Step::Wait(Awaited::List(id.to_string())),
            None => Step::Launch,
        };
    };
    if let Some(other) = others.first() {
        return Step::End(other.id.clone(), Why::TooMany);
    }
    let id = first.id.clone();
    match first.state {
        BuilderState::Stopped => match seen.said.get(&id) {
            Some(Said::Ready) => Step::Make((*first).clone()),
            Some(Said::Nothing | Said::Failed(_)) | None => Step::Wait(Awaited::Console(id)),
        },
        BuilderState::Working | BuilderState::Stopping | BuilderState::Ended(_) => {
            Step::Wait(Awaited::Builder(id))
        }
    }
}

/// The next step to nothing being left. An image that is being made outlives the wish to stop:
/// the next build of the same recipe takes it up, and what lies under it is paid for already.
fn clear(
    seen: &Seen,
    order: &Order,
    memory: &Memory,
    failure: Failure,
    since: Timestamp,
    now: Timestamp,
) -> Step {
    let (images, builders) = ours(seen, order);
    let is_worthless = |image: &&&Image| match (&image.state, &failure) {
        (ImageState::Failed(_), _) => true,
        (ImageState::Pending, Failure::NeverAvailable(_)) => true,
        (ImageState::Pending | ImageState::Available, _) => false,
    };
    let worthless = images.iter().find(is_worthless);
    let is_listed = |id: &MachineId| seen.builders.iter().any(|it| it.id == *id);
    let unlisted = memory.launched.as_ref().filter(|(id, at)| {
        // It was launched, and the list does not show it yet: it is ended all the same.
        !is_listed(id) && now.since(*at) <= UNLISTED
    });
    let builder = builders.first().map(|it| &it.id);
    let builder = builder.or(unlisted.map(|(id, _)| id));
    if CLEARING < now.since(since) {
        let ids = builder.map(ToString::to_string).into_iter();
        let left = ids.chain(worthless.map(|image| image.id.to_string()));
        return Step::Fail(failure, left.collect());
    }
    match (builder, worthless) {
        (Some(id), _) => Step::End(id.clone(), Why::GivenUp),
        (None, Some(image)) => Step::Remove((*image).clone(), Why::GivenUp),
        (None, None) => Step::Fail(failure, Vec::new()),
    }
}
