//! What a build does: launch a builder, make an image, end and remove.

use aws_sdk_ec2::types::{
    InstanceType, LaunchTemplateSpecification, ResourceType, ShutdownBehavior, Tag,
    TagSpecification,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::look::verdict_word;
use super::{Bakery, Trouble};
use crate::aws::failure::{Class, Failure};
use crate::aws::tags;
use crate::image::build::Order;
use crate::image::{Builder, Image, Verdict};
use crate::model::id::{ImageId, MachineId};
use crate::model::template::LaunchTemplate;
use crate::model::time::Timestamp;
use crate::ports::Clock;

/// How a builder is launched: from its pool's template, but for what a builder has of its own.
#[derive(Clone, Debug)]
pub struct BuilderLaunch {
    /// The pool's template: network, role and disk.
    pub template: LaunchTemplate,
    /// The image that the builder boots.
    pub source: ImageId,
    /// Its size.
    pub instance_type: String,
    /// Where it stands.
    pub subnet: String,
    /// What it is told.
    pub user_data: String,
}

impl<K: Clock> Bakery<K> {
    /// Launches a builder. The same moment gives the same token, so that a call whose answer was
    /// lost can be made again.
    ///
    /// # Errors
    /// It was not launched, or nobody knows.
    pub async fn launch(
        &self,
        order: &Order,
        launch: &BuilderLaunch,
        begun_at: Timestamp,
    ) -> Result<MachineId, Trouble> {
        let template = LaunchTemplateSpecification::builder()
            .launch_template_id(&launch.template.id)
            .version(launch.template.version.to_string())
            .build();
        let token = format!("image-{}-{}", order.recipe, begun_at.as_millis());
        let call = self.clients.ec2.run_instances();
        let call = call
            .launch_template(template)
            .image_id(launch.source.as_str())
            .instance_type(InstanceType::from(launch.instance_type.as_str()))
            .subnet_id(&launch.subnet)
            .user_data(STANDARD.encode(&launch.user_data))
            // It has to be there, powered off, until its image is.
            .instance_initiated_shutdown_behavior(ShutdownBehavior::Stop)
            .tag_specifications(self.tagged(ResourceType::Instance, order))
            .tag_specifications(self.tagged(ResourceType::Volume, order))
            .client_token(token)
            .min_count(1)
            .max_count(1);
        let answer = call.send().await.map_err(Failure::from)?;
        let machine = answer.instances().first().and_then(|it| it.instance_id());
        let nothing = || Trouble::Passing("the launch gave no machine".to_owned());
        machine.map(MachineId::new).ok_or_else(nothing)
    }

    /// Makes an image of a builder. Its name is the builder's own, so that there are never two.
    pub(super) async fn make(&self, order: &Order, builder: &Builder) -> Result<ImageId, Trouble> {
        let id = builder.id.as_str();
        let number = id.strip_prefix("i-").unwrap_or(id);
        let name = format!("dayfly-{}-{}-{number}", self.deployment, order.pool);
        let call = self.clients.ec2.create_image().instance_id(id).name(name);
        let call = call
            .description(format!("Dayfly's machines of pool {}", order.pool))
            .tag_specifications(self.tagged(ResourceType::Image, order))
            .tag_specifications(self.tagged(ResourceType::Snapshot, order));
        let answer = call.send().await.map_err(Failure::from)?;
        let nothing = || Trouble::Passing("the call gave no image".to_owned());
        answer.image_id().map(ImageId::new).ok_or_else(nothing)
    }

    /// Ends a builder; one that is gone counts as ended.
    ///
    /// # Errors
    /// It was not ended, or nobody knows.
    pub async fn end(&self, id: &MachineId) -> Result<(), Trouble> {
        let call = self.clients.ec2.terminate_instances();
        let answer = call.instance_ids(id.as_str()).send().await;
        done(answer.map_err(Failure::from).map(drop))
    }

    /// Gives an image up and removes what lies under it; what is gone counts as removed.
    ///
    /// # Errors
    /// A part of it is still there.
    pub async fn remove(&self, image: &Image) -> Result<(), Trouble> {
        let call = self.clients.ec2.deregister_image();
        let answer = call.image_id(image.id.as_str()).send().await;
        done(answer.map_err(Failure::from).map(drop))?;
        for snapshot in &image.snapshots {
            self.remove_snapshot(snapshot).await?;
        }
        Ok(())
    }

    pub(super) async fn remove_snapshot(&self, id: &str) -> Result<(), Trouble> {
        let call = self.clients.ec2.delete_snapshot().snapshot_id(id);
        done(call.send().await.map_err(Failure::from).map(drop))
    }

    /// Writes down what trials have said of an image of ours.
    ///
    /// # Errors
    /// It was not written.
    pub async fn judge(&self, image: &ImageId, verdict: &Verdict) -> Result<(), Trouble> {
        let tag = Tag::builder().key(tags::VERDICT);
        let tag = tag.value(verdict_word(verdict)).build();
        let call = self.clients.ec2.create_tags();
        let answer = call.resources(image.as_str()).tags(tag).send().await;
        answer.map_err(Failure::from)?;
        Ok(())
    }

    fn tagged(&self, kind: ResourceType, order: &Order) -> TagSpecification {
        let mut tags = tags::of_build(&self.deployment, &order.pool, &order.recipe);
        if kind == ResourceType::Instance {
            // For whoever finds it later, with other limits in mind.
            let lifetime = (order.builder_limit + order.image_limit).as_secs();
            let tag = Tag::builder().key(tags::LIFETIME);
            tags.push(tag.value(lifetime.to_string()).build());
        }
        TagSpecification::builder()
            .resource_type(kind)
            .set_tags(Some(tags))
            .build()
    }
}

/// What is not there any more need not be ended or removed.
fn done(answer: Result<(), Failure>) -> Result<(), Trouble> {
    let gone = [
        "InvalidAMIID.NotFound",
        "InvalidAMIID.Unavailable",
        "InvalidSnapshot.NotFound",
    ];
    match answer {
        Err(failure)
            if failure.class == Class::NotFound
                || gone.iter().any(|code| failure.word.starts_with(code)) =>
        {
            Ok(())
        }
        answer => Ok(answer?),
    }
}
