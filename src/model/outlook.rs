//! What the scaler expects of a pool: how much of it is worth keeping ready, and why.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::BlockKind;

/// What earlier ticks make worth doing ahead of demand. A hint: a wrong one costs money.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// A boot that takes longer is not counted upon any more, and replaced if a job waits for it.
    /// `None` while too few boots were seen.
    pub overdue_after: Option<Duration>,
    /// How many machines more pay when 1, 2, … jobs have none: the fastest boots take the jobs.
    pub race: Vec<u32>,
    /// Machines worth keeping ready now, and the evidence.
    pub expectation: Expectation,
    /// The block of a running pipeline that most of them are for, if any are for such blocks.
    #[serde(default)]
    pub next_block: Option<NextBlock>,
}

/// A block that a running pipeline is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextBlock {
    /// Its project, file and name.
    pub kind: BlockKind,
    /// How many jobs it brings, with those of blocks that begin with it.
    pub jobs: u32,
    /// The chance that it begins while a machine boots.
    pub percent: u32,
}

impl Outlook {
    /// How many machines more pay for that many jobs; beyond the table in proportion to its end.
    pub fn race_for(&self, jobs: u32) -> u32 {
        let Some(last) = self.race.last() else {
            return 0;
        };
        let length = u32::try_from(self.race.len()).unwrap_or(u32::MAX);
        match jobs.checked_sub(1) {
            None => 0,
            Some(at) if at < length => self.race.get(at as usize).copied().unwrap_or(0),
            Some(_) => {
                let scaled = u64::from(*last) * u64::from(jobs) / u64::from(length);
                u32::try_from(scaled).unwrap_or(u32::MAX)
            }
        }
    }
}

/// Machines that are worth keeping ready at a moment, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// For jobs that may come while a machine boots, by what such moments have brought.
    pub likely: u32,
    /// For jobs that come at this time of every such day.
    pub scheduled: u32,
    /// For the next blocks of running pipelines, beyond those.
    #[serde(default)]
    pub blocks: u32,
    /// Jobs that an hour like this one brings.
    pub jobs_per_hour: u32,
    /// From launch to a registered agent, in the mean.
    pub boot: Duration,
    /// Seconds of a machine that a second of waiting is worth.
    pub waiting_worth: u32,
    /// What that follows from, where a wanted wait decides it.
    #[serde(default)]
    pub wanted_wait: Option<WantedWait>,
    /// Machine time of the last day that no job used, in percent of what jobs used.
    pub overhead_percent: u32,
    /// That is more than allowed: nothing is launched ahead of demand.
    pub exhausted: bool,
}

/// How long nineteen jobs in twenty are to wait at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedWait {
    /// By the configuration.
    pub wanted: Duration,
    /// How long they waited of late, at what a waiting second is worth now; `None` while too few
    /// jobs were seen.
    pub measured: Option<Duration>,
}

impl Expectation {
    /// Machines worth keeping ready, all told.
    pub fn reserve(&self) -> u32 {
        let seen = self.scheduled.saturating_add(self.blocks);
        self.likely.saturating_add(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_race_goes_on_in_proportion_beyond_its_table() {
        let outlook = Outlook {
            race: vec![1, 1, 2, 2],
            ..Outlook::default()
        };
        let of = |jobs| outlook.race_for(jobs);
        assert_eq!(
            [of(0), of(1), of(3), of(4), of(8), of(100)],
            [0, 1, 2, 2, 4, 50]
        );
        assert_eq!(Outlook::default().race_for(5), 0);
    }
}
