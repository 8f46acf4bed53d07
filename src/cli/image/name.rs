//! `dayfly image rollback`, and what else changes the parameter.

use clap::Args;
use serde_json::json;

use super::trouble::ImageError;
use super::{Scene, Whose, answer, refuse, tell};
use crate::aws::bakery::Bakery;
use crate::cli::exit::Exit;
use crate::image::history::{Standing, images, previous};
use crate::image::{Image, Verdict};
use crate::model::id::ImageId;
use crate::ports::SystemClock;

/// How far back, and why.
#[derive(Debug, Args)]
pub struct RollbackCommand {
    #[command(flatten)]
    whose: Whose,
    /// Why, for those who list the images later.
    #[arg(long, value_name = "TEXT", default_value = "taken back by command")]
    reason: String,
}

pub(super) async fn rollback(command: RollbackCommand) -> Result<Exit, Exit> {
    let scene = Scene::read(&command.whose)?;
    let done = Box::pin(roll_back(&scene, &command)).await;
    done.map_err(|error| refuse(&error))
}

async fn roll_back(scene: &Scene, command: &RollbackCommand) -> Result<Exit, ImageError> {
    let parameter = scene.parameter()?;
    let bakery = scene.bakery().await?;
    let before = bakery.named(parameter).await?;
    // First, so that a second way back does not lead here again, even if this process is killed.
    if let Some(before) = &before {
        back(&bakery, parameter).await?;
        let ours = scene.images(&bakery).await?;
        if let Some(ours) = ours.iter().find(|it| it.id == before.image) {
            reject(&bakery, ours, &command.reason).await?;
        }
    }
    let (image, version) = go_back(&bakery, parameter).await?;
    let before = before.map(|version| version.image);
    let object = json!({
        "image": image.as_str(),
        "pool": scene.pool.as_str(),
        "parameter": parameter,
        "version": version,
        "before": before.as_ref().map(ImageId::as_str),
    });
    answer(command.whose.json, &format!("{image}\n"), &object);
    Ok(Exit::Done)
}

/// Writes down that an image of ours is not to be named again.
pub(super) async fn reject(
    bakery: &Bakery<SystemClock>,
    image: &Image,
    reason: &str,
) -> Result<(), ImageError> {
    let verdict = Verdict::Rejected(reason.to_owned());
    Ok(bakery.judge(&image.id, &verdict).await?)
}

/// Lets the parameter name what it named before, and gives that with the new version's number.
pub(super) async fn go_back(
    bakery: &Bakery<SystemClock>,
    parameter: &str,
) -> Result<(ImageId, u64), ImageError> {
    let image = back(bakery, parameter).await?;
    let version = bakery.name(parameter, &image).await?;
    tell(&format!(
        "{parameter} names {image} again; machines boot it within a minute"
    ));
    Ok((image, version))
}

/// The image that the way back leads to.
async fn back(bakery: &Bakery<SystemClock>, parameter: &str) -> Result<ImageId, ImageError> {
    let versions = bakery.history(parameter).await?;
    let standings = match images(&versions).as_slice() {
        [] => Default::default(),
        ids => bakery.standings(ids).await?,
    };
    let found = previous(&versions, &standings);
    let found = found.map_err(|nothing| ImageError::Nothing {
        parameter: parameter.to_owned(),
        nothing,
    })?;
    Ok(found.image.clone())
}

/// Whether an image can be named, whoever has made it.
pub(super) async fn standing(
    bakery: &Bakery<SystemClock>,
    image: &ImageId,
) -> Result<Standing, ImageError> {
    let standings = bakery.standings(&[image]).await?;
    Ok(standings.get(image).cloned().unwrap_or(Standing::Gone))
}
