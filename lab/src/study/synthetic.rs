//! The made-up workloads S1 to S5: pushes as a Poisson process over an office day with two humps.
//!
//! They are not clustered as real pushes are; recorded builds are the check.

use super::draw::{Draw, milliseconds, seconds};
use super::law::{Herd, Law};
use super::workload::{DAY, Push, WEEK, Workload};
use dayfly::model::hours::Weekday;

/// A Monday, midnight.
const START: u64 = 1_767_571_200_000;
const HOUR: u64 = DAY / 24;
/// Pushes a weekday: of S1 and S5, of S2, of S3, and of S4 beside its herds.
const STARTUP: f64 = 45.0;
const MIDSIZE: f64 = 300.0;
const RELEASE: f64 = 150.0;
const LIGHT: f64 = 40.0;
/// How many of a weekday's pushes a day of the weekend sees.
const WEEKEND: f64 = 0.12;

/// The names of the made-up workloads, with what each is.
pub const SYNTHETIC: [(&str, &str); 5] = [
    (
        "S1",
        "a startup: 45 pushes a weekday, 1 job, then 3 to 8, often 1 more",
    ),
    (
        "S2",
        "300 pushes a weekday, 2 to 4 blocks of up to 150 jobs",
    ),
    (
        "S3",
        "150 pushes a weekday, and a release rush on Thursdays from 14 to 17",
    ),
    (
        "S4",
        "40 pipelines at 02:00, 10 at 06:30, 3 an hour, and a light day",
    ),
    ("S5", "S1, and 10,000 jobs at once"),
];

/// The workload of that name over that many weeks, of which the last is scored.
pub fn synthetic(name: &str, weeks: u64, seed: u64) -> Option<Workload> {
    let mut draw = Draw::new(seed, 0x5EED);
    let end = START + weeks * WEEK;
    let mut pushes = match name {
        "S1" => office(STARTUP, START..end, &mut draw, startup, |_| 1.0),
        "S2" => office(MIDSIZE, START..end, &mut draw, midsize, |_| 1.0),
        "S3" => release(START..end, &mut draw),
        "S4" => herds(START..end, &mut draw),
        "S5" => {
            let mut pushes = office(STARTUP, START..end, &mut draw, startup, |_| 1.0);
            pushes.extend(flood(end - WEEK + 2 * DAY + 11 * HOUR, &mut draw));
            pushes
        }
        _ => return None,
    };
    pushes.sort_by_key(|push| push.at);
    Some(Workload {
        name: name.to_owned(),
        pushes,
        scored_from: end - WEEK,
        until: end,
        law: Some(law(name)),
    })
}

/// The law that the pushes of such a workload are drawn from.
fn law(name: &str) -> Law {
    let rate: fn(u64) -> f64 = match name {
        "S2" => |at| rate(MIDSIZE, at),
        "S3" => |at| rate(RELEASE, at) * (1.0 + thursday(at)),
        "S4" => |at| rate(LIGHT, at),
        _ => |at| rate(STARTUP, at),
    };
    let herds: fn(u64) -> Vec<Herd> = match name {
        "S4" => |day| herds_of(day).into_iter().map(|(herd, _)| herd).collect(),
        _ => |_| Vec::new(),
    };
    Law { rate, herds }
}

type Shape = fn(&mut Draw) -> Vec<Vec<u64>>;

/// Pushes by thinning: at the highest rate, of which each is kept by the rate of its moment.
fn office(
    per_weekday: f64,
    span: std::ops::Range<u64>,
    draw: &mut Draw,
    shape: Shape,
    factor: fn(u64) -> f64,
) -> Vec<Push> {
    let highest = per_weekday / 3600.0 * PEAK * 6.0;
    let mut pushes = Vec::new();
    let mut at = span.start;
    loop {
        at += milliseconds(draw.exponential(highest));
        if span.end <= at {
            return pushes;
        }
        let rate = rate(per_weekday, at) * factor(at);
        if draw.unit() * highest < rate {
            let blocks = shape(draw);
            pushes.push(Push { at, blocks });
        }
    }
}

/// Pushes a second at a moment.
fn rate(per_weekday: f64, at: u64) -> f64 {
    per_weekday / 3600.0 * hump(at)
}

/// The share of a weekday's pushes that an hour around this moment sees, at its highest.
const PEAK: f64 = 0.15;

/// The share of a weekday's pushes that an hour at this moment sees.
fn hump(at: u64) -> f64 {
    let hour = seconds(at % DAY) / 3600.0;
    let bell = |center: f64, width: f64| (-((hour - center) / width).powi(2) / 2.0).exp();
    // Two humps and a floor; the areas add up to one.
    let office = 0.5 * bell(10.5, 1.5) / 3.76 + 0.45 * bell(15.0, 1.7) / 4.26 + 0.05 / 24.0;
    if weekday(at).is_weekend() {
        office * WEEKEND
    } else {
        office
    }
}

fn weekday(at: u64) -> Weekday {
    Weekday::of_day(at / DAY)
}

/// A block's jobs around a duration of its own.
fn block(jobs: u64, draw: &mut Draw) -> Vec<u64> {
    let median = draw.log_normal(155.0, 0.65);
    let one = |_| milliseconds(draw.log_normal(median, 0.35).clamp(5.0, 7200.0));
    (0..jobs).map(one).collect()
}

fn startup(draw: &mut Draw) -> Vec<Vec<u64>> {
    let mut sizes = vec![1, draw.whole(3, 8)];
    if draw.unit() < 0.6 {
        sizes.push(1);
    }
    sizes.into_iter().map(|jobs| block(jobs, draw)).collect()
}

fn midsize(draw: &mut Draw) -> Vec<Vec<u64>> {
    fanned(1.0, draw)
}

fn rush(draw: &mut Draw) -> Vec<Vec<u64>> {
    fanned(1.5, draw)
}

/// One job first, then one to three blocks whose width has a long tail.
fn fanned(factor: f64, draw: &mut Draw) -> Vec<Vec<u64>> {
    let mut blocks = vec![block(1, draw)];
    for _ in 0..draw.whole(1, 3) {
        // A mean of seven.
        let width = draw.log_normal(4.4 * factor, 0.95).clamp(1.0, 150.0);
        let jobs = milliseconds(width.round()) / 1000;
        blocks.push(block(jobs, draw));
    }
    blocks
}

fn release(span: std::ops::Range<u64>, draw: &mut Draw) -> Vec<Push> {
    let usual = office(RELEASE, span.clone(), draw, midsize, |_| 1.0);
    let mut pushes = usual;
    pushes.extend(office(RELEASE, span, draw, rush, thursday));
    pushes
}

/// Six times the pushes while it lasts: five times more.
fn thursday(at: u64) -> f64 {
    let is_rush = weekday(at) == Weekday::Thursday && (14..17).contains(&(at % DAY / HOUR));
    if is_rush { 5.0 } else { 0.0 }
}

fn herds(span: std::ops::Range<u64>, draw: &mut Draw) -> Vec<Push> {
    let mut pushes = office(LIGHT, span.clone(), draw, startup, |_| 1.0);
    let mut day = span.start;
    while day < span.end {
        for (herd, shape) in herds_of(day) {
            for _ in 0..herd.count {
                let at = herd.at + milliseconds(draw.uniform(0.0, seconds(herd.within)));
                let blocks = shape(draw);
                pushes.push(Push { at, blocks });
            }
        }
        day += DAY;
    }
    pushes
}

/// The herds of the day that begins at a moment, with the shape of their pipelines.
fn herds_of(day: u64) -> Vec<(Herd, Shape)> {
    let herd = |at, count, within, shape: Shape| {
        let at = day + at;
        (Herd { at, count, within }, shape)
    };
    let mut all = vec![
        herd(2 * HOUR, 40, 20_000, midsize),
        herd(6 * HOUR + HOUR / 2, 10, 20_000, midsize),
    ];
    all.extend((0..24).map(|hour| herd(hour * HOUR, 3, 10_000, hourly)));
    all
}

fn hourly(draw: &mut Draw) -> Vec<Vec<u64>> {
    vec![block(1, draw), block(draw.whole(1, 3), draw)]
}

fn flood(at: u64, draw: &mut Draw) -> Vec<Push> {
    let one = |_| {
        let at = at + milliseconds(draw.uniform(0.0, 20.0));
        let blocks = vec![block(10, draw)];
        Push { at, blocks }
    };
    (0..1000).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_has_about_the_jobs_that_its_description_says() {
        let expected = [("S1", 1_678), ("S2", 21_322), ("S3", 16_850), ("S4", 7_683)];
        for (name, jobs) in expected {
            let counts: Vec<usize> = (1..=5)
                .map(|seed| {
                    synthetic(name, 2, seed)
                        .expect("it exists")
                        .scored_jobs()
                        .count()
                })
                .collect();
            let mean = counts.iter().sum::<usize>() / 5;
            assert!(
                (jobs * 85 / 100..jobs * 115 / 100).contains(&mean),
                "{name}: {counts:?}"
            );
        }
    }

    #[test]
    fn a_seed_is_a_workload() {
        let first = |seed| synthetic("S1", 1, seed).expect("it exists").pushes[0].at;
        assert_eq!(first(3), first(3));
        assert_ne!(first(3), first(4));
        assert!(synthetic("S9", 1, 1).is_none());
    }
}
