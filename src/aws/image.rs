//! Images that are named by a parameter, resolved right before a launch.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::failure::{Class, Failure};
use super::throttle::{Bucket, Throttle};
use crate::model::template::ImageSource;

/// For how long an answer is used again: a new image is launched within a minute of its parameter.
const FRESH_FOR: Duration = Duration::from_secs(60);

/// Finds images. Clones share what was found.
#[derive(Clone, Debug)]
pub(super) struct Images {
    ssm: aws_sdk_ssm::Client,
    throttle: Throttle,
    found: Arc<Mutex<BTreeMap<String, (String, Instant)>>>,
}

impl Images {
    pub(super) fn new(ssm: aws_sdk_ssm::Client, throttle: Throttle) -> Self {
        Self {
            ssm,
            throttle,
            found: Arc::default(),
        }
    }

    /// The image's id.
    pub(super) async fn resolve(&self, image: &ImageSource) -> Result<String, Failure> {
        let name = match image {
            ImageSource::Id(id) => return Ok(id.clone()),
            ImageSource::Parameter(name) => name,
        };
        if let Some(id) = self.fresh(name) {
            return Ok(id);
        }
        let patience = Duration::from_secs(2);
        if self
            .throttle
            .take(Bucket::Parameters, 1, patience)
            .await
            .is_err()
        {
            return Err(Failure {
                class: Class::Throttled,
                word: "parameters are asked for too often".to_owned(),
            });
        }
        let answer = self
            .ssm
            .get_parameter()
            .name(name)
            .with_decryption(true)
            .send()
            .await;
        let answer = answer.map_err(|error| {
            let Failure { class, word } = error.into();
            let word = format!("image parameter {name}: {word}");
            Failure { class, word }
        })?;
        let id = answer
            .parameter()
            .and_then(|it| it.value())
            .unwrap_or_default();
        if !id.starts_with("ami-") {
            let word =
                format!("image parameter {name} holds no image id: expected ami- and hex digits");
            return Err(Failure {
                class: Class::Configuration,
                word,
            });
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert(name.clone(), (id.to_owned(), Instant::now()));
        Ok(id.to_owned())
    }

    fn fresh(&self, name: &str) -> Option<String> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, at) = found.get(name)?;
        (at.elapsed() < FRESH_FOR).then(|| id.clone())
    }
}
