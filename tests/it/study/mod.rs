//! The study: the same draws for everybody, bounds that hold, and the command.

mod bounds;
mod plots;
mod timeouts;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::rc::Rc;

use dayfly_lab::study::boots::BootLaw;
use dayfly_lab::study::contender::Contender;
use dayfly_lab::study::names::{contender, contenders};
use dayfly_lab::study::nonsense::LEARNED;
use dayfly_lab::study::pattern::BREAKS;
use dayfly_lab::study::recorded::recorded;
use dayfly_lab::study::run::{Setting, run};
use dayfly_lab::study::score::Score;
use dayfly_lab::study::workload::Workload;

/// Two weeks of a small team: on weekdays a build of six jobs each hour, and twelve jobs at 02:00.
fn builds() -> String {
    let mut text = "start_unix,project,jobs,job_seconds\n".to_owned();
    for day in 0..14_u64 {
        let midnight = 1_767_571_200 + day * 86_400;
        writeln!(text, "{},acme/nightly,12,2400", midnight + 7200).expect("a string takes all");
        if day % 7 < 5 {
            for hour in 8..18 {
                let at = midnight + hour * 3600 + day * 137 % 900;
                writeln!(text, "{at},acme/site,6,1200").expect("a string takes all");
            }
        }
    }
    text
}

/// The same as a file in a folder.
fn recording(folder: &Path) -> PathBuf {
    let file = folder.join("small.csv");
    std::fs::write(&file, builds()).expect("there is room");
    file
}

fn workload() -> Rc<Workload> {
    Rc::new(recorded("small", &builds(), 2, 7, 1).expect("it is a recording"))
}

fn setting() -> Setting {
    // A slow tick keeps the tests short.
    Setting {
        tick: 10_000,
        ..Setting::default()
    }
}

fn score(name: &str, setting: Setting) -> Score {
    let contender: Contender = contender(name).expect("it is known");
    run(contender, &workload(), setting, 1)
}

#[test]
fn every_policy_serves_every_job_and_none_is_cheaper_than_the_bound() {
    let slow = Setting {
        tick: 60_000,
        ..setting()
    };
    let week = Rc::new(recorded("small", &builds(), 1, 7, 1).expect("it is a recording"));
    for (name, contender, _) in contenders() {
        let score = run(contender, &week, slow, 1);
        assert_eq!(score.unserved, 0, "{name}");
        assert_eq!(score.jobs, 7 * 12 + 5 * 60, "{name}");
        // The bound takes boots at their mean, so a lucky week may fall a little below it.
        assert!(0.93 < score.ratio(), "{name}: {}", score.ratio());
        assert!(
            score.wait_p50 <= score.wait_p95 && score.wait_p95 <= score.wait_p99,
            "{name}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_score() {
    let slow = Setting {
        tick: 120_000,
        ..setting()
    };
    assert_eq!(score("ours", slow), score("ours", slow));
    assert_eq!(score("aas", slow), score("aas", slow));
}

#[test]
fn ours_waits_less_than_reactive_and_costs_less_than_the_incumbent() {
    let (ours, reactive, incumbent) = (
        score("ours", setting()),
        score("reactive", setting()),
        score("aas", setting()),
    );
    assert!(
        ours.wait_p95 < reactive.wait_p95 * 0.8,
        "{ours:?} {reactive:?}"
    );
    assert!(ours.wait_mean < reactive.wait_mean, "{ours:?} {reactive:?}");
    assert!(
        ours.machine_hours < incumbent.machine_hours * 0.8,
        "{ours:?} {incumbent:?}"
    );
    assert!(
        ours.wait_p95 < incumbent.wait_p95 * 0.8,
        "{ours:?} {incumbent:?}"
    );
}

#[test]
fn reactive_launches_one_machine_for_each_job() {
    let reactive = score("reactive", setting());
    assert_eq!(reactive.wasted, 0);
    // Machines for jobs of the night before the scored week may be launched within it.
    let more = reactive.launches - reactive.jobs;
    assert!(more <= 12, "{reactive:?}");
}

#[test]
fn boots_that_do_not_differ_are_not_raced() {
    let narrow = Setting {
        boots: BootLaw::Narrow,
        ..setting()
    };
    let (spread, equal) = (score("ours", setting()), score("ours", narrow));
    assert!(equal.wasted * 2 < spread.wasted, "{equal:?} {spread:?}");
}

/// Sooner and cheaper than the incumbent, and nobody waits for longer than without guesses.
fn assert_better(name: &str, ours: &Score, reactive: &Score, incumbent: &Score) {
    assert!(
        ours.wait_p95 < incumbent.wait_p95 && ours.wait_mean < reactive.wait_mean,
        "{name}: {ours:?}"
    );
    assert!(
        ours.machine_hours < incumbent.machine_hours,
        "{name}: {ours:?} {incumbent:?}"
    );
}

#[test]
fn nonsense_in_place_of_what_was_learned_costs_less_than_the_incumbent_and_lets_nobody_wait() {
    let (reactive, incumbent) = (score("reactive", setting()), score("aas", setting()));
    for (name, learned) in LEARNED {
        let told = Setting {
            learned: Some(learned),
            ..setting()
        };
        let ours = score("ours", told);
        assert_better(name, &ours, &reactive, &incumbent);
    }
}

#[test]
fn a_pattern_that_breaks_costs_less_than_the_incumbent_and_lets_nobody_wait() {
    for (name, how) in BREAKS {
        let workload = (*workload()).clone();
        let broken = Rc::new(workload.broken(how, 1));
        let score = |policy: &str| {
            let contender = contender(policy).expect("it is known");
            run(contender, &broken, setting(), 1)
        };
        let (ours, reactive, incumbent) = (score("ours"), score("reactive"), score("aas"));
        assert_better(name, &ours, &reactive, &incumbent);
    }
}

fn simulate(arguments: &[&str]) -> Output {
    Command::new(crate::programs::lab())
        .arg("simulate")
        .args(arguments)
        .output()
        .expect("dayfly-lab can be started")
}

#[test]
fn the_command_prints_a_table_and_json() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = recording(folder.path());
    let file = file.to_str().expect("it is text");
    let table = simulate(&[
        "--workload",
        file,
        "--policy",
        "reactive,aas",
        "--weeks",
        "1",
    ]);
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.status.success(), "{text}");
    assert!(
        text.contains("small     reactive") && text.contains("against aas: p95 x"),
        "{text}"
    );
    let json = simulate(&[
        "--workload",
        file,
        "--policy",
        "reactive",
        "--weeks",
        "1",
        "--json",
    ]);
    let rows: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!(rows[0]["score"]["jobs"], 384);
    assert_eq!(rows[0]["policy"], "reactive");
}

#[test]
fn what_is_not_known_is_said_with_what_is() {
    let unknown = simulate(&["--workload", "S9"]);
    assert_eq!(unknown.status.code(), Some(2));
    let text = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(
        text.contains("\"S9\"; expected one of S1, S2, S3, S4, S5, FILE.csv"),
        "{text}"
    );
    let policy = simulate(&["--workload", "S1", "--policy", "best"]);
    assert_eq!(policy.status.code(), Some(2));
    for option in ["--boots", "--pattern", "--learned"] {
        let odd = simulate(&["--workload", "S1", option, "odd"]);
        assert_eq!(odd.status.code(), Some(2), "{option}");
        let text = String::from_utf8_lossy(&odd.stderr).into_owned();
        assert!(text.contains("\"odd\"; expected one of "), "{text}");
    }
    let lost = simulate(&["--workload", "/nowhere/at/all.csv"]);
    assert_eq!(lost.status.code(), Some(3));
    let list = simulate(&["--list"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("agent-aws-stack with its defaults"));
}

#[test]
fn advice_names_the_speed_and_its_evidence() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = recording(folder.path());
    let file = file.to_str().expect("it is text");
    let wanted = |wish: &[&str]| {
        let common = [
            "--workload",
            file,
            "--weeks",
            "1",
            "--tick-seconds",
            "120",
            "--advise",
        ];
        let output = simulate(&[&common[..], wish].concat());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let cheapest = wanted(&["--wait-p95", "1000"]);
    assert!(
        cheapest.contains("small: speed = \"reactive\": p95 "),
        "{cheapest}"
    );
    assert!(!cheapest.contains("wait_p95_seconds"), "{cheapest}");
    let within = wanted(&["--wait-p95", "45"]);
    assert!(
        within.ends_with("day to day: wait_p95_seconds = 45\n"),
        "{within}"
    );
    let impossible = wanted(&["--dollars", "0.01"]);
    assert!(
        impossible.contains("small: no speed does that"),
        "{impossible}"
    );
    // So soon that no named speed does it, and a worth in dollars has to.
    let soon = wanted(&["--dollars", "1000"]);
    assert!(
        soon.contains("small: speed = \"fast\"")
            || soon.contains("small: waiting_minute_dollars = \"0."),
        "{soon}"
    );
    let without = simulate(&["--workload", file, "--advise"]);
    assert_eq!(without.status.code(), Some(2));
}
