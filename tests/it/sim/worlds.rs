//! Worlds that follow from seeds: nothing that must hold is broken in any of them.

use dayfly_lab::sim::options::Options;
use dayfly_lab::sim::run;
use dayfly_lab::sim::trace::Detail;

/// Worlds of every run, shared by the tests of one shape, which run at the same time.
const WORLDS: u64 = 300;
const SHARES: u64 = 4;

/// What was found in a world, with the command that repeats it.
pub fn found(seed: u64) -> Vec<String> {
    let report = run(Options::draw(seed), None, Detail::Digest);
    let findings = report.findings.iter();
    findings
        .map(|finding| {
            format!("{finding}\n  again: dayfly-lab fault-sim --seed {seed} --trace trace.jsonl")
        })
        .collect()
}

fn share(number: u64) {
    let seeds = (0..WORLDS).filter(|seed| seed % SHARES == number);
    let all: Vec<String> = seeds.flat_map(found).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn nothing_is_broken_in_the_first_quarter_of_the_worlds() {
    share(0);
}

#[test]
fn nothing_is_broken_in_the_second_quarter_of_the_worlds() {
    share(1);
}

#[test]
fn nothing_is_broken_in_the_third_quarter_of_the_worlds() {
    share(2);
}

#[test]
fn nothing_is_broken_in_the_last_quarter_of_the_worlds() {
    share(3);
}

/// Seeds that have found something, each with what it was.
#[test]
fn what_was_found_once_is_not_there_any_more() {
    let file = include_str!("../../data/seeds.txt");
    let lines = file
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    let seeds = lines.map(str::trim).filter(|seed| !seed.is_empty());
    let seeds: Vec<u64> = seeds.map(|seed| seed.parse().expect("a seed")).collect();
    assert!(!seeds.is_empty());
    let all: Vec<String> = seeds.into_iter().flat_map(found).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// The same seed gives the same world, byte for byte; another one does not.
#[test]
fn the_same_seed_gives_the_same_trace_byte_for_byte() {
    let trace = |seed| run(Options::draw(seed), None, Detail::Lines);
    for seed in [3, 26, 40] {
        let (first, again) = (trace(seed), trace(seed));
        assert!(first.trace == again.trace, "seed {seed} gave two traces");
        assert_eq!(first.digest, again.digest);
        let alone = run(Options::draw(seed), None, Detail::Digest);
        assert_eq!(first.digest, alone.digest, "what is kept changes nothing");
    }
    assert_ne!(trace(3).digest, trace(4).digest);
}
