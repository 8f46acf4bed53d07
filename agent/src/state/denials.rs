//! How often in a row the hub itself has denied that it knows us, and since when. One denial proves
//! nothing: a hub that is being deployed or loses its organization header answers 404, too.

use std::time::Duration;

use super::CallFailure;
use dayfly::model::time::Timestamp;

/// This many in a row are believed at the earliest.
const DENIALS_MIN: u32 = 3;
/// Where a job or a registration depends on it, the first denial of the row has to be this old.
pub(super) const CONFIRMED_AFTER: Duration = Duration::from_secs(60);

/// A row of denials, without any other answer in between.
#[derive(Clone, Debug, Default)]
pub(super) struct Denials {
    count: u32,
    since: Option<Timestamp>,
}

impl Denials {
    /// Takes in how a call failed; a refusal with one of the statuses is a denial, and so is one
    /// that no retry can heal. Every other answer ends the row, and no answer says nothing.
    pub(super) fn add(&mut self, failure: CallFailure, statuses: &[u16], now: Timestamp) {
        let is_denial = match failure {
            CallFailure::Refused(status) => statuses.contains(&status),
            CallFailure::Hopeless => true,
            CallFailure::Foreign(_) => false,
            CallFailure::Unanswered => return,
        };
        if is_denial {
            self.count += 1;
            self.since.get_or_insert(now);
        } else {
            self.clear();
        }
    }

    /// A success ends the row.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether the hub has denied it often enough, and for this long.
    pub(super) fn are_confirmed(&self, over: Duration, now: Timestamp) -> bool {
        let is_old = self.since.is_some_and(|since| over <= now.since(since));
        DENIALS_MIN <= self.count && is_old
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dayfly::hub::wire::answer::Foreign;

    #[test]
    fn row_of_denials_is_confirmed_by_count_and_age() {
        let mut denials = Denials::default();
        let at = |seconds: u64| Timestamp::from_seconds(1_790_000_000 + seconds);
        let denial = CallFailure::Refused(404);
        denials.add(denial, &[404], at(0));
        denials.add(denial, &[404], at(30));
        denials.add(CallFailure::Unanswered, &[404], at(31));
        assert!(!denials.are_confirmed(Duration::ZERO, at(99)), "two");
        denials.add(denial, &[404], at(59));
        assert!(denials.are_confirmed(Duration::ZERO, at(59)));
        assert!(!denials.are_confirmed(CONFIRMED_AFTER, at(59)));
        assert!(denials.are_confirmed(CONFIRMED_AFTER, at(60)));
        denials.add(CallFailure::Foreign(Foreign::Html), &[404], at(61));
        denials.add(denial, &[404], at(62));
        assert!(!denials.are_confirmed(Duration::ZERO, at(200)), "a new row");
        denials.add(CallFailure::Refused(401), &[404], at(63));
        denials.add(denial, &[404], at(64));
        denials.add(denial, &[404], at(65));
        assert!(!denials.are_confirmed(Duration::ZERO, at(200)), "a new row");
    }
}
