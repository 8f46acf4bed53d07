//! When a block that runs will be over, by how long its runs have taken and how far it is.

use std::time::Duration;

use dayfly::forecast::durations::Durations;
use dayfly::model::id::BlockKind;
use dayfly::model::pipeline::JobProgress;

use super::watched::at;

const SECOND: Duration = Duration::from_secs(1);
const NOW: u64 = 10_000;

fn tests() -> BlockKind {
    BlockKind::new("site: semaphore.yml: Tests")
}

/// Runs of two jobs each, both of so many seconds.
fn learned(runs: impl IntoIterator<Item = u32>) -> Durations {
    let mut durations = Durations::default();
    for seconds in runs {
        durations.learn(&tests(), &[SECOND * seconds; 2], at(NOW));
    }
    durations
}

#[test]
fn of_spans_that_are_alike_the_mean_counts() {
    let durations = learned([100; 8]);
    let jobs = [JobProgress::Queued];
    let within = |spans: &[Duration]| durations.over_within(&tests(), &jobs, spans, at(NOW));
    let (short, long) = (SECOND * 90, SECOND * 120);
    assert!(0 < within(&[short]));
    let mean = (within(&[short]) + within(&[long])) / 2;
    assert_eq!(within(&[short, long]), mean);
}

#[test]
fn a_job_that_has_run_for_long_says_that_its_run_is_slow() {
    // Fast and slow runs, whose jobs are alike.
    let durations = learned([60, 240].repeat(6));
    let beside = |ran: u64| {
        let since = at(NOW - ran);
        let jobs = [JobProgress::Running { since }, JobProgress::Queued];
        durations.over_within(&tests(), &jobs, &[SECOND * 120], at(NOW)) / 10_000
    };
    // The queued job takes four minutes as well.
    assert!(beside(150) < 10, "{}", beside(150));
    assert!(30 < beside(10), "{}", beside(10));
}

/// The chance that a standard normal number is larger (Abramowitz and Stegun, 7.1.26).
fn tail(z: f64) -> f64 {
    let x = z.abs() / 2_f64.sqrt();
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let factors = [
        0.254_829_592,
        -0.284_496_736,
        1.421_413_741,
        -1.453_152_027,
        1.061_405_429,
    ];
    let sum = factors.iter().rev().fold(0.0, |sum, it| (sum + it) * t);
    let half = sum * (-x * x).exp() / 2.0;
    if z < 0.0 { 1.0 - half } else { half }
}

/// What the law of an unknown block gives by the textbook, in percent: two minutes, a spread of 0.6
/// by the run and of 0.3 by the job, for jobs that have taken or run for so many seconds.
fn by_the_textbook(took: &[f64], ran: &[f64], within: f64) -> f64 {
    let (mut whole, mut over) = (0.0, 0.0);
    for speed in (-6..=6).map(f64::from) {
        let away = |seconds: f64| ((seconds * 1000.0).ln() - 11.7 - speed * 0.3) / 0.3;
        let own: f64 = took
            .iter()
            .map(|it| (-away(*it).powi(2) / 2.0).exp())
            .product();
        let rest: f64 = ran.iter().map(|it| tail(away(*it))).product();
        let weight = (-speed * speed / 8.0).exp() * own * rest;
        let ends = |it: &f64| 1.0 - tail(away(it + within)) / tail(away(*it));
        whole += weight;
        over += weight * ran.iter().map(ends).product::<f64>();
    }
    100.0 * over / whole
}

#[test]
fn what_is_known_of_a_run_weighs_as_the_textbook_says() {
    let cases: [(&[u32], &[u32], u32); 8] = [
        (&[], &[30], 60),
        (&[], &[200], 60),
        (&[60], &[50], 30),
        (&[60, 70], &[50, 20], 60),
        (&[300], &[50, 100], 200),
        (&[300, 260], &[240], 60),
        (&[110], &[90, 90, 90], 45),
        // So far from what was expected that every speed is unlikely by itself.
        (&[600; 20], &[500], 100),
    ];
    for (took, ran, within) in cases {
        let done = took.iter().map(|it| JobProgress::Done {
            took: Some(SECOND * *it),
        });
        let running = ran.iter().map(|it| JobProgress::Running {
            since: at(NOW - u64::from(*it)),
        });
        let jobs: Vec<JobProgress> = done.chain(running).collect();
        let chance = Durations::default().over_within(&tests(), &jobs, &[SECOND * within], at(NOW));
        let percent = f64::from(u32::try_from(chance).expect("a chance")) / 10_000.0;
        let seconds = |all: &[u32]| all.iter().map(|it| f64::from(*it)).collect::<Vec<_>>();
        let textbook = by_the_textbook(&seconds(took), &seconds(ran), within.into());
        // Ours counts in thousandths, and far tails suffer from it.
        assert!(
            (percent - textbook).abs() < 3.0,
            "{took:?} {ran:?}: {percent} and {textbook}"
        );
    }
}
