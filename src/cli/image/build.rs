//! `dayfly image build`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::trouble::ImageError;
use super::{Scene, Whose, answer, refuse, tell};
use crate::aws::bakery::act::BuilderLaunch;
use crate::aws::bakery::{Bakery, Stop};
use crate::cli::exit::Exit;
use crate::cli::output::{print, refused};
use crate::image::build::Order;
use crate::model::id::ImageId;
use crate::ports::SystemClock;
use crate::user_data::{Ingredients, builder_data, recipe};

/// From the call that makes an image to one that can be booted: large disks take an hour.
const IMAGE_LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

/// What goes into an image, and how it is made.
#[derive(Debug, Args)]
pub struct BuildCommand {
    #[command(flatten)]
    whose: Whose,
    /// What the image is made of: an image's id, or a parameter that holds one, such as
    /// /aws/service/debian/release/13/latest/amd64.
    #[arg(long, value_name = "IMAGE|PARAMETER")]
    from: String,
    /// A script that the builder runs as root, once the agent is there; about two kilobytes at
    /// most, and no secret: whoever may describe machines can read it.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// The builder's size; the pool's first if absent.
    #[arg(long, value_name = "TYPE")]
    instance_type: Option<String>,
    /// Where the builder stands; the pool's first if absent.
    #[arg(long, value_name = "SUBNET")]
    subnet: Option<String>,
    /// How long the builder may take from its launch until it is powered off.
    #[arg(long, value_name = "N", default_value_t = 1800, value_parser = clap::value_parser!(u32).range(60..=86_400))]
    limit_seconds: u32,
    /// Print what the builder would be told, and launch nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(command: BuildCommand, stop: Stop) -> Result<Exit, Exit> {
    let scene = Scene::read(&command.whose)?;
    let source = source(&scene, &command.from).await;
    let source = source.map_err(|error| refuse(&error))?;
    let (order, launch) = prepare(&scene, &command, &source)?;
    if command.dry_run {
        tell(&format!(
            "would launch a {} in {} from {source}, and tell it this; recipe {}",
            launch.instance_type, launch.subnet, order.recipe
        ));
        print(&launch.user_data);
        return Ok(Exit::Done);
    }
    let bakery = scene.bakery().await.map_err(|error| refuse(&error))?;
    let built = bakery.build(&order, &launch, stop, |step| tell(&step.to_string()));
    let image = Box::pin(built).await;
    let image = image.map_err(|error| refuse(&error.into()))?;
    let object = json!({
        "image": image.as_str(),
        "pool": scene.pool.as_str(),
        "recipe": order.recipe.as_str(),
        "source": source.as_str(),
    });
    answer(command.whose.json, &format!("{image}\n"), &object);
    tell(&format!(
        "no machine is launched from it before: dayfly image promote --config {} --pool {} {image}",
        command.whose.config.display(),
        scene.pool
    ));
    Ok(Exit::Done)
}

/// The image that a builder boots.
async fn source(scene: &Scene, from: &str) -> Result<ImageId, ImageError> {
    if from.starts_with("ami-") {
        return Ok(ImageId::new(from));
    }
    let named = match from.starts_with('/') {
        true => {
            let bakery: Bakery<SystemClock> = scene.bakery().await?;
            bakery.named(from).await?.map(|version| version.image)
        }
        false => None,
    };
    let named = named.filter(|image| image.as_str().starts_with("ami-"));
    named.ok_or_else(|| ImageError::NoSource {
        what: from.to_owned(),
    })
}

fn prepare(
    scene: &Scene,
    command: &BuildCommand,
    source: &ImageId,
) -> Result<(Order, BuilderLaunch), Exit> {
    let (_, policy) = scene.places().map_err(|error| refuse(&error))?;
    let script = match &command.script {
        None => None,
        Some(path) => Some(std::fs::read(path).map_err(|source| {
            let path = path.display().to_string();
            refuse(&ImageError::Script { path, source })
        })?),
    };
    let limit = Duration::from_secs(command.limit_seconds.into());
    let ingredients = Ingredients { script, limit };
    let file = command.whose.config.display().to_string();
    let user_data = builder_data(&scene.settings, &file, &scene.pool, &ingredients)
        .map_err(|problems| refused(&problems))?;
    let best = policy.offers.first();
    let of_best = |part: fn(&crate::model::offer::Offer) -> &String| {
        best.map(|offer| part(offer).clone()).unwrap_or_default()
    };
    let order = Order {
        pool: scene.pool.clone(),
        recipe: recipe(
            &user_data,
            source.as_str(),
            &format!("{}:{}", policy.template.id, policy.template.version),
        ),
        builder_limit: limit,
        image_limit: IMAGE_LIMIT,
    };
    let size = command.instance_type.clone();
    let subnet = command.subnet.clone();
    let launch = BuilderLaunch {
        template: policy.template.clone(),
        source: source.clone(),
        instance_type: size.unwrap_or_else(|| of_best(|offer| &offer.instance_type)),
        subnet: subnet.unwrap_or_else(|| of_best(|offer| &offer.subnet)),
        user_data,
    };
    Ok((order, launch))
}
