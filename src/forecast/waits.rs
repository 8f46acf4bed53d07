//! How long jobs waited, as counts tell it: what comes is queued, and the oldest is taken first.
//!
//! A job is seen up to a look late, and so is its being taken: in the mean the difference is right,
//! and each wait may be shorter or longer by a look.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::time::Timestamp;

/// Looks of which the jobs are told apart; what comes beyond is counted with the newest.
const LOOKS_MAX: usize = 1000;
/// What happened in a longer silence nobody knows.
const SILENCE: Duration = Duration::from_secs(60);

/// The jobs that wait, by the look that first saw them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    queue: VecDeque<Arrived>,
    seen_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Arrived {
    at: Timestamp,
    jobs: u32,
}

/// So many jobs, and how long each of them waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// From the look that first saw them to the one that did not any more.
    pub waited: Duration,
    /// By how much that may be too long or too short: from the last look to this one.
    pub within: Duration,
    /// How many.
    pub jobs: u32,
}

impl Waits {
    /// Takes in how many jobs came since the last look, and how many wait now; gives those that wait
    /// no more.
    pub fn see(&mut self, came: u32, queued: u32, now: Timestamp) -> Vec<Taken> {
        let last = self.seen_at.replace(now);
        let within = last.map(|last| now.since(last)).filter(|it| *it <= SILENCE);
        let Some(within) = within else {
            self.queue.clear();
            self.push(queued, now);
            return Vec::new();
        };
        self.push(came, now);
        let known = self.queue.iter().map(|arrived| arrived.jobs);
        let known = known.fold(0_u32, u32::saturating_add);
        // More wait than were seen to come: those came now.
        self.push(queued.saturating_sub(known), now);
        self.take(known.saturating_sub(queued), within, now)
    }

    fn push(&mut self, jobs: u32, now: Timestamp) {
        if jobs == 0 {
            return;
        }
        let is_full = LOOKS_MAX <= self.queue.len();
        match self.queue.back_mut() {
            Some(newest) if newest.at == now || is_full => {
                newest.jobs = newest.jobs.saturating_add(jobs);
            }
            Some(_) | None => self.queue.push_back(Arrived { at: now, jobs }),
        }
    }

    fn take(&mut self, mut left: u32, within: Duration, now: Timestamp) -> Vec<Taken> {
        let mut taken = Vec::new();
        while let Some(oldest) = self.queue.front_mut().filter(|_| 0 < left) {
            let jobs = oldest.jobs.min(left);
            let waited = now.since(oldest.at);
            taken.push(Taken {
                waited,
                within,
                jobs,
            });
            left -= jobs;
            oldest.jobs -= jobs;
            if oldest.jobs == 0 {
                self.queue.pop_front();
            }
        }
        taken
    }
}
