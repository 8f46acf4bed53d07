//! The parameter that names an image: what it says, what it said, and another word for it.

use aws_sdk_ssm::types::ParameterType;

use super::{Bakery, Trouble};
use crate::aws::failure::Failure;
use crate::image::history::Version;
use crate::model::id::ImageId;
use crate::ports::Clock;

impl<K: Clock> Bakery<K> {
    /// The image that a parameter names now, with the number of its version; `None` if there is no
    /// such parameter.
    ///
    /// # Errors
    /// It could not be read.
    pub async fn named(&self, parameter: &str) -> Result<Option<Version>, Trouble> {
        let call = self.clients.ssm.get_parameter().name(parameter);
        let answer = call.with_decryption(true).send().await;
        match answer.map_err(Failure::from) {
            Ok(answer) => Ok(answer.parameter().and_then(|row| {
                let image = ImageId::new(row.value()?);
                let number = u64::try_from(row.version()).unwrap_or_default();
                Some(Version { number, image })
            })),
            Err(failure) if is_missing(&failure) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// All that a parameter has named, as far as SSM remembers, oldest first.
    ///
    /// # Errors
    /// A part of it could not be read.
    pub async fn history(&self, parameter: &str) -> Result<Vec<Version>, Trouble> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let call = self.clients.ssm.get_parameter_history().name(parameter);
            let call = call.with_decryption(true).set_next_token(next);
            let page = match call.send().await.map_err(Failure::from) {
                Ok(page) => page,
                Err(failure) if is_missing(&failure) => return Ok(Vec::new()),
                Err(failure) => return Err(failure.into()),
            };
            found.extend(page.parameters().iter().filter_map(|row| {
                let image = ImageId::new(row.value()?);
                let number = u64::try_from(row.version()).unwrap_or_default();
                Some(Version { number, image })
            }));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        found.sort_by_key(|version| version.number);
        Ok(found)
    }

    /// Lets a parameter name another image, and gives the number of the version. A parameter that
    /// is not there yet is made; one that is keeps its type, which SSM does not let change.
    ///
    /// # Errors
    /// It was not written, or nobody knows.
    pub async fn name(&self, parameter: &str, image: &ImageId) -> Result<u64, Trouble> {
        let is_there = self.named(parameter).await?.is_some();
        let call = self.clients.ssm.put_parameter().name(parameter);
        let call = call.value(image.as_str());
        let call = if is_there {
            call.overwrite(true)
        } else {
            call.r#type(ParameterType::String)
        };
        let answer = call.send().await.map_err(Failure::from)?;
        Ok(u64::try_from(answer.version()).unwrap_or_default())
    }
}

fn is_missing(failure: &Failure) -> bool {
    failure.word.starts_with("ParameterNotFound")
}
