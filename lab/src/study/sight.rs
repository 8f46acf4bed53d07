//! What is kept of a run so that it can be drawn: one day by the minute, and how long jobs waited.
//!
//! It is as small for ten weeks as for one: no log is kept.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::berth::count;
use super::draw::seconds;
use super::workload::{DAY, Workload};
use super::world::World;

/// A minute, in milliseconds.
const MINUTE: u64 = 60_000;
/// Into how many equal shares the waits are divided.
pub const SHARES: usize = 1000;

/// What a run looked like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    /// The midnight at which the day begins, in milliseconds since the epoch, in universal time.
    pub midnight: u64,
    /// Its minutes, up to 1440; fewer where the run was over before.
    pub minutes: Vec<Minute>,
    /// The waits of the scored jobs in seconds, at each thousandth of the jobs from none to all,
    /// in rising order; infinite for those that never started. Empty where no job was scored.
    pub waits: Vec<f64>,
}

/// The most that there was at once within one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// Jobs that waited for an agent.
    pub queued: u32,
    /// Jobs that ran.
    pub running: u32,
    /// Machines that were paid for.
    pub alive: u32,
}

impl Minute {
    fn of(world: &World) -> Self {
        Self {
            queued: world.queued(),
            running: world.running(),
            alive: count(world.alive().len()),
        }
    }

    fn raise(&mut self, other: Self) {
        self.queued = self.queued.max(other.queued);
        self.running = self.running.max(other.running);
        self.alive = self.alive.max(other.alive);
    }
}

/// Sees a run from happening to happening.
#[derive(Debug)]
pub struct Watch {
    midnight: u64,
    minutes: Vec<Minute>,
    /// What is the case, and since when.
    present: Minute,
    since: u64,
}

impl Watch {
    /// Will see the busiest scored day of that workload.
    pub fn new(workload: &Workload) -> Self {
        Self {
            midnight: busiest_day(workload),
            minutes: Vec::new(),
            present: Minute::default(),
            since: 0,
        }
    }

    /// Sees what the last happening, and whoever drives the world, have made of it.
    pub fn see(&mut self, world: &World) {
        self.hold(world.now());
        self.present = Minute::of(world);
    }

    /// What was seen last was the case until now.
    fn hold(&mut self, now: u64) {
        let from = self.since.max(self.midnight);
        let until = now.min(self.midnight + DAY);
        self.since = now;
        if until <= from {
            return;
        }
        let minute = |at: u64| usize::try_from((at - self.midnight) / MINUTE).unwrap_or(usize::MAX);
        let (first, last) = (minute(from), minute(until - 1));
        if self.minutes.len() <= last {
            self.minutes.resize(last + 1, Minute::default());
        }
        for held in &mut self.minutes[first..=last] {
            held.raise(self.present);
        }
    }

    /// What was seen of a run that is over.
    pub fn sight(self, world: &World) -> Sight {
        let waits = world
            .waits()
            .map(|wait| wait.map_or(f64::INFINITY, seconds));
        Sight {
            midnight: self.midnight,
            minutes: self.minutes,
            waits: shares(waits.collect()),
        }
    }
}

/// The scored day to whose pushes most jobs belong, the first of them if they are several: its
/// midnight, in milliseconds since the epoch.
fn busiest_day(workload: &Workload) -> u64 {
    let mut days: BTreeMap<u64, usize> = BTreeMap::new();
    for push in &workload.pushes {
        if workload.scored_from <= push.at {
            let jobs: usize = push.blocks.iter().map(Vec::len).sum();
            *days.entry(push.at / DAY).or_default() += jobs;
        }
    }
    let busiest = days
        .into_iter()
        .max_by_key(|(day, jobs)| (*jobs, Reverse(*day)));
    busiest.map_or(0, |(day, _)| day * DAY)
}

fn shares(mut waits: Vec<f64>) -> Vec<f64> {
    waits.sort_unstable_by(f64::total_cmp);
    let Some(last) = waits.len().checked_sub(1) else {
        return Vec::new();
    };
    (0..=SHARES)
        .map(|share| waits[share * last / SHARES])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::workload::Push;

    fn watch(midnight: u64) -> Watch {
        Watch {
            midnight,
            minutes: Vec::new(),
            present: Minute::default(),
            since: 0,
        }
    }

    fn queued(queued: u32) -> Minute {
        Minute {
            queued,
            ..Minute::default()
        }
    }

    #[test]
    fn a_minute_has_the_most_that_was_held_within_it_and_a_moment_without_length_is_nothing() {
        let mut watch = watch(DAY);
        for (at, present) in [
            (DAY - 5, 7),
            (DAY + 10, 3),
            (DAY + 20, 9),
            (DAY + 20, 1),
            (DAY + 2 * MINUTE, 4),
            (DAY + 2 * MINUTE + 1, 0),
        ] {
            watch.hold(at);
            watch.present = queued(present);
        }
        assert_eq!(watch.minutes, [queued(7), queued(1), queued(4)]);
        watch.hold(9 * DAY);
        assert_eq!(watch.minutes.len(), 1440);
        assert_eq!(watch.minutes[2..4], [queued(4), queued(0)]);
    }

    #[test]
    fn the_busiest_day_has_most_jobs_and_is_scored() {
        let push = |at, jobs| Push {
            at,
            blocks: vec![vec![1000; jobs], vec![1000]],
        };
        let workload = Workload {
            pushes: vec![
                push(DAY, 90),
                push(2 * DAY + 5, 3),
                push(3 * DAY + 5, 4),
                push(4 * DAY + 5, 4),
            ],
            scored_from: 2 * DAY,
            ..Workload::default()
        };
        assert_eq!(busiest_day(&workload), 3 * DAY);
    }

    #[test]
    fn waits_are_kept_by_shares_and_those_without_end_come_last() {
        let waits = shares(vec![5.0, f64::INFINITY, 1.0]);
        assert_eq!(waits.len(), SHARES + 1);
        assert_eq!(
            (waits[0], waits[500], waits[1000]),
            (1.0, 5.0, f64::INFINITY)
        );
        assert_eq!(shares(Vec::new()), Vec::<f64>::new());
    }
}
