//! Whether this host's clock can be trusted: what others showed in the same moment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// How far two clocks may be apart. The `Date` header of an answer has whole seconds and is as old
/// as the answer's way, and a machine gets a minute of grace before it is terminated for its age.
pub const TOLERANCE: Duration = Duration::from_secs(60);

/// How far this host's clock is ahead of another, in milliseconds; negative if it is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClockOffset(i64);

impl ClockOffset {
    /// From what both clocks showed in the same moment.
    pub fn between(ours: Timestamp, other: Timestamp) -> Self {
        let signed = |at: Timestamp| i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
        Self(signed(ours).saturating_sub(signed(other)))
    }

    /// How far they are apart.
    pub const fn span(self) -> Duration {
        Duration::from_millis(self.0.unsigned_abs())
    }

    /// Whether this host's clock shows the later moment.
    pub const fn is_ahead(self) -> bool {
        0 < self.0
    }
}

/// Whose clock disagrees with this host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockSource {
    /// The hub's.
    Hub,
    /// The cloud's.
    Cloud,
}

/// How far this host's clock is ahead of the clocks of those who answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffsets {
    /// Of the hub's; `None` if its answers did not tell.
    pub hub: Option<ClockOffset>,
    /// Of the cloud's; `None` if its answers did not tell.
    pub cloud: Option<ClockOffset>,
}

/// Another clock that is not within [`TOLERANCE`] of this host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockDisagreement {
    /// Whose clock.
    pub source: ClockSource,
    /// How far this host's clock is ahead of it.
    pub offset: ClockOffset,
}

impl ClockOffsets {
    /// The larger disagreement, if there is one. Which of the clocks is wrong is not known, so no
    /// age that was computed with this host's clock may end anything.
    pub fn disagreement(self) -> Option<ClockDisagreement> {
        let of = |source, offset: Option<ClockOffset>| {
            offset.map(|offset| ClockDisagreement { source, offset })
        };
        let known = [
            of(ClockSource::Hub, self.hub),
            of(ClockSource::Cloud, self.cloud),
        ];
        let known = known.into_iter().flatten();
        known
            .filter(|other| TOLERANCE < other.offset.span())
            .max_by_key(|other| other.offset.span())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_disagree_beyond_a_minute_in_either_direction() {
        let at = Timestamp::from_seconds;
        let offsets = |ours, hub, cloud| ClockOffsets {
            hub: Some(ClockOffset::between(at(ours), at(hub))),
            cloud: Some(ClockOffset::between(at(ours), at(cloud))),
        };
        assert_eq!(ClockOffsets::default().disagreement(), None);
        assert_eq!(offsets(1000, 940, 1060).disagreement(), None);
        let ahead = offsets(1000, 939, 1000).disagreement();
        let ahead = ahead.expect("the hub's clock is 61 s behind");
        assert_eq!(ahead.source, ClockSource::Hub);
        assert!(ahead.offset.is_ahead());
        let behind = offsets(1000, 939, 5000).disagreement();
        let behind = behind.expect("the cloud's clock is far ahead");
        assert_eq!(behind.source, ClockSource::Cloud);
        assert!(!behind.offset.is_ahead());
        assert_eq!(behind.offset.span(), Duration::from_secs(4000));
    }
}
