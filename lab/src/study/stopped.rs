//! Machines that were booted once and stopped: started again, one is ready within seconds.
//!
//! What a tier of them would bring to our policy as it is, which does not know of them: a launch for
//! jobs that wait finds one as long as there is one, and what it learns of boots is what comes of
//! that. Nothing limits how fast they are started. The figures are those of the research behind
//! docs/POLICY.md: eleven seconds, four percent of a machine's price for its disk, and a paid minute
//! for each that is prepared.

use std::collections::VecDeque;

use super::draw::{Draw, milliseconds, seconds};

/// From a call to a machine that is stopped and ready to be started: a boot that nearly all are
/// faster than, and the stop.
const PREPARATION: u64 = 120_000;
/// What a preparation is billed.
const PAID: u64 = 60_000;
/// What a stopped machine costs, as a share of a running one: its disk.
const DISK: f64 = 0.04;

/// The stopped machines of a world.
#[derive(Debug)]
pub struct Stopped {
    /// When each may be started, the soonest first.
    ready: VecDeque<u64>,
    /// When a preparation began.
    prepared: Vec<u64>,
    starts: Draw,
}

impl Stopped {
    /// So many, all of them ready.
    pub fn new(count: u32, seed: u64) -> Self {
        Self {
            ready: (0..count).map(|_| 0).collect(),
            prepared: Vec::new(),
            starts: Draw::new(seed, 0x57A7),
        }
    }

    /// Starts one, if one is ready, and prepares another in its place; gives how long it takes
    /// until its agent registers.
    pub fn start(&mut self, now: u64) -> Option<u64> {
        self.ready.pop_front_if(|ready_at| *ready_at <= now)?;
        self.ready.push_back(now + PREPARATION);
        self.prepared.push(now);
        Some(milliseconds(self.starts.uniform(8.0, 14.0)))
    }

    /// What they have cost from one moment to another, in seconds of a running machine.
    pub fn cost(&self, from: u64, until: u64) -> f64 {
        let prepared = self.prepared.iter().filter(|at| from <= **at);
        let preparations: f64 = prepared.map(|_| seconds(PAID)).sum();
        let disks: f64 = self
            .ready
            .iter()
            .map(|_| DISK * seconds(until - from))
            .sum();
        preparations + disks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_was_started_is_prepared_anew_and_costs_a_minute_and_its_disk() {
        let mut stopped = Stopped::new(2, 1);
        let started = stopped.start(1_000).zip(stopped.start(1_000));
        let (one, other) = started.expect("two are there");
        assert!((8_000..=14_000).contains(&one) && (8_000..=14_000).contains(&other));
        assert_eq!(stopped.start(1_000 + PREPARATION - 1), None);
        assert!(stopped.start(1_000 + PREPARATION).is_some());
        // Two disks for a hundred seconds, and the one that was prepared since.
        let cost = stopped.cost(2_000, 102_000);
        assert!((cost - (60.0 + 0.04 * 200.0)).abs() < 1e-9, "{cost}");
        assert!(Stopped::new(0, 1).start(1_000).is_none());
    }
}
