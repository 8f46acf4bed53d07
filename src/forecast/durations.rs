//! How long the jobs of each kind of block run, and when a block that runs will be over.
//!
//! The logarithm of a job's duration is what its block's run has in common, plus what is the job's
//! own; both are normal. What of a run has ended and how long the rest has run says how slow it is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lognormal::{CERTAIN, exp, ln, log_tail};
use crate::model::id::BlockKind;
use crate::model::pipeline::JobProgress;
use crate::model::time::Timestamp;

/// Kinds that are remembered; the one that was not seen for longest goes.
const KINDS_MAX: usize = 1000;
/// Runs of a kind from which it speaks for itself.
const RUNS_LEAST: u32 = 3;
/// The newest run weighs no less than one in so many.
const RUNS_REMEMBERED: u32 = 40;
/// What a file's word on a kind weighs at most, in runs.
const BELIEVED: u32 = 10;
/// Nothing is known better than to a tenth: squared thousandths of a logarithm.
const VARIANCE_LEAST: i64 = 10_000;
/// The law before anything was seen: two minutes, within a factor of two.
const UNKNOWN: Law = Law {
    runs: 0,
    mean: 11_700,
    between: 360_000,
    within: 90_000,
    kept: 1000,
    seen_at: 0,
};
/// A run's own speed is one of these, in halves of its spread.
const SPEEDS: std::ops::RangeInclusive<i64> = -6..=6;

/// Laws by kind, and that of a kind of which little is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    kinds: BTreeMap<BlockKind, Law>,
    any: Law,
}

impl Default for Durations {
    fn default() -> Self {
        Self {
            kinds: BTreeMap::new(),
            any: UNKNOWN,
        }
    }
}

/// Means and variances of logarithms, in thousandths and their squares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Law {
    runs: u32,
    mean: i64,
    /// Of what a run has in common.
    between: i64,
    /// Of what is a job's own.
    within: i64,
    /// How many runs in a thousand were not left out.
    kept: i64,
    /// In seconds.
    seen_at: u64,
}

impl Law {
    fn learn(&mut self, logarithms: &[i64], now: Timestamp) {
        let Ok(count) = i64::try_from(logarithms.len()) else {
            return;
        };
        if count == 0 {
            return;
        }
        let mean = logarithms.iter().sum::<i64>() / count;
        self.runs = self.runs.saturating_add(1).min(RUNS_REMEMBERED);
        let share = i64::from(self.runs);
        let before = self.mean;
        self.mean += (mean - before) / share;
        // The first run has nothing to differ from: what was assumed stays.
        if 1 < share {
            let deviation = (mean - before) * (mean - self.mean);
            self.between += (deviation - self.between) / share;
        }
        if 1 < count {
            let squares = logarithms.iter().map(|it| (it - mean) * (it - mean));
            let variance = squares.sum::<i64>() / (count - 1);
            self.within += (variance - self.within) / share;
        }
        self.seen_at = now.as_seconds();
    }
}

impl Durations {
    /// Takes in a run of which all jobs have ended, with how long they ran as far as it is known.
    pub fn learn(&mut self, kind: &BlockKind, took: &[Duration], now: Timestamp) {
        let logarithms: Vec<i64> = took.iter().map(|span| ln(*span)).collect();
        self.any.learn(&logarithms, now);
        let law = self.law_mut(kind);
        law.learn(&logarithms, now);
        law.kept += (1000 - law.kept) / 8;
    }

    /// Takes in a run that a condition or a failure left out.
    pub fn left_out(&mut self, kind: &BlockKind) {
        let law = self.law_mut(kind);
        law.kept -= law.kept / 8;
    }

    /// Believes all of it less.
    pub fn doubt(&mut self) {
        let laws = self.kinds.values_mut().chain([&mut self.any]);
        laws.for_each(|law| law.runs = law.runs.min(BELIEVED));
    }

    /// How many runs of a kind were not left out, as a chance.
    pub fn kept(&self, kind: &BlockKind) -> u64 {
        let kept = self.kinds.get(kind).map_or(1000, |law| law.kept);
        u64::try_from(kept).unwrap_or(0) * 1000
    }

    /// The chance that all of a block's jobs have ended within a span, which is one of `spans`,
    /// each as likely as the others.
    pub fn over_within(
        &self,
        kind: &BlockKind,
        jobs: &[JobProgress],
        spans: &[Duration],
        now: Timestamp,
    ) -> u64 {
        let own = self.kinds.get(kind).filter(|law| RUNS_LEAST <= law.runs);
        let run = Run::of(*own.unwrap_or(&self.any), jobs, now);
        let sum: u64 = spans.iter().map(|span| run.over_within(*span)).sum();
        sum / u64::try_from(spans.len().max(1)).unwrap_or(u64::MAX)
    }

    fn law_mut(&mut self, kind: &BlockKind) -> &mut Law {
        if KINDS_MAX <= self.kinds.len() && !self.kinds.contains_key(kind) {
            let oldest = self.kinds.iter().min_by_key(|(_, law)| law.seen_at);
            if let Some(oldest) = oldest.map(|(kind, _)| kind.clone()) {
                self.kinds.remove(&oldest);
            }
        }
        let unknown = Law {
            runs: 0,
            ..self.any
        };
        self.kinds.entry(kind.clone()).or_insert(unknown)
    }
}

/// A run of a block, by what is known of it now.
struct Run {
    /// How likely each speed is, and the logarithm of a job's duration at it.
    speeds: Vec<(u64, i64)>,
    /// The spread of a job around that.
    deviation: i64,
    /// For how long each job that has not ended runs.
    open: Vec<Duration>,
}

impl Run {
    fn of(law: Law, jobs: &[JobProgress], now: Timestamp) -> Self {
        let deviation = root(law.within);
        let mut open = Vec::new();
        let mut ended = Vec::new();
        for job in jobs {
            match job {
                JobProgress::Queued => open.push(Duration::ZERO),
                JobProgress::Running { since } => open.push(now.since(*since)),
                JobProgress::Done { took } => ended.extend(took.map(ln)),
            }
        }
        let running: Vec<i64> = open
            .iter()
            .filter(|it| !it.is_zero())
            .map(|it| ln(*it))
            .collect();
        let weighed = SPEEDS.map(|speed| {
            let mean = law.mean + speed * root(law.between) / 2;
            let own = ended.iter().map(|it| {
                let away = (it - mean) * 1000 / deviation;
                -away * away / 2000
            });
            let rest = running
                .iter()
                .map(|it| log_tail((it - mean) * 1000 / deviation));
            let weight = own.chain(rest).sum::<i64>() - speed * speed * 125;
            (weight, mean)
        });
        let weighed: Vec<(i64, i64)> = weighed.collect();
        let heaviest = weighed.iter().map(|(weight, _)| *weight).max().unwrap_or(0);
        let speeds = weighed
            .into_iter()
            .map(|(weight, mean)| (exp(weight - heaviest), mean));
        Self {
            speeds: speeds.filter(|(weight, _)| 1000 < *weight).collect(),
            deviation,
            open,
        }
    }

    fn over_within(&self, span: Duration) -> u64 {
        let (mut sum, mut whole) = (0, 0);
        for (weight, mean) in &self.speeds {
            whole += weight;
            let mut chance = CERTAIN;
            for ran in &self.open {
                chance = chance * self.ends_within(*ran, span, *mean) / CERTAIN;
                if chance == 0 {
                    break;
                }
            }
            sum += weight * chance;
        }
        sum / whole.max(1)
    }

    /// Of a job that runs for so long already.
    fn ends_within(&self, ran: Duration, span: Duration, mean: i64) -> u64 {
        let tail = |at: Duration| log_tail((ln(at) - mean) * 1000 / self.deviation);
        let now = if ran.is_zero() { 0 } else { tail(ran) };
        CERTAIN - exp(tail(ran + span) - now)
    }
}

/// The spread of a variance.
fn root(variance: i64) -> i64 {
    variance.max(VARIANCE_LEAST).isqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn tests() -> BlockKind {
        BlockKind::new("site: semaphore.yml: Tests")
    }

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_790_000_000)
    }

    /// Runs of two jobs each, both of so many seconds.
    fn learned(runs: impl IntoIterator<Item = u32>) -> Durations {
        let mut durations = Durations::default();
        for seconds in runs {
            durations.learn(&tests(), &[SECOND * seconds; 2], now());
        }
        durations
    }

    /// Percent, for jobs that have run for so many seconds.
    fn percent(durations: &Durations, ran: &[u32], within: u32) -> u64 {
        let running = |ran: &u32| JobProgress::Running {
            since: now().minus(SECOND * *ran),
        };
        let jobs: Vec<JobProgress> = ran.iter().map(running).collect();
        durations.over_within(&tests(), &jobs, &[SECOND * within], now()) / 10_000
    }

    #[test]
    fn before_anything_was_seen_a_job_takes_two_minutes_within_a_factor_of_two() {
        let nothing = Durations::default();
        let within = |seconds| {
            let jobs = [JobProgress::Queued];
            nothing.over_within(&tests(), &jobs, &[SECOND * seconds], now()) / 10_000
        };
        // The normal law at 0, and at ln 2 over the root of 0.36 + 0.09: 0.5 and 0.849.
        assert!((48..=52).contains(&within(120)), "{}", within(120));
        assert!((83..=87).contains(&within(241)), "{}", within(241));
        assert!(within(10) < 2);
    }

    #[test]
    fn a_job_is_expected_to_end_when_others_of_its_kind_have() {
        let durations = learned([95, 100, 105, 98, 102].repeat(8));
        assert!(percent(&durations, &[60], 20) < 15);
        assert!(85 < percent(&durations, &[60], 60));
        // Whoever runs for much longer than any other may run for ever.
        assert!(percent(&durations, &[1000], 45) < 60);
    }

    #[test]
    fn a_block_is_over_with_the_slowest_of_its_jobs() {
        let mut durations = Durations::default();
        for seconds in [100, 110, 90, 100, 95, 105] {
            let jobs = [60, 80, 100, 120, 140].map(|percent| SECOND * seconds * percent / 100);
            durations.learn(&tests(), &jobs, now());
        }
        let alone = percent(&durations, &[60], 45);
        let ten = percent(&durations, &[60; 10], 45);
        assert!(ten * 2 < alone, "{ten} and {alone}");
    }

    #[test]
    fn what_has_ended_of_a_run_says_how_slow_it_is() {
        // Fast and slow runs, whose jobs are alike.
        let mut durations = Durations::default();
        for seconds in [60, 240, 60, 240, 120, 60, 240, 120] {
            durations.learn(
                &tests(),
                &[SECOND * seconds, SECOND * seconds * 21 / 20],
                now(),
            );
        }
        let beside = |took: u32| {
            let jobs = [
                JobProgress::Done {
                    took: Some(SECOND * took),
                },
                JobProgress::Running {
                    since: now().minus(SECOND * 65),
                },
            ];
            durations.over_within(&tests(), &jobs, &[SECOND * 45], now()) / 10_000
        };
        assert!(75 < beside(62), "{}", beside(62));
        assert!(beside(240) < 10, "{}", beside(240));
    }

    #[test]
    fn a_law_follows_each_run_by_what_it_is_worth() {
        let mut law = UNKNOWN;
        let mut learn = |logarithms: &[i64]| {
            law.learn(logarithms, now());
            [law.mean, law.between, law.within]
        };
        // One run differs from none: what was assumed of that stays. Its jobs are 401 apart.
        assert_eq!(learn(&[11_000, 11_401]), [11_200, 360_000, 80_401]);
        // 1100 away, of which the mean takes half: 1100 · 550 in place of 360,000, by half.
        assert_eq!(learn(&[12_000, 12_300, 12_600]), [11_750, 482_500, 85_200]);
        // A job alone has nothing of its own that could be told from its run.
        assert_eq!(learn(&[11_750]), [11_750, 321_667, 85_200]);
        assert_eq!(learn(&[]), [11_750, 321_667, 85_200]);
    }

    #[test]
    fn a_kind_speaks_for_itself_from_its_third_run_on_and_a_file_is_outweighed_soon() {
        let mut durations = Durations::default();
        let other = BlockKind::new("site: semaphore.yml: Deploy");
        (0..40).for_each(|_| durations.learn(&other, &[SECOND * 2000; 2], now()));
        let mut after = |runs: u32| {
            (0..runs).for_each(|_| durations.learn(&tests(), &[SECOND * 100; 2], now()));
            percent(&durations, &[60], 60)
        };
        assert!(after(2) < 10);
        assert!(70 < after(1));
        // Its first run is its mean, however many others were seen.
        let law = durations.kinds[&tests()];
        assert!((ln(SECOND * 100) - law.mean).abs() < 3, "{law:?}");
        durations.doubt();
        assert_eq!((durations.any.runs, durations.kinds[&other].runs), (10, 10));
    }

    #[test]
    fn what_is_often_left_out_is_less_likely() {
        let mut durations = learned([100]);
        assert_eq!(durations.kept(&tests()), CERTAIN);
        durations.left_out(&tests());
        assert_eq!(durations.kept(&tests()), 875_000);
        durations.learn(&tests(), &[SECOND], now());
        assert_eq!(durations.kept(&tests()), 890_000);
        (0..8).for_each(|_| durations.left_out(&tests()));
        assert!(durations.kept(&tests()) < CERTAIN / 2);
        (0..30).for_each(|_| durations.learn(&tests(), &[SECOND], now()));
        assert!(CERTAIN * 9 / 10 < durations.kept(&tests()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut durations = Durations::default();
        for number in 0..1500 {
            let kind = BlockKind::new(number.to_string());
            let at = now().plus(SECOND * number);
            durations.learn(&kind, &[SECOND * number], at);
        }
        assert_eq!(durations.kinds.len(), KINDS_MAX);
        assert!(durations.kinds.contains_key(&BlockKind::new("1499")));
        assert!(!durations.kinds.contains_key(&BlockKind::new("0")));
    }
}
