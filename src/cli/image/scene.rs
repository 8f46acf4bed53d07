//! What every command about images starts with: a configuration, its pool, and a bakery.

use super::trouble::ImageError;
use super::{Whose, refuse};
use crate::aws::Clients;
use crate::aws::bakery::Bakery;
use crate::cli::connect;
use crate::cli::exit::Exit;
use crate::config::{CloudSettings, Ec2Settings, Settings};
use crate::image::Image;
use crate::model::id::PoolName;
use crate::model::pool::PoolPolicy;
use crate::model::template::ImageSource;
use crate::ports::SystemClock;

/// A configuration whose machines are on EC2, and one of its pools.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) settings: Settings,
    pub(super) pool: PoolName,
}

impl Scene {
    /// Reads the configuration.
    pub(super) fn read(whose: &Whose) -> Result<Self, Exit> {
        let settings = connect::read(&whose.config)?;
        let pool = PoolName::new(whose.pool.as_str());
        let scene = Self { settings, pool };
        scene.places().map_err(|error| refuse(&error))?;
        Ok(scene)
    }

    /// The cloud, and the pool's policy.
    pub(super) fn places(&self) -> Result<(&Ec2Settings, &PoolPolicy), ImageError> {
        let CloudSettings::Ec2(ec2) = &self.settings.config.cloud else {
            return Err(ImageError::NoCloud);
        };
        let pool = self.settings.pools.get(&self.pool);
        let pool = pool.ok_or_else(|| ImageError::NoPool(self.pool.clone()))?;
        Ok((ec2, &pool.policy))
    }

    /// What makes, tries and names the deployment's images.
    pub(super) async fn bakery(&self) -> Result<Bakery<SystemClock>, ImageError> {
        let (ec2, _) = self.places()?;
        let clients = Clients::connect(ec2).await?;
        let deployment = self.settings.deployment.clone();
        Ok(Bakery::new(clients, deployment, SystemClock))
    }

    /// The parameter that names the pool's image, if it is one that can be written.
    pub(super) fn parameter(&self) -> Result<&str, ImageError> {
        let (_, policy) = self.places()?;
        let refused = |found: String| ImageError::NoParameter {
            pool: self.pool.clone(),
            found,
        };
        match &policy.template.image {
            Some(ImageSource::Parameter(name)) if name.starts_with("/aws/") => {
                Err(refused(format!("{name} is AWS's own")))
            }
            Some(ImageSource::Parameter(name)) if name.contains(':') => {
                Err(refused(format!("{name} is one version of a parameter")))
            }
            Some(ImageSource::Parameter(name)) => Ok(name),
            Some(ImageSource::Id(id)) => Err(refused(format!("its image is {id}"))),
            None => Err(refused("its image is the launch template's".to_owned())),
        }
    }

    /// The pool's own images, oldest first.
    pub(super) async fn images(
        &self,
        bakery: &Bakery<SystemClock>,
    ) -> Result<Vec<Image>, ImageError> {
        let mut images = bakery.images().await?;
        images.retain(|image| image.pool == self.pool);
        Ok(images)
    }
}
