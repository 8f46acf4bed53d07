//! Bounds are bounds, names with a number are settings, and the frontier has nobody beaten.

use std::rc::Rc;
use std::time::Duration;

use dayfly::model::pool::Speed;
use dayfly_lab::study::contender::Contender;
use dayfly_lab::study::names::contender;
use dayfly_lab::study::run::{Setting, run};
use dayfly_lab::study::score::Score;
use dayfly_lab::study::synthetic::synthetic;

use super::{recording, simulate};

/// A week of S1, all of it scored, with nothing before it.
fn score(name: &str) -> Score {
    let week = synthetic("S1", 1, 1).expect("it exists");
    let contender: Contender = contender(name).expect("it is known");
    // A slow tick keeps the tests short.
    let setting = Setting {
        tick: 20_000,
        ..Setting::default()
    };
    run(contender, &Rc::new(week), setting, 1)
}

/// Cost and waits in one figure, over the hours of who knows the future: a waiting second is worth
/// ten of a machine (policy.md 2).
fn joint(score: &Score) -> f64 {
    let jobs = f64::from(u32::try_from(score.jobs).expect("a week's jobs"));
    let waited = score.wait_mean * jobs / 3600.0;
    (score.machine_hours + 10.0 * waited) / score.bound_hours
}

#[test]
fn without_an_idle_machine_each_job_waits_for_a_boot_and_nothing_is_paid_beside() {
    let score = score("zero-idle");
    assert_eq!((score.launches, score.wasted), (score.jobs, 0));
    // A week's boots are drawn, and the bound has their mean.
    assert!((0.97..1.03).contains(&score.ratio()), "{}", score.ratio());
    assert!(
        (37.0..43.0).contains(&score.wait_mean),
        "{}",
        score.wait_mean
    );
}

#[test]
fn bounds_follow_from_their_seed() {
    for name in ["zero-idle", "knowing", "stopped-5"] {
        assert_eq!(score(name), score(name), "{name}");
    }
}

#[test]
fn nobody_does_better_than_who_knows_everything_but_the_draws() {
    let bound = joint(&score("knowing"));
    assert!(1.0 < bound, "{bound}");
    for name in [
        "zero-idle",
        "reactive",
        "ours",
        "ours-ahead",
        "aas",
        "fixed-1",
    ] {
        let joint = joint(&score(name));
        assert!(bound < joint, "{name}: {joint} and the bound is {bound}");
    }
}

#[test]
fn a_higher_worth_waits_less_and_costs_more() {
    for name in ["knowing", "ours"] {
        let [cheap, soon] = [3, 30].map(|worth| score(&format!("{name}-{worth}")));
        assert!(soon.wait_mean < cheap.wait_mean, "{name}");
        assert!(cheap.machine_hours < soon.machine_hours, "{name}");
    }
}

#[test]
fn stopped_machines_shorten_waits_and_cost_their_disks() {
    let [without, few, many] = ["ours", "stopped-5", "stopped-50"].map(score);
    assert!(few.wait_mean < without.wait_mean);
    assert!(without.machine_hours < few.machine_hours);
    assert!(few.machine_hours < many.machine_hours);
}

#[test]
fn a_name_with_a_number_is_a_setting_and_without_one_is_none() {
    assert_eq!(
        contender("ours-10").map(Contender::idle_timeout),
        Some(120_000)
    );
    let speed_of = |name: &str| match contender(name) {
        Some(Contender::Ours { speculation, .. }) => speculation.speed,
        other => panic!("{name} is {other:?}"),
    };
    assert_eq!(speed_of("ours-17"), Speed::Worth(17));
    let wait = Speed::WaitP95(Duration::from_secs(45));
    assert_eq!(speed_of("ours-p95-45"), wait);
    assert_eq!(speed_of("ours-ahead-p95-45"), wait);
    assert_eq!(contender("stopped-5").map(Contender::stopped), Some(5));
    let knowing = contender("knowing-10");
    assert!(knowing.is_some() && knowing == contender("knowing"));
    for wrong in [
        "ours-N",
        "ours-0",
        "ours-1001",
        "ours-x",
        "aas-7",
        "reactive-3",
        "ours-",
    ] {
        assert_eq!(contender(wrong), None, "{wrong}");
    }
}

#[test]
fn the_frontier_names_those_that_nobody_beats_and_who_beats_the_others() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = recording(folder.path());
    let path = file.to_str().expect("it is text");
    let few = ["--workload", path, "--weeks", "1", "--tick-seconds", "120"];
    let output = simulate(&[&few[..], &["--frontier"]].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let (front, beaten) = text.split_once("beaten\n").expect("two parts");
    let costs: Vec<f64> = front
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().nth(1).expect("a cost").parse())
        .map(|cost| cost.expect("a number"))
        .collect();
    assert!(costs.is_sorted() && 2 <= costs.len(), "{text}");
    // Replacing each machine that has finished is never the best there is.
    assert!(
        beaten.contains("  aas ") && beaten.contains(" by "),
        "{text}"
    );
    let json = simulate(&[&few[..], &["--frontier", "--json"]].concat());
    let rows: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    let rows = rows.as_array().expect("a list");
    let open = rows.iter().filter(|row| row["beaten_by"].is_null());
    assert_eq!(open.count(), costs.len());
    let chosen = simulate(&[&few[..], &["--frontier", "--policy", "ours"]].concat());
    assert!(!chosen.status.success());
}
