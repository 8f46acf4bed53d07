//! The agent's clock: the computer's at the start, and from then on never set by anyone.
//!
//! A machine's clock jumps when it first meets a time server, which is just when the agent starts;
//! the ten-minute rule must not take that for silence.

use std::time::Duration;

use tokio::time::{Instant, Sleep};

use dayfly::model::time::Timestamp;
use dayfly::ports::{Clock, SystemClock};

/// Tells the time, and wakes at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct SteadyClock {
    started_at: Timestamp,
    started: Instant,
}

/// Nothing waits for longer in one piece; whoever waited asks again.
const SLEEP_MAX: Duration = Duration::from_secs(3600);

impl SteadyClock {
    /// A clock that agrees with the computer's now.
    pub(super) fn start() -> Self {
        Self {
            started_at: SystemClock.now(),
            started: Instant::now(),
        }
    }

    /// Sleeps until the moment, or an hour if there is none.
    pub(super) fn until(&self, moment: Option<Timestamp>) -> Sleep {
        let span = moment.map_or(SLEEP_MAX, |moment| moment.since(self.now()));
        tokio::time::sleep(span.min(SLEEP_MAX))
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        self.started_at.plus(self.started.elapsed())
    }
}
