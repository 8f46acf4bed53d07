//! `dayfly image list` and `dayfly image remove`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::trouble::ImageError;
use super::{Scene, Whose, answer, refuse, tell};
use crate::cli::exit::Exit;
use crate::image::{Image, ImageState, Verdict};
use crate::model::id::ImageId;
use crate::ports::{Clock, SystemClock};

/// Of which pool.
#[derive(Debug, Args)]
pub struct ListCommand {
    #[command(flatten)]
    whose: Whose,
}

/// Which images.
#[derive(Debug, Args)]
pub struct RemoveCommand {
    #[command(flatten)]
    whose: Whose,
    /// The images, which this deployment has made for the pool.
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
}

pub(super) async fn list(command: ListCommand) -> Result<Exit, Exit> {
    let scene = Scene::read(&command.whose)?;
    let listed = Box::pin(show(&scene, &command)).await;
    listed.map_err(|error| refuse(&error))
}

async fn show(scene: &Scene, command: &ListCommand) -> Result<Exit, ImageError> {
    let bakery = scene.bakery().await?;
    let images = scene.images(&bakery).await?;
    let named = match scene.parameter() {
        Ok(parameter) => bakery.named(parameter).await?,
        Err(_) => None,
    };
    let named = named.map(|version| version.image);
    let now = SystemClock.now();
    let mut text = String::new();
    let mut rows = Vec::new();
    for image in &images {
        let is_named = named.as_ref() == Some(&image.id);
        let (state, verdict) = (state(image), verdict(image));
        let hours = now.since(image.made_at).as_secs() / 3600;
        let mark = if is_named { "named" } else { "" };
        let said = verdict.as_deref().unwrap_or("not tried yet");
        writeln!(
            text,
            "{:<22} {mark:<6} {state:<10} {hours:>5} h  recipe {}  {said}",
            image.id, image.recipe
        )
        .expect("writing to a string cannot fail");
        rows.push(json!({
            "image": image.id.as_str(),
            "name": image.name,
            "recipe": image.recipe.as_str(),
            "state": state,
            "made_at_milliseconds": image.made_at.as_millis(),
            "named": is_named,
            "verdict": verdict,
        }));
    }
    answer(command.whose.json, &text, &Value::Array(rows));
    if images.is_empty() {
        tell(&format!("pool {} has no images", scene.pool));
    }
    if let Some(other) = named.filter(|id| images.iter().all(|image| image.id != *id)) {
        tell(&format!(
            "its parameter names {other}, which was made elsewhere"
        ));
    }
    Ok(Exit::Done)
}

pub(super) async fn remove(command: RemoveCommand) -> Result<Exit, Exit> {
    let scene = Scene::read(&command.whose)?;
    let removed = Box::pin(clear(&scene, &command)).await;
    removed.map_err(|error| refuse(&error))
}

/// All are looked at before the first is removed.
async fn clear(scene: &Scene, command: &RemoveCommand) -> Result<Exit, ImageError> {
    let bakery = scene.bakery().await?;
    let images = scene.images(&bakery).await?;
    let mut found = Vec::new();
    for id in &command.images {
        let id = ImageId::new(id.as_str());
        let image = images.iter().find(|image| image.id == id);
        found.push(image.ok_or(ImageError::NotOurs(id))?);
    }
    if let Ok(parameter) = scene.parameter()
        && let Some(version) = bakery.named(parameter).await?
        && let Some(image) = found.iter().find(|image| image.id == version.image)
    {
        let (image, parameter) = (image.id.clone(), parameter.to_owned());
        return Err(ImageError::Named { image, parameter });
    }
    for image in &found {
        bakery.remove(image).await?;
        tell(&format!("image {} and its snapshots are removed", image.id));
    }
    let ids: Vec<&str> = found.iter().map(|image| image.id.as_str()).collect();
    let text: String = ids.iter().map(|id| format!("{id}\n")).collect();
    answer(command.whose.json, &text, &json!({ "removed": ids }));
    Ok(Exit::Done)
}

const fn state(image: &Image) -> &'static str {
    match image.state {
        ImageState::Pending => "pending",
        ImageState::Available => "available",
        ImageState::Failed(_) => "failed",
    }
}

fn verdict(image: &Image) -> Option<String> {
    Some(match image.verdict.as_ref()? {
        Verdict::Promoted => "promoted".to_owned(),
        Verdict::Rejected(reason) => format!("rejected: {reason}"),
    })
}
