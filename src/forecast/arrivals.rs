//! How many jobs come while a machine boots, by what the moment before it looked like.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::season::{Season, UNKNOWN};
use crate::model::time::Timestamp;

/// Watching time, in tenths of a second, from which a context speaks for itself: half an hour.
const WEIGHT_LEAST: u64 = 20_000;
/// What a file's word on a context weighs at most: two hours of watching.
const BELIEVED: u64 = 4 * WEIGHT_LEAST;
/// A look that comes later than this teaches no more than one that came in time.
const LOOK_MAX: Duration = Duration::from_secs(60);
/// What a day leaves of a weight, in thousandths: half after two weeks.
const FADE_PERMILLE: u32 = 952;
/// Looks whose outcome is not known yet, at most.
const OPEN_MAX: usize = 4000;
/// How far back "lately" reaches, in slots of half a minute.
const LATELY: u64 = 20;
/// How far back "just now" reaches.
const JUST_NOW: Duration = Duration::from_secs(15);

/// What a moment looks like. Few values each, so that all contexts together are few.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// How busy its half hour usually is, 0 to 7.
    pub season: u8,
    /// How many jobs came in the ten minutes before, 0 to 5.
    pub lately: u8,
    /// How many jobs run, 0 to 4.
    pub running: u8,
    /// How many jobs have just ended, 0 to 2: the next block of their pipeline may follow.
    pub finished: u8,
}

/// Histograms by context and by coarser contexts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrivals {
    by_context: BTreeMap<u16, Histogram>,
    season: Season,
    /// Jobs that came unexpectedly, ever.
    came: u64,
    lately: VecDeque<(u64, u32)>,
    finished: VecDeque<(Timestamp, u32)>,
    open: VecDeque<Look>,
    looked_at: Option<Timestamp>,
    faded_on: u64,
}

/// A look that waits for its outcome: how many jobs come within a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Look {
    at: Timestamp,
    until: Timestamp,
    came: u64,
    /// The context's key; each coarser one follows from it.
    key: u16,
    weight: u32,
}

impl Arrivals {
    /// Takes in a look: how many jobs came unexpectedly and how many ended since the last one, how
    /// many run, and how long a boot takes.
    pub fn add(&mut self, came: u32, finished: u32, running: u32, boot: Duration, now: Timestamp) {
        let day = now.as_seconds() / 86_400;
        if self.faded_on < day {
            self.faded_on = day;
            self.by_context
                .values_mut()
                .for_each(|histogram| histogram.fade(FADE_PERMILLE));
            self.by_context.retain(|_, histogram| 0 < histogram.total());
        }
        self.season.add(came, now);
        self.came += u64::from(came);
        self.remember(came, finished, now);
        self.settle(now);
        let span = self
            .looked_at
            .map_or(Duration::ZERO, |at| now.since(at))
            .min(LOOK_MAX);
        self.looked_at = Some(now);
        let context = self.context(running, boot, now);
        let look = Look {
            at: now,
            until: now.plus(boot),
            came: self.came,
            key: context.key(),
            weight: u32::try_from(span.as_millis() / 100).unwrap_or(0),
        };
        if self.open.len() < OPEN_MAX {
            self.open.push_back(look);
        }
    }

    /// Believes all of it less, so that two hours of a context outweigh what was said of it.
    pub fn doubt(&mut self) {
        let all = self.by_context.values_mut();
        all.for_each(|histogram| histogram.weigh_at_most(BELIEVED));
    }

    /// What this moment looks like.
    pub fn context(&self, running: u32, boot: Duration, now: Timestamp) -> Context {
        let lately: u32 = self.lately.iter().map(|(_, count)| count).sum();
        let finished: u32 = self.finished.iter().map(|(_, count)| count).sum();
        Context {
            season: self.season.level(now.plus(boot)),
            lately: match lately {
                0 => 0,
                1..=2 => 1,
                3..=8 => 2,
                9..=25 => 3,
                26..=80 => 4,
                81.. => 5,
            },
            running: match running {
                0 => 0,
                1..=3 => 1,
                4..=15 => 2,
                16..=60 => 3,
                61.. => 4,
            },
            finished: match finished {
                0 => 0,
                1..=2 => 1,
                3.. => 2,
            },
        }
    }

    /// The largest number of jobs that comes within a boot in at least that share of moments like
    /// this one, in thousandths. The finest context that was watched for long enough speaks;
    /// without any nothing is expected.
    pub fn reached(&self, context: Context, permille: u64) -> u32 {
        self.speaking(context)
            .map_or(0, |histogram| histogram.reached(permille))
    }

    /// The histogram of the finest context like this one that was watched for long enough.
    pub fn speaking(&self, context: Context) -> Option<&Histogram> {
        let keys = context.keys().into_iter();
        let known = keys.filter_map(|key| self.by_context.get(&key));
        let mut speaking = known.filter(|histogram| WEIGHT_LEAST <= histogram.total());
        speaking.next()
    }

    /// Jobs that an hour like this one brings.
    pub fn per_hour(&self, now: Timestamp) -> u32 {
        self.season.milli(now).unwrap_or(0) / 500
    }

    fn remember(&mut self, came: u32, finished: u32, now: Timestamp) {
        let slot = now.as_seconds() / 30;
        self.lately
            .retain(|(number, _)| slot < number + LATELY && *number <= slot);
        match self.lately.back_mut() {
            Some((number, count)) if *number == slot => *count = count.saturating_add(came),
            Some(_) | None if 0 < came => self.lately.push_back((slot, came)),
            Some(_) | None => {}
        }
        self.finished
            .retain(|(at, _)| now.since(*at) < JUST_NOW && *at <= now);
        if 0 < finished {
            self.finished.push_back((now, finished));
        }
    }

    /// Looks whose boot would be over have their outcome.
    fn settle(&mut self, now: Timestamp) {
        // A clock that jumped back leaves looks that lie ahead: they teach nothing.
        while self.open.back().is_some_and(|look| now < look.at) {
            self.open.pop_back();
        }
        while let Some(look) = self.open.front().copied().filter(|look| look.until <= now) {
            self.open.pop_front();
            // Of a look that was long ago nobody knows when the jobs came.
            if LOOK_MAX < now.since(look.until) {
                continue;
            }
            let came = u32::try_from(self.came - look.came).unwrap_or(u32::MAX);
            for key in Context::of(look.key).keys() {
                let histogram = self.by_context.entry(key).or_default();
                histogram.add(came, look.weight);
            }
        }
    }
}

/// Keys of contexts that leave something out begin here.
const SEASON_AND_LATELY: u16 = 1000;
const SEASON_ALONE: u16 = 2000;
const ANY: u16 = 3000;

impl Context {
    fn key(self) -> u16 {
        let of = u16::from;
        ((of(self.season) * 6 + of(self.lately)) * 5 + of(self.running)) * 3 + of(self.finished)
    }

    fn of(key: u16) -> Self {
        let digit = |value: u16| u8::try_from(value).unwrap_or(UNKNOWN);
        Self {
            season: digit(key / 90),
            lately: digit(key / 15 % 6),
            running: digit(key / 3 % 5),
            finished: digit(key % 3),
        }
    }

    /// This context's key and those of coarser ones, the finest first.
    fn keys(self) -> [u16; 4] {
        let (season, lately) = (u16::from(self.season), u16::from(self.lately));
        [
            self.key(),
            SEASON_AND_LATELY + season * 6 + lately,
            SEASON_ALONE + season,
            ANY,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: Duration = Duration::from_secs(40);

    /// Ten seconds from look to look; what came at each.
    fn watched(came: impl IntoIterator<Item = u32>) -> (Arrivals, Timestamp) {
        let mut arrivals = Arrivals::default();
        let mut now = Timestamp::from_seconds(4 * 86_400);
        for count in came {
            arrivals.add(count, 0, 1, BOOT, now);
            now = now.plus(Duration::from_secs(10));
        }
        (arrivals, now)
    }

    #[test]
    fn without_history_nothing_is_expected() {
        let (arrivals, now) = watched([5; 20]);
        let context = arrivals.context(1, BOOT, now);
        assert_eq!(arrivals.reached(context, 1), 0);
    }

    #[test]
    fn a_steady_stream_is_expected_to_go_on() {
        let (arrivals, now) = watched((0..400).map(|at| u32::from(at % 2 == 0)));
        let context = arrivals.context(1, BOOT, now);
        assert_eq!(
            arrivals.reached(context, 900),
            2,
            "two within any forty seconds"
        );
        assert_eq!(arrivals.reached(context, 1), 2);
    }

    #[test]
    fn a_context_speaks_for_itself_once_it_was_watched_long_enough() {
        // Bursts of ten jobs, a minute each, after hours of nothing.
        let burst = |at: u32| if at % 400 < 6 { 10 } else { 0 };
        let (arrivals, now) = watched((0..40_000).map(burst));
        let quiet = Context {
            lately: 0,
            ..arrivals.context(1, BOOT, now)
        };
        let busy = Context { lately: 4, ..quiet };
        assert_eq!(arrivals.reached(quiet, 100), 0);
        assert!(
            0 < arrivals.reached(busy, 50),
            "a burst is not over at once"
        );
    }

    #[test]
    fn every_context_has_a_key_of_its_own() {
        for key in 0..720 {
            assert_eq!(Context::of(key).key(), key);
        }
    }

    #[test]
    fn keys_stay_as_they_are_because_they_are_in_files() {
        let context = Context {
            season: 3,
            lately: 2,
            running: 1,
            finished: 2,
        };
        // ((3 · 6 + 2) · 5 + 1) · 3 + 2, then 3 · 6 + 2, 3 and nothing, each from its own thousand on.
        assert_eq!(context.keys(), [305, 1020, 2003, 3000]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (arrivals, _) = watched((0..5_000).map(|at| at % 7));
        assert!(arrivals.open.len() <= 5 && arrivals.lately.len() <= 20);
        assert!(arrivals.by_context.len() < 750);
    }
}
