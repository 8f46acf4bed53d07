//! `dayfly image promote`: trials, the parameter, and a watch after it.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::name::{go_back, reject, standing};
use super::trouble::{ImageError, standing_word};
use super::{Scene, Whose, answer, refuse, tell};
use crate::aws::bakery::trial::{TrialError, TrialLaunch};
use crate::aws::bakery::{Bakery, Stop};
use crate::cli::exit::Exit;
use crate::image::history::Standing;
use crate::image::promote::Trials;
use crate::image::trial::Fate;
use crate::image::{Image, ImageState, Verdict};
use crate::model::id::{ImageId, LaunchToken, MachineId};
use crate::model::plan::LaunchOrder;
use crate::model::pool::Policy;
use crate::model::template::ImageSource;
use crate::ports::{Clock, SystemClock};

/// Which image, and what it has to show.
#[derive(Debug, Args)]
pub struct PromoteCommand {
    #[command(flatten)]
    whose: Whose,
    /// The image; the newest that was built for the pool and not rejected, if absent.
    #[arg(value_name = "IMAGE")]
    image: Option<String>,
    /// How many machines of the pool have to boot it and register before it is named. They take
    /// the pool's jobs.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    machines: u32,
    /// How long, once they have registered, a job is waited for to come and end.
    #[arg(long, value_name = "N", default_value_t = 600)]
    job_seconds: u32,
    /// How long machines are watched after it is named, to take it back if they fail.
    #[arg(long, value_name = "N", default_value_t = 600)]
    watch_seconds: u32,
    /// Name it without any trial.
    #[arg(long)]
    untried: bool,
    /// Keep an image that is rejected, for examination.
    #[arg(long)]
    keep: bool,
}

pub(super) async fn run(command: PromoteCommand, stop: Stop) -> Result<Exit, Exit> {
    let scene = Scene::read(&command.whose)?;
    let promoted = Box::pin(promote(&scene, &command, stop)).await;
    promoted.map_err(|error| refuse(&error))
}

async fn promote(scene: &Scene, command: &PromoteCommand, stop: Stop) -> Result<Exit, ImageError> {
    let parameter = scene.parameter()?;
    let bakery = scene.bakery().await?;
    let images = scene.images(&bakery).await?;
    let image = match &command.image {
        Some(id) => ImageId::new(id.as_str()),
        None => newest(&images).ok_or_else(|| ImageError::NoCandidate(scene.pool.clone()))?,
    };
    let ours = images.iter().find(|it| it.id == image);
    let before = bakery.named(parameter).await?;
    if let Some(version) = before.as_ref().filter(|version| version.image == image) {
        tell(&format!("{parameter} names {image} already"));
        // A process that was killed after naming it has not written that down.
        if ours.is_some_and(|it| it.verdict.is_none()) {
            bakery.judge(&image, &Verdict::Promoted).await?;
        }
        let text = format!("{image}\n");
        let object = object(scene, parameter, &image, version.number, None, &[]);
        answer(command.whose.json, &text, &object);
        return Ok(Exit::Done);
    }
    match (standing(&bakery, &image).await?, &command.image) {
        (Standing::Good, _) => {}
        // By somebody's word, what was said of it before does not count.
        (Standing::Rejected(_), Some(_)) if command.untried => {}
        (standing, _) => {
            let why = standing_word(&standing);
            return Err(ImageError::Standing { image, why });
        }
    }
    let fates = match command.untried {
        true => Vec::new(),
        false => tried(scene, command, &bakery, &image, ours, stop.clone()).await?,
    };
    let version = bakery.name(parameter, &image).await?;
    if ours.is_some() {
        bakery.judge(&image, &Verdict::Promoted).await?;
    }
    tell(&format!(
        "{parameter} names {image}; machines boot it within a minute"
    ));
    let watching = Duration::from_secs(command.watch_seconds.into());
    if !watching.is_zero() && before.is_some() {
        let until = SystemClock.now().plus(watching);
        tell(&format!(
            "watching its machines for {} s; stopping that leaves it named",
            command.watch_seconds
        ));
        let (_, policy) = scene.places()?;
        let limits = (policy.breaker.failures_max, until);
        let whole = scene.settings.policy();
        let launch = launch(scene, &whole, &image)?;
        let mut say = say;
        let watched = bakery.watch(&image, &launch, limits, stop, &mut say);
        if let Some(reason) = Box::pin(watched).await {
            return Err(take_back(scene, &bakery, &image, ours, reason).await?);
        }
    }
    let before = before.map(|version| version.image);
    let object = object(scene, parameter, &image, version, before.as_ref(), &fates);
    answer(command.whose.json, &format!("{image}\n"), &object);
    Ok(Exit::Done)
}

/// Lets machines boot it. What they speak against is given up, unless it is to be kept.
async fn tried(
    scene: &Scene,
    command: &PromoteCommand,
    bakery: &Bakery<SystemClock>,
    image: &ImageId,
    ours: Option<&Image>,
    stop: Stop,
) -> Result<Vec<(MachineId, Fate)>, ImageError> {
    let wanted = Trials {
        machines: command.machines,
        job_patience: Duration::from_secs(command.job_seconds.into()),
    };
    let policy = scene.settings.policy();
    let launch = launch(scene, &policy, image)?;
    tell(&format!(
        "trying {image}: machines of pool {} boot it",
        scene.pool
    ));
    let mut say = say;
    let tried = bakery.try_out(image, &launch, &wanted, stop, &mut say);
    let why = match Box::pin(tried).await {
        Ok(fates) => return Ok(fates),
        Err(why) => why,
    };
    if let (TrialError::Bad(reason), Some(ours)) = (&why, ours) {
        reject(bakery, ours, reason).await?;
        // Machines may be up that boot one which was named before.
        if !command.keep && ours.verdict.is_none() {
            bakery.remove(ours).await?;
            tell(&format!("image {image} and its snapshots are removed"));
        }
    }
    let image = image.clone();
    Err(ImageError::Trial { image, why })
}

/// What was named turned out to be bad.
async fn take_back(
    scene: &Scene,
    bakery: &Bakery<SystemClock>,
    image: &ImageId,
    ours: Option<&Image>,
    reason: String,
) -> Result<ImageError, ImageError> {
    let parameter = scene.parameter()?;
    if let Some(ours) = ours {
        reject(bakery, ours, &reason).await?;
    }
    let image = image.clone();
    Ok(match go_back(bakery, parameter).await {
        Ok(_) => ImageError::TakenBack { image, reason },
        Err(ImageError::Nothing { parameter, .. }) => ImageError::NoWayBack {
            image,
            reason,
            parameter,
        },
        Err(other) => return Err(other),
    })
}

/// How the pool's machines are launched, but for the image.
fn launch<'a>(
    scene: &Scene,
    policy: &'a Policy,
    image: &ImageId,
) -> Result<TrialLaunch<'a>, ImageError> {
    let (_, pool) = scene.places()?;
    let template = pool.template.clone();
    Ok(TrialLaunch {
        policy,
        order: LaunchOrder {
            token: LaunchToken::new("trial"),
            pool: scene.pool.clone(),
            count: 1,
            template: template.with_image(ImageSource::Id(image.to_string())),
            offers: pool.offers.clone(),
            boot_limit: pool.boot_limit,
            lifetime: pool.lifetime,
            idle_timeout: pool.speculation.idle_timeout,
        },
    })
}

fn newest(images: &[Image]) -> Option<ImageId> {
    let is_good = |image: &&Image| match (&image.state, &image.verdict) {
        (ImageState::Available, None | Some(Verdict::Promoted)) => true,
        (ImageState::Available, Some(Verdict::Rejected(_))) => false,
        (ImageState::Pending | ImageState::Failed(_), _) => false,
    };
    images.iter().rev().find(is_good).map(|it| it.id.clone())
}

fn say(fates: &[(MachineId, Fate)]) {
    for (machine, fate) in fates {
        tell(&format!("machine {machine} {fate}"));
    }
}

fn object(
    scene: &Scene,
    parameter: &str,
    image: &ImageId,
    version: u64,
    before: Option<&ImageId>,
    fates: &[(MachineId, Fate)],
) -> Value {
    let machines = fates.iter();
    let machines: Vec<Value> = machines
        .map(|(id, fate)| json!({ "machine": id.as_str(), "fate": fate.to_string() }))
        .collect();
    json!({
        "image": image.as_str(),
        "pool": scene.pool.as_str(),
        "parameter": parameter,
        "version": version,
        "before": before.map(ImageId::as_str),
        "machines": machines,
    })
}
