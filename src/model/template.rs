//! What machines are launched from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::id::TemplateVersion;

/// A launch template in one version, and perhaps another image than the template's own.
///
/// A launch order carries it whole. The request to the cloud, the machine's tag and the order's
/// token are made of this one value, so that they cannot be of two configurations.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaunchTemplate {
    /// Its id, such as `lt-0123456789abcdef0`.
    pub id: String,
    /// Its version, a number: a version that moves would change machines behind the breaker's back.
    pub version: u32,
    /// Another image than the template's.
    pub image: Option<ImageSource>,
}

/// Where a pool's image is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageSource {
    /// Here: `ami-…`.
    Id(String),
    /// In a parameter of SSM, read again before launches.
    Parameter(String),
}

/// A text that names no launch template.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("found {found:?}, expected a launch template and its version, such as lt-0123abcd:7")]
pub struct TemplateError {
    /// The text.
    pub found: String,
}

impl LaunchTemplate {
    /// The template with its own image.
    pub fn new(id: impl Into<String>, version: u32) -> Self {
        Self {
            id: id.into(),
            version,
            image: None,
        }
    }

    /// Machines on this computer are all launched from the same: the program itself.
    pub fn of_process() -> Self {
        Self::new("process", 1)
    }

    /// The same template with another image.
    #[must_use]
    pub fn with_image(self, image: ImageSource) -> Self {
        Self {
            image: Some(image),
            ..self
        }
    }

    /// What its machines are tagged with and failed boots are counted by: another version or image
    /// is another boot.
    pub fn tag(&self) -> TemplateVersion {
        TemplateVersion::new(self.to_string())
    }
}

impl fmt::Display for LaunchTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, version, image } = self;
        write!(formatter, "{id}:{version}")?;
        match image {
            Some(ImageSource::Id(image) | ImageSource::Parameter(image)) => {
                write!(formatter, " {image}")
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for LaunchTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// From the text of a tag or a recording. An image that begins with `ami-` is an id.
impl FromStr for LaunchTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let (template, image) = match text.split_once(' ') {
            Some((template, image)) => (template, Some(image)),
            None => (text, None),
        };
        let parts = template.rsplit_once(':');
        let parts = parts.and_then(|(id, version)| Some((id, version.parse().ok()?)));
        let Some((id, version)) = parts else {
            let found = text.to_owned();
            return Err(TemplateError { found });
        };
        Ok(Self {
            id: id.to_owned(),
            version,
            image: image.map(|image| match image.starts_with("ami-") {
                true => ImageSource::Id(image.to_owned()),
                false => ImageSource::Parameter(image.to_owned()),
            }),
        })
    }
}

impl Serialize for LaunchTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LaunchTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_text_is_read_as_it_is_written() {
        let own = LaunchTemplate::new("lt-1", 7);
        let id = own.clone().with_image(ImageSource::Id("ami-1".to_owned()));
        let named = ImageSource::Parameter("/dayfly/image:2".to_owned());
        let named = own.clone().with_image(named);
        let texts = ["lt-1:7", "lt-1:7 ami-1", "lt-1:7 /dayfly/image:2"];
        for (template, text) in [own, id, named].into_iter().zip(texts) {
            assert_eq!(template.tag().as_str(), text);
            assert_eq!(text.parse(), Ok(template));
        }
    }

    #[test]
    fn template_without_a_version_is_refused() {
        for text in ["", "lt-1", "lt-1:", "lt-1:latest ami-1"] {
            let error = text.parse::<LaunchTemplate>().expect_err(text);
            assert_eq!(error.found, text);
        }
    }
}
