//! Jobs of blocks that were seen to begin, told apart from those that nobody saw coming.

use super::watched::{Watched, at, view};

/// A pool and its pipelines, looked at from moment to moment; its jobs stay where they are.
struct Told {
    watched: Watched,
    there: u32,
}

impl Told {
    fn new() -> Self {
        let watched = Watched::booted(at(0), [40_000; 20]);
        Self { watched, there: 0 }
    }

    /// Looks at the pool alone: so many jobs have come.
    fn came(mut self, jobs: u32, second: u64) -> Self {
        self.there += jobs;
        self.watched.see(&view(self.there, 0), &[], at(second));
        self
    }

    /// Looks at the pipelines too: blocks of so many jobs have begun.
    fn begun(mut self, of_blocks: u32, came: u32, second: u64) -> Self {
        self.watched.forecast.see_later(of_blocks, at(second));
        self.came(came, second)
    }

    /// How many jobs have come so far that nobody saw coming.
    fn unseen(&self) -> u64 {
        unseen(&self.watched)
    }
}

fn unseen(watched: &Watched) -> u64 {
    let written = serde_json::to_value(&watched.forecast).expect("JSON");
    written["fresh"]["came"].as_u64().expect("a number")
}

#[test]
fn of_the_jobs_that_come_those_of_blocks_were_seen_coming() {
    assert_eq!(Told::new().begun(5, 7, 10).unseen(), 2);
    assert_eq!(Told::new().begun(5, 7, 10).begun(0, 4, 20).unseen(), 6);
}

#[test]
fn what_comes_between_two_looks_at_the_pipelines_is_told_apart_by_the_second() {
    let between = Told::new().begun(0, 0, 10).came(3, 15);
    assert_eq!(between.unseen(), 0);
    let told = between.begun(2, 1, 20);
    assert_eq!(told.unseen(), 2);
    assert_eq!(told.begun(0, 1, 30).unseen(), 3);
}

#[test]
fn a_block_may_show_its_jobs_at_the_look_after_and_not_later() {
    let late = Told::new().begun(5, 0, 10).begun(0, 5, 20);
    assert_eq!(late.unseen(), 0);
    let never = Told::new().begun(5, 0, 10).begun(0, 0, 20);
    assert_eq!(never.begun(0, 5, 30).unseen(), 5);
}

#[test]
fn every_job_of_a_block_explains_one_that_comes() {
    assert_eq!(Told::new().begun(5, 5, 10).begun(0, 3, 20).unseen(), 3);
    // Three are late, and two more come than that.
    assert_eq!(Told::new().begun(5, 2, 10).begun(0, 5, 20).unseen(), 2);
}

#[test]
fn a_look_that_is_shown_again_tells_nothing_new() {
    let mut told = Told::new().begun(5, 5, 10);
    told.watched.forecast.see_later(5, at(10));
    let told = told.came(5, 15);
    assert_eq!(told.unseen(), 0);
    assert_eq!(told.begun(0, 0, 20).unseen(), 5);
}

#[test]
fn what_comes_more_than_a_minute_after_a_look_is_never_told_apart() {
    let after = |seconds: u64| Told::new().begun(0, 0, 10).came(3, 10 + seconds);
    assert_eq!(after(60).begun(0, 0, 75).unseen(), 3);
    assert_eq!(after(61).begun(0, 0, 75).unseen(), 0);
}

#[test]
fn jobs_that_come_every_night_are_none_that_nobody_saw_coming() {
    // Forty at 02:00 of every day from Monday to Thursday, and eighty on Friday.
    let mut watched = Watched::booted(at(0), [40_000; 20]);
    for day in 0..5 {
        for minute in 119..122 {
            let came = match (minute, day) {
                (120, 4) => 80,
                (120, _) => 40,
                _ => 0,
            };
            let now = at(day * 86_400 + minute * 60);
            watched.forecast.see_later(0, now);
            watched.see(&view(came, 0), &[], now);
        }
    }
    // The first day that is watched does not count, and three make a pattern.
    assert_eq!(unseen(&watched), 4 * 40 + 40);
}
