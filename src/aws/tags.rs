//! The tags that make a machine ours, and tell all that must outlive the process which launched
//! it. They are set by the launch itself; no secret is among them.

use std::time::Duration;

use aws_sdk_ec2::types::Tag;

use crate::model::id::{Deployment, PoolName, Recipe};
use crate::model::plan::LaunchOrder;

/// Whose machine it is. Only machines with our value are ever touched.
pub const DEPLOYMENT: &str = "dayfly:deployment";
/// For which pool it was launched.
pub const POOL: &str = "dayfly:pool";
/// The token of the launch that made it.
pub const LAUNCH: &str = "dayfly:launch";
/// What it was made of.
pub const TEMPLATE: &str = "dayfly:template";
/// From launch to a registered agent, at most, in seconds.
pub const BOOT_LIMIT: &str = "dayfly:boot-limit";
/// From launch to the end, at most, in seconds; of a builder, until its image is there.
pub const LIFETIME: &str = "dayfly:lifetime";
/// How long its agent waits for a job before the hub sends it away, in seconds. The machine reads
/// it itself (`cloud-init/user-data.yaml`): one template serves machines that wait longer or less.
pub const IDLE_TIMEOUT: &str = "dayfly:idle-timeout";
/// Whose builder, image or snapshot it is: what `dayfly image` makes carries this in place of
/// [`DEPLOYMENT`], so that no scaler takes a builder for a machine of its pools.
pub const IMAGES: &str = "dayfly:images";
/// What an image is made by.
pub const RECIPE: &str = "dayfly:recipe";
/// What trials have said of an image.
pub const VERDICT: &str = "dayfly:verdict";
/// Set by an operator, with any value: the machine is not to be touched.
pub const HELD: &str = "dayfly:held";

/// The tags of every machine of a launch.
pub fn of_launch(deployment: &Deployment, order: &LaunchOrder) -> Vec<Tag> {
    let seconds = |span: Duration| span.as_secs().to_string();
    let tags = [
        ("Name", format!("dayfly {}", order.pool)),
        (DEPLOYMENT, deployment.to_string()),
        (POOL, order.pool.to_string()),
        (LAUNCH, order.token.to_string()),
        (TEMPLATE, order.template.to_string()),
        (BOOT_LIMIT, seconds(order.boot_limit)),
        (LIFETIME, seconds(order.lifetime)),
        (IDLE_TIMEOUT, seconds(order.idle_timeout)),
    ];
    tags.into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// The tags of everything that a build makes.
pub fn of_build(deployment: &Deployment, pool: &PoolName, recipe: &Recipe) -> Vec<Tag> {
    let tags = [
        ("Name", format!("dayfly image of {pool}")),
        (IMAGES, deployment.to_string()),
        (POOL, pool.to_string()),
        (RECIPE, recipe.to_string()),
    ];
    tags.into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// The value of a tag.
pub fn value<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter()
        .find(|tag| tag.key() == Some(key))
        .and_then(Tag::value)
}

/// A tag's value in whole seconds.
pub fn seconds(tags: &[Tag], key: &str) -> Option<Duration> {
    value(tags, key)?.parse().ok().map(Duration::from_secs)
}
