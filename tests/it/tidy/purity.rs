//! What the pure rooms may not touch, and how they match.
//!
//! A decision that reads a clock or the environment cannot be replayed, and one that walks
//! an unordered map differs from run to run. A match with a wildcard swallows the variant
//! that somebody adds next year. Rooms marked documented have a sentence on every item.

use super::source::{PRODUCT, Source, sources, words};
use super::{Finding, assert_clean, lines_of};

/// Functions of their arguments, all of them.
const PURE: [&str; 13] = [
    "src/model/",
    "src/plan/",
    "src/forecast/",
    "src/doctor/",
    "src/image/",
    "agent/src/state",
    "agent/src/logbuf",
    "lab/src/emulator/hub/",
    "lab/src/emulator/dynamo/",
    "lab/src/emulator/ec2/",
    "lab/src/emulator/imds/",
    "lab/src/emulator/pipeline/",
    "lab/src/emulator/feed.rs",
];
/// The doors of pure rooms: each reads what the pure rest of its room is given.
const DOORS: [&str; 1] = ["lab/src/emulator/pipeline/load.rs"];
/// Where our enums are matched without a wildcard.
const EXHAUSTIVE: [&str; 7] = [
    "src/model/",
    "src/plan/",
    "src/forecast/",
    "src/doctor/",
    "src/image/",
    "agent/src/state",
    "agent/src/logbuf",
];
/// A name and what it would bring in.
const BANNED: [(&str, &str); 20] = [
    ("SystemTime", "a clock"),
    ("Instant", "a clock"),
    ("SystemClock", "a clock"),
    ("rand", "randomness"),
    ("getrandom", "randomness"),
    ("SystemRandom", "randomness"),
    ("env", "the environment"),
    ("async", "waiting"),
    ("await", "waiting"),
    ("tokio", "waiting"),
    ("thread", "waiting"),
    ("Mutex", "shared state"),
    ("tracing", "logging"),
    ("println", "output"),
    ("eprintln", "output"),
    ("fs", "the disk"),
    ("HashMap", "an order that differs from run to run"),
    ("HashSet", "an order that differs from run to run"),
    ("f32", "sums that depend on their order"),
    ("f64", "sums that depend on their order"),
];
/// Files whose every item must be explained, by `#![deny(missing_docs)]`.
const DOCUMENTED: [&str; 5] = [
    "src/model/mod.rs",
    "src/plan/mod.rs",
    "src/forecast/mod.rs",
    "src/image/mod.rs",
    "src/ports.rs",
];

fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_in = |rooms: &[&str]| rooms.iter().any(|room| source.path.starts_with(room));
    let is_pure = is_in(&PURE) && !is_in(&DOORS);
    for (line, code) in source.product_lines().filter(|_| is_pure) {
        findings.extend(impurity(code).map(|(name, what)| {
            let text = format!(
                "`{name}` brings {what} into a pure room: pass what it would tell as an argument"
            );
            Finding::new(&source.path, line, text)
        }));
    }
    for (line, code) in source.product_lines().filter(|_| is_in(&EXHAUSTIVE)) {
        let arm = code.trim_start();
        if arm.starts_with("_ =>") || arm.starts_with("_ if ") || code.contains("| _ =>") {
            let text = "a wildcard arm in a pure room: name the variants, so that a new one \
                        does not compile until it is decided (for numbers and texts, bind a name)";
            findings.push(Finding::new(&source.path, line, text));
        }
    }
    findings
}

/// The banned names of a line; a field or method of the same name (`payload.env`) is none.
fn impurity(code: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    words(code).filter_map(|(at, word)| {
        let is_member = code[..at].ends_with('.') && word != "await";
        let is_field = code[at + word.len()..].trim_start().starts_with(": ");
        let row = BANNED.iter().find(|(name, _)| *name == word)?;
        (!is_member && !is_field).then_some(*row)
    })
}

fn undocumented(source: &Source) -> Option<Finding> {
    let held = source.code.contains("#![deny(missing_docs)]");
    let wanted = DOCUMENTED.contains(&source.path.as_str());
    let text = "has to begin with `#![deny(missing_docs)]`: the vocabulary of the whole package \
                is explained item by item";
    (wanted && !held).then(|| Finding::new(&source.path, 0, text))
}

#[test]
fn pure_rooms_are_pure_and_match_without_wildcards() {
    let findings: Vec<Finding> = sources(&PRODUCT).iter().flat_map(check).collect();
    assert_clean(&findings);
}

#[test]
fn the_vocabulary_is_documented() {
    let sources = sources(&PRODUCT);
    let findings: Vec<Finding> = sources.iter().filter_map(undocumented).collect();
    assert_clean(&findings);
    assert!(undocumented(&Source::new("src/ports.rs", "//! Doors.\n")).is_some());
}

#[test]
fn a_clock_in_a_pure_room_is_found() {
    let text =
        "use std::time::SystemTime;\nfn a() { std::env::var(b) }\nasync fn c() { d().await }\n";
    let pure = check(&Source::new("src/plan/a.rs", text));
    let shell = check(&Source::new("src/scaler/a.rs", text));
    assert_eq!(lines_of(&pure), [1, 2, 3, 3]);
    assert!(shell.is_empty());
}

#[test]
fn a_field_or_a_test_is_no_impurity() {
    let text = "let a = payload.env;\nJob { env: b }\n#[cfg(test)]\nmod tests { use std::fs; }\n";
    assert!(check(&Source::new("src/plan/a.rs", text)).is_empty());
}

#[test]
fn a_wildcard_arm_is_found() {
    let text = "match a {\n    A::B => 1,\n    _ => 2,\n}\nmatch c {\n    (_, d) => d,\n}\n";
    let findings = check(&Source::new("agent/src/state.rs", text));
    assert_eq!(lines_of(&findings), [3]);
}
