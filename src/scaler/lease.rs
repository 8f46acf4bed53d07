//! Who may apply: what a replica knows of the lease, and how long it may rely on it. Pure.
//!
//! What must stay true: a replica starts nothing after the moment at which another one, whose
//! clock goes a little ahead, could take the lease. What is not here: the question itself
//! (`ports::Lease`), and fencing: EC2 knows none, so what a late call can do is bounded by launch
//! tokens (decision 0009).

use std::fmt;
use std::time::Duration;

use crate::model::id::Replica;
use crate::model::time::Timestamp;
use crate::ports::{Claim, LeaseError};

/// How far the clocks of two replicas may be apart: NTP holds them within a fraction of a second,
/// and a computer that has just woken up is off by more only until its next tick.
const CLOCKS_APART: Duration = Duration::from_secs(5);
/// How long a call that was sent may be on its way before the cloud acts on it.
const CALL_ON_ITS_WAY: Duration = Duration::from_secs(5);
/// How long a lease lasts, and when its holder stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// From a claim to the moment at which another replica may take the lease.
    pub length: Duration,
    /// How long before that moment its holder starts nothing more.
    pub margin: Duration,
}

impl Terms {
    /// Terms for replicas that tick this often, and whose questions may take that long.
    ///
    /// A tick whose questions take all the time they may can still apply, and one claim that
    /// fails, mostly two, stops nothing. A holder that vanished is replaced after the length, at
    /// the other's next tick: three quarters of a minute with the default settings.
    pub fn new(interval: Duration, questions: Duration) -> Self {
        let margin = CLOCKS_APART + CALL_ON_ITS_WAY;
        Self {
            length: interval * 2 + questions + margin,
            margin,
        }
    }
}

/// What a replica remembers of its own lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tenure {
    /// Until when another replica has to leave it to us, as far as we know.
    until: Option<Timestamp>,
}

/// Whether a replica may apply, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no other.
    Alone,
    /// It holds the lease.
    Holder {
        /// Starts nothing after this moment.
        until: Timestamp,
    },
    /// Its claim was not answered, and what it had before still lasts.
    Unconfirmed {
        /// Starts nothing after this moment.
        until: Timestamp,
        /// Why there is no answer.
        error: LeaseError,
    },
    /// Another holds the lease: it observes and plans, so that it can go on at any tick.
    Standby {
        /// Who, and until when, if that was told.
        holder: Option<(Replica, Timestamp)>,
    },
    /// It has none: its claim was not answered, or its lease was over before it could apply.
    Without {
        /// Why there is no answer, if that is the reason.
        error: Option<LeaseError>,
    },
}

/// What a standing allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// Apply, and take the time that it takes.
    Unlimited,
    /// Apply, and drop what is not done within this span.
    Within(Duration),
    /// Change nothing.
    Nothing,
}

impl Tenure {
    /// Whether there may be a lease to give back.
    pub fn is_held(self) -> bool {
        self.until.is_some()
    }

    /// Takes in the answer to a claim that was made at `asked_at`, and says where we stand.
    pub fn answered(
        &mut self,
        answer: Result<Claim, LeaseError>,
        terms: Terms,
        asked_at: Timestamp,
        now: Timestamp,
    ) -> Standing {
        let usable = |until: Timestamp| {
            let until = until.minus(terms.margin);
            (now < until).then_some(until)
        };
        match answer {
            Ok(Claim::Alone) => Standing::Alone,
            Ok(Claim::Granted) => {
                // Counted from the question: the answer may have been on its way for long.
                let until = asked_at.plus(terms.length);
                self.until = Some(until);
                match usable(until) {
                    Some(until) => Standing::Holder { until },
                    None => Standing::Without { error: None },
                }
            }
            Ok(Claim::Held { by }) => {
                self.until = None;
                Standing::Standby { holder: by }
            }
            Err(error) => match self.until.and_then(usable) {
                Some(until) => Standing::Unconfirmed { until, error },
                None => Standing::Without { error: Some(error) },
            },
        }
    }
}

impl Standing {
    /// The same standing at a later moment of the tick, which may have outlived the lease.
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Holder { until } if until <= now => Self::Without { error: None },
            Self::Unconfirmed { until, error } if until <= now => {
                Self::Without { error: Some(error) }
            }
            Self::Alone
            | Self::Holder { .. }
            | Self::Unconfirmed { .. }
            | Self::Standby { .. }
            | Self::Without { .. } => self,
        }
    }

    /// What may be done from now on.
    pub fn permit(&self, now: Timestamp) -> Permit {
        match self {
            Self::Alone => Permit::Unlimited,
            Self::Holder { until } | Self::Unconfirmed { until, .. } if now < *until => {
                Permit::Within(until.since(now))
            }
            Self::Holder { .. }
            | Self::Unconfirmed { .. }
            | Self::Standby { .. }
            | Self::Without { .. } => Permit::Nothing,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Alone => "alone",
            Self::Holder { .. } => "holder",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Standby { .. } => "standby",
            Self::Without { .. } => "without",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        length: Duration::from_secs(60),
        margin: Duration::from_secs(10),
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1000 + seconds)
    }

    fn silence() -> LeaseError {
        LeaseError {
            place: "table leases".to_owned(),
            reason: "no route".to_owned(),
        }
    }

    #[test]
    fn a_holder_counts_from_its_question_and_stops_a_margin_early() {
        let mut tenure = Tenure::default();
        let standing = tenure.answered(Ok(Claim::Granted), TERMS, at(0), at(4));
        assert_eq!(standing, Standing::Holder { until: at(50) });
        assert_eq!(
            standing.permit(at(20)),
            Permit::Within(Duration::from_secs(30))
        );
        assert_eq!(standing.permit(at(50)), Permit::Nothing);
        assert_eq!(standing.at(at(50)), Standing::Without { error: None });
    }

    #[test]
    fn a_grant_that_was_on_its_way_for_too_long_is_none() {
        let mut tenure = Tenure::default();
        let standing = tenure.answered(Ok(Claim::Granted), TERMS, at(0), at(50));
        assert_eq!(standing, Standing::Without { error: None });
        assert!(tenure.is_held(), "the table says that it is ours");
    }

    #[test]
    fn without_answers_a_holder_goes_on_until_its_lease_ends_and_no_longer() {
        let mut tenure = Tenure::default();
        tenure.answered(Ok(Claim::Granted), TERMS, at(0), at(0));
        let standing = tenure.answered(Err(silence()), TERMS, at(40), at(45));
        let error = silence();
        assert_eq!(
            standing,
            Standing::Unconfirmed {
                until: at(50),
                error
            }
        );
        assert_eq!(
            standing.permit(at(45)),
            Permit::Within(Duration::from_secs(5))
        );
        let standing = tenure.answered(Err(silence()), TERMS, at(50), at(55));
        let error = Some(silence());
        assert_eq!(standing, Standing::Without { error });
        assert_eq!(standing.permit(at(55)), Permit::Nothing);
    }

    #[test]
    fn the_tables_word_counts_more_than_what_a_holder_believes() {
        let mut tenure = Tenure::default();
        tenure.answered(Ok(Claim::Granted), TERMS, at(0), at(0));
        let other = (Replica::new("b"), at(70));
        let by = Some(other.clone());
        let standing = tenure.answered(Ok(Claim::Held { by }), TERMS, at(10), at(10));
        let holder = Some(other);
        assert_eq!(standing, Standing::Standby { holder });
        let standing = tenure.answered(Err(silence()), TERMS, at(20), at(20));
        assert_eq!(standing.permit(at(20)), Permit::Nothing);
        assert!(!tenure.is_held());
    }

    #[test]
    fn a_tick_whose_questions_take_all_their_time_can_still_apply_after_one_lost_claim() {
        for (interval, questions) in [(1, 30), (10, 30), (10, 300), (3600, 30)] {
            let (interval, questions) = (
                Duration::from_secs(interval),
                Duration::from_secs(questions),
            );
            let terms = Terms::new(interval, questions);
            let mut tenure = Tenure::default();
            tenure.answered(Ok(Claim::Granted), terms, at(0), at(0));
            let next = at(0).plus(interval);
            let standing = tenure.answered(Err(silence()), terms, next, next);
            let permit = standing.permit(next.plus(questions));
            assert_eq!(permit, Permit::Within(interval), "{terms:?}");
        }
    }
}
