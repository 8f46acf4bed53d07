//! Filters of describes: every filter has to fit, with any of its values; `*` and `?` are wild.

use super::error::{self, Refusal};
use super::machine::{MachineRecord, TagMap};
use super::stamp::Stamp;
use dayfly::model::offer::Market;

/// How the filters begin that look at one tag; among those that are known, it stands for all.
const TAG: &str = "tag:";

/// One filter of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The attribute that it compares, such as `instance-state-name` or `tag:NAME`.
    pub name: String,
    /// Any of them has to fit; `*` and `?` are wild.
    pub values: Vec<String>,
}

/// Refuses a filter that is not in `known`.
pub(super) fn check_all(filters: &[Filter], known: &[&str]) -> Result<(), Refusal> {
    filters.iter().try_for_each(|filter| filter.check(known))
}

impl Filter {
    /// A filter for one value.
    pub fn new(name: &str, value: &str) -> Self {
        Self {
            name: name.to_owned(),
            values: vec![value.to_owned()],
        }
    }

    /// A filter's refusal if it is none of those that are known.
    fn check(&self, known: &[&str]) -> Result<(), Refusal> {
        let is_tag = self.tag().is_some() && known.contains(&TAG);
        if known.contains(&self.name.as_str()) || is_tag {
            return Ok(());
        }
        let text = format!("The filter '{}' is invalid", self.name);
        Err(Refusal::new(error::VALUE, text))
    }

    /// The key, if it looks at one tag.
    pub(super) fn tag(&self) -> Option<&str> {
        self.name.strip_prefix(TAG)
    }

    /// The one tag that it asks for, if it does so without anything wild.
    pub(super) fn exact_tag(&self) -> Option<(String, String)> {
        let [value] = self.values.as_slice() else {
            return None;
        };
        let key = self.tag().filter(|_| !value.contains(['*', '?']))?;
        Some((key.to_owned(), value.clone()))
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        self.values.iter().any(|pattern| {
            if pattern.contains(['*', '?']) {
                is_like(text.as_bytes(), pattern.as_bytes())
            } else {
                pattern == text
            }
        })
    }

    /// Whether a machine fits it.
    pub(super) fn fits_machine(&self, machine: &MachineRecord) -> bool {
        if let Some(key) = self.tag() {
            return self.fits_tag(key, &machine.tags);
        }
        match self.name.as_str() {
            "availability-zone" => self.fits(&machine.zone),
            "client-token" => self.fits(machine.client_token.as_deref().unwrap_or_default()),
            "image-id" => self.fits(&machine.image),
            "instance-id" => self.fits(&machine.id),
            "instance-lifecycle" => machine.market == Market::Spot && self.fits("spot"),
            "instance-state-code" => self.fits(&machine.state.code().to_string()),
            "instance-state-name" => self.fits(machine.state.name()),
            "instance-status.status" | "system-status.status" => self.fits(machine.status_word()),
            "instance-type" => self.fits(&machine.instance_type),
            "launch-time" => self.fits(&Stamp(machine.launched_at).to_string()),
            "subnet-id" => self.fits(&machine.subnet),
            _tag_key => machine.tags.keys().any(|key| self.fits(key)),
        }
    }

    /// Whether the tag of a key fits it.
    pub(super) fn fits_tag(&self, key: &str, tags: &TagMap) -> bool {
        tags.get(key).is_some_and(|value| self.fits(value))
    }
}

/// The filters of machines.
pub(super) const OF_MACHINES: [&str; 12] = [
    TAG,
    "availability-zone",
    "client-token",
    "image-id",
    "instance-id",
    "instance-lifecycle",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "launch-time",
    "subnet-id",
    "tag-key",
];

/// The filters of status checks, which do not look at tags.
pub(super) const OF_STATUSES: [&str; 5] = [
    "availability-zone",
    "instance-state-code",
    "instance-state-name",
    "instance-status.status",
    "system-status.status",
];

/// Remembers the last star, and lets it take one more when what follows does not fit.
fn is_like(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut wanted, mut star) = (0, 0, None);
    while at < text.len() {
        match pattern.get(wanted) {
            Some(b'*') => {
                star = Some((at, wanted));
                wanted += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[at] => {
                at += 1;
                wanted += 1;
            }
            Some(_) | None => match star {
                Some((from, place)) => {
                    star = Some((from + 1, place));
                    at = from + 1;
                    wanted = place + 1;
                }
                None => return false,
            },
        }
    }
    pattern[wanted..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_are_wild() {
        let like = |text: &str, pattern: &str| is_like(text.as_bytes(), pattern.as_bytes());
        assert!(like("c7i.large", "c7?.*"));
        assert!(like("abab", "*ab"));
        assert!(like("", "*"));
        assert!(!like("c7i.large", "c7?"));
        assert!(!like("", "?"));
    }
}
