//! Which image a parameter named before the one that it names now.

use std::collections::BTreeMap;

use crate::model::id::ImageId;

/// One version of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub number: u64,
    /// The image that it named.
    pub image: ImageId,
}

/// Whether an image can be named again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can.
    Good,
    /// It was rejected, and why.
    Rejected(String),
    /// It cannot be booted, or is no longer there.
    Gone,
}

/// Why there is nothing to go back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nothing {
    /// The earlier images, newest first, and why each cannot be named again.
    pub passed_over: Vec<(ImageId, Standing)>,
}

/// The images that a parameter named, the newest first, each once.
pub fn images(versions: &[Version]) -> Vec<&ImageId> {
    let mut found: Vec<&ImageId> = Vec::new();
    for version in versions.iter().rev() {
        if !found.contains(&&version.image) {
            found.push(&version.image);
        }
    }
    found
}

/// The newest version before the present one that named another image which is still good.
///
/// # Errors
/// There is none.
pub fn previous<'a>(
    versions: &'a [Version],
    standings: &BTreeMap<ImageId, Standing>,
) -> Result<&'a Version, Nothing> {
    let mut passed_over = Vec::new();
    for image in images(versions).into_iter().skip(1) {
        match standings.get(image).unwrap_or(&Standing::Gone) {
            Standing::Good => {
                let mut named = versions.iter().rev().filter(|it| it.image == *image);
                if let Some(version) = named.next() {
                    return Ok(version);
                }
            }
            standing @ (Standing::Rejected(_) | Standing::Gone) => {
                passed_over.push((image.clone(), standing.clone()));
            }
        }
    }
    Err(Nothing { passed_over })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(names: &[&str]) -> Vec<Version> {
        let numbered = (1..).zip(names);
        numbered
            .map(|(number, name)| Version {
                number,
                image: ImageId::new(*name),
            })
            .collect()
    }

    fn standings(rows: &[(&str, Standing)]) -> BTreeMap<ImageId, Standing> {
        let rows = rows.iter();
        rows.map(|(name, standing)| (ImageId::new(*name), standing.clone()))
            .collect()
    }

    #[test]
    fn the_way_back_leads_to_another_image_that_is_good() {
        let all = versions(&["a", "b", "c", "c"]);
        let good = standings(&[("a", Standing::Good), ("b", Standing::Good)]);
        assert_eq!(previous(&all, &good).map(|it| it.number), Ok(2));
        let bad = Standing::Rejected("x".to_owned());
        let one_bad = standings(&[("a", Standing::Good), ("b", bad.clone())]);
        assert_eq!(previous(&all, &one_bad).map(|it| it.number), Ok(1));
        let none = previous(&all, &standings(&[("b", bad.clone())]));
        let passed_over = vec![
            (ImageId::new("b"), bad),
            (ImageId::new("a"), Standing::Gone),
        ];
        assert_eq!(none, Err(Nothing { passed_over }));
    }

    #[test]
    fn going_back_twice_does_not_lead_to_what_was_left() {
        // b was rejected when it was left for a, so that the next way back passes it over.
        let all = versions(&["z", "a", "b", "a"]);
        let rejected = Standing::Rejected("x".to_owned());
        let known = standings(&[("z", Standing::Good), ("b", rejected)]);
        assert_eq!(previous(&all, &known).map(|it| it.number), Ok(1));
        assert!(previous(&versions(&["a"]), &known).is_err());
    }
}
