//! Filters of describes: every filter has to fit, with any of its values; `*` and `?` are wild.

use super::error::{self, Refusal};
use super::form::Form;
use super::machine::MachineRecord;
use super::status::status_word;
use super::xml::Stamp;
use dayfly::model::offer::Market;

/// How the filters begin that look at one tag; among those that are known, it stands for all.
const TAG: &str = "tag:";

/// One filter of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

impl Filter {
    /// All filters of a request, each of which has to be known.
    pub(super) fn read(form: &Form, known: &[&str]) -> Result<Vec<Self>, Refusal> {
        let each = |item: Form| {
            let values = item.list("Value").into_iter().map(str::to_owned);
            let filter = Self {
                name: item.required("Name")?.to_owned(),
                values: values.collect(),
            };
            filter.check(known).map(|()| filter)
        };
        form.items("Filter").into_iter().map(each).collect()
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

/// Whether a machine fits a filter.
pub(super) fn fits(filter: &Filter, machine: &MachineRecord) -> bool {
    if let Some(key) = filter.tag() {
        return machine
            .tags
            .get(key)
            .is_some_and(|value| filter.fits(value));
    }
    match filter.name.as_str() {
        "availability-zone" => filter.fits(&machine.zone),
        "client-token" => filter.fits(machine.client_token.as_deref().unwrap_or_default()),
        "image-id" => filter.fits(&machine.image),
        "instance-id" => filter.fits(&machine.id),
        "instance-lifecycle" => machine.market == Market::Spot && filter.fits("spot"),
        "instance-state-code" => filter.fits(&machine.state.code().to_string()),
        "instance-state-name" => filter.fits(machine.state.name()),
        "instance-status.status" | "system-status.status" => filter.fits(status_word(machine)),
        "instance-type" => filter.fits(&machine.instance_type),
        "launch-time" => filter.fits(&Stamp(machine.launched_at).to_string()),
        "subnet-id" => filter.fits(&machine.subnet),
        _tag_key => machine.tags.keys().any(|key| filter.fits(key)),
    }
}

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
