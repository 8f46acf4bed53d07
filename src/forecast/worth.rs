//! What a waiting minute has to be worth so that nineteen jobs in twenty wait no longer than wanted.
//!
//! A few worths are tried, one a day at most, and what jobs waited at each is remembered. A dearer
//! one has to bring something: where it does not, as where boots alone take longer than is wanted,
//! it is left again. What is remembered fades, so that each is tried anew after some weeks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::waits::{Taken, Waits};
use crate::model::outlook::WantedWait;
use crate::model::pool::Speed;
use crate::model::time::Timestamp;

/// The worths that are tried. A waiting second saved by the dearest costs a machine a hundred.
pub const WORTHS: [u32; 8] = [1, 3, 5, 10, 17, 30, 60, 100];
/// Where it begins: as `speed = "balanced"`.
const FIRST: usize = 3;
/// A worth is kept for so long at least: days differ less than their hours.
const DAY: Duration = Duration::from_secs(86_400);
/// A worth is kept for so many jobs at least: ten of them are the one in twenty.
const JOBS_MIN: u64 = 200;
/// What is left of them says something until it is less than so many.
const JOBS_KNOWN: u64 = 50;
/// What all jobs of one worth count for at most: those of some weeks ago are outweighed by then.
const JOBS_MAX: u64 = 2000;
/// The weight of one job, of which little is lost when it fades.
const JOB: u32 = 100;
/// What is left after a day of what was remembered: half of it fades in a week.
const KEPT_PERMILLE: u32 = 906;
/// After so many days nothing is left.
const DAYS_MAX: u64 = 100;
/// Waits are told apart in steps of two seconds, up to five minutes.
const STEP: Duration = Duration::from_secs(2);
/// The share of the jobs that may wait for longer, in thousandths.
const LATE_PERMILLE: u64 = 50;

/// What was tried, and what it brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    at: usize,
    /// Since when that worth is tried; nothing where no wait is wanted.
    since: Option<Timestamp>,
    /// The jobs of this time.
    jobs: u64,
    by_worth: Vec<Histogram>,
    #[serde(skip)]
    waits: Waits,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            at: FIRST,
            since: None,
            jobs: 0,
            by_worth: vec![Histogram::default(); WORTHS.len()],
            waits: Waits::default(),
        }
    }
}

impl Search {
    /// Takes in how many jobs came since the last look, and how many wait now.
    pub fn see(&mut self, came: u32, queued: u32, now: Timestamp) {
        if self.since.is_none() {
            return;
        }
        let all_taken = self.waits.see(came, queued, now);
        let Some(here) = self.by_worth.get_mut(self.at) else {
            return;
        };
        for taken in all_taken {
            let weight = taken.jobs.saturating_mul(JOB / 4);
            quarters(taken)
                .into_iter()
                .for_each(|wait| here.add(steps(wait), weight));
            self.jobs = self.jobs.saturating_add(taken.jobs.into());
        }
    }

    /// What a waiting second is worth now to a pool of that speed.
    pub fn worth(&mut self, speed: Speed, now: Timestamp) -> u32 {
        let Some(wanted) = speed.wanted_wait() else {
            self.since = None;
            return speed.waiting_worth();
        };
        // A file may name a place that this program does not have, and a moment that is to come.
        self.at = self.at.min(WORTHS.len() - 1);
        self.by_worth.resize(WORTHS.len(), Histogram::default());
        let since = self.since.filter(|since| *since <= now).unwrap_or(now);
        self.since = Some(since);
        let tried_for = now.since(since);
        if DAY <= tried_for && JOBS_MIN <= self.jobs {
            self.at = self.next(wanted);
            self.since = Some(now);
            self.jobs = 0;
            self.fade(tried_for.as_secs() / DAY.as_secs());
        }
        WORTHS[self.at]
    }

    /// The wait that a speed asks for, and what it was at the worth that is tried now.
    pub fn evidence(&self, speed: Speed) -> Option<WantedWait> {
        Some(WantedWait {
            wanted: speed.wanted_wait()?,
            measured: self.late(self.at),
        })
    }

    /// Believes all of it less: the worth stands, and what it brought is soon outweighed.
    pub fn doubt(&mut self) {
        let few = JOBS_MIN * u64::from(JOB);
        self.by_worth
            .iter_mut()
            .for_each(|waits| waits.weigh_at_most(few));
    }

    fn fade(&mut self, days: u64) {
        for waits in &mut self.by_worth {
            (0..days.min(DAYS_MAX)).for_each(|_| waits.fade(KEPT_PERMILLE));
            waits.weigh_at_most(JOBS_MAX * u64::from(JOB));
        }
    }

    /// The worth to try next: the cheapest of which nothing says that jobs wait for too long.
    fn next(&self, wanted: Duration) -> usize {
        let Some(here) = self.late(self.at) else {
            return self.at;
        };
        let is_met = |at: &usize| self.late(*at).is_none_or(|late| late <= wanted);
        let is_as_good = |at: &usize| self.late(*at).is_some_and(|late| late <= here);
        let is_better = |at: &usize| self.late(*at).is_none_or(|late| late < here);
        let cheaper = self.at.checked_sub(1);
        let dearer = Some(self.at + 1).filter(|at| *at < WORTHS.len());
        let found = if here <= wanted {
            cheaper.filter(is_met)
        } else {
            // What costs more and lets jobs wait for as long is left again.
            cheaper.filter(is_as_good).or(dearer.filter(is_better))
        };
        found.unwrap_or(self.at)
    }

    /// How long nineteen in twenty waited at most, at one of the worths: the middle of a step.
    fn late(&self, at: usize) -> Option<Duration> {
        let known = |waits: &&Histogram| JOBS_KNOWN * u64::from(JOB) <= waits.total();
        let waits = self.by_worth.get(at).filter(known)?;
        Some(STEP * waits.reached(LATE_PERMILLE) + STEP / 2)
    }
}

/// A wait four times, each as likely as the others, so that waits do not seem to be whole looks.
fn quarters(taken: Taken) -> [Duration; 4] {
    let Taken { waited, within, .. } = taken;
    let near = within / 8;
    [
        waited.saturating_sub(near * 3),
        waited.saturating_sub(near),
        waited + near,
        waited + near * 3,
    ]
}

fn steps(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis() / STEP.as_millis()).unwrap_or(u32::MAX)
}
