//! Pages of lists: how many, and from where on.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::api::{PageRequest, Rows};
use super::error::{self, Refusal, invalid};

/// What part of a list a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The key of the first item that may be on it.
    pub(super) from: u64,
    /// How many items at most.
    pub(super) items_max: usize,
}

impl Page {
    /// As many as `max_results` says, which has to be in `allowed`; or everything.
    pub(super) fn read(
        request: &PageRequest,
        allowed: RangeInclusive<u32>,
    ) -> Result<Self, Refusal> {
        let wanted = request.max_results;
        if let Some(wanted) = wanted.filter(|wanted| !allowed.contains(wanted)) {
            return Err(invalid("MaxResults", &wanted.to_string()));
        }
        let token = request.next_token.as_deref();
        let from = match token.filter(|token| !token.is_empty()) {
            None => 0,
            Some(token) => read_token(token).ok_or(Refusal::from(error::NEXT_TOKEN))?,
        };
        let wanted = wanted.and_then(|wanted| usize::try_from(wanted).ok());
        Ok(Self {
            from,
            items_max: wanted.unwrap_or(usize::MAX),
        })
    }

    /// The items of the page, and the token of the next one.
    pub(super) fn cut<T>(self, items: impl Iterator<Item = (u64, T)>) -> Rows<T> {
        let (mut rows, mut next_token) = (Vec::new(), None);
        for (key, item) in items {
            if rows.len() == self.items_max {
                next_token = Some(STANDARD.encode(format!("from {key}")));
                break;
            }
            rows.push(item);
        }
        Rows { rows, next_token }
    }
}

fn read_token(token: &str) -> Option<u64> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix("from ")?.parse().ok()
}
