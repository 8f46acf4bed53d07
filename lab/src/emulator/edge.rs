//! The edge in front of an emulated server: it replaces a share of all answers by foreign ones.
//!
//! Half of the replaced answers are given without the server seeing the request; for the other
//! half the server has acted, and its answer is lost. The edge draws no numbers itself: the
//! server passes its seeded draws, so that the same seed and requests give the same answers.

use super::foreign::ForeignAnswer;
use dayfly::model::time::Timestamp;

/// `faults_per_million` of a hundred percent.
pub const MILLION: u32 = 1_000_000;

/// What an edge does to answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgeSettings {
    /// How many of a million answers are replaced.
    pub faults_per_million: u32,
    /// By what; every foreign answer if empty.
    pub kinds: Vec<ForeignAnswer>,
    /// From the first moment until just before the second; always if `None`.
    pub window: Option<(Timestamp, Timestamp)>,
    /// The server sees none of the requests whose answers are replaced.
    pub is_before: bool,
}

/// What the edge does to one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeFault {
    /// The server does not see the request.
    Unseen(ForeignAnswer),
    /// The server acts, and its answer is replaced.
    AnswerLost(ForeignAnswer),
}

impl EdgeSettings {
    /// What becomes of one answer. `draw(n)` gives a number below `n`; it is called three times
    /// within the window, so that a fault moves no later one.
    pub fn fault(&self, now: Timestamp, mut draw: impl FnMut(u32) -> u32) -> Option<EdgeFault> {
        if self
            .window
            .is_some_and(|(from, until)| now < from || until <= now)
        {
            return None;
        }
        let kinds = match self.kinds.as_slice() {
            [] => ForeignAnswer::ALL.as_slice(),
            kinds => kinds,
        };
        let (share, side) = (draw(MILLION), draw(2));
        let index = draw(u32::try_from(kinds.len()).unwrap_or(u32::MAX));
        let foreign = kinds.get(usize::try_from(index).unwrap_or_default())?;
        let fault = match side {
            _ if self.is_before => EdgeFault::Unseen(*foreign),
            0 => EdgeFault::Unseen(*foreign),
            _ => EdgeFault::AnswerLost(*foreign),
        };
        (share < self.faults_per_million).then_some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of ten thousand answers are replaced, over all shares.
    fn replaced(settings: &EdgeSettings, now: u64) -> usize {
        let now = Timestamp::from_seconds(now);
        let faults = (0..10_000).filter_map(|number| {
            settings.fault(now, |below| if below == MILLION { number * 100 } else { 0 })
        });
        faults.count()
    }

    #[test]
    fn share_of_replaced_answers_is_the_rate() {
        let rate = |faults_per_million| EdgeSettings {
            faults_per_million,
            ..EdgeSettings::default()
        };
        assert_eq!(replaced(&rate(0), 0), 0);
        assert_eq!(replaced(&rate(30_000), 0), 300);
        assert_eq!(replaced(&rate(MILLION), 0), 10_000);
    }

    #[test]
    fn answers_outside_the_window_pass() {
        let settings = EdgeSettings {
            faults_per_million: MILLION,
            window: Some((Timestamp::from_seconds(5), Timestamp::from_seconds(9))),
            ..EdgeSettings::default()
        };
        assert_eq!(
            [4, 5, 8, 9].map(|now| replaced(&settings, now)),
            [0, 10_000, 10_000, 0]
        );
    }
}
