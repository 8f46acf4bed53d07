//! Habits of the code and of its tests: no sleeping, no skipping, no silencing, no stubs.

use super::source::{ALL, Source, sources};
use super::{Finding, assert_clean, lines_of};

/// What may stand nowhere, and why.
const NOWHERE: [(&str, &str); 6] = [
    (
        "#[allow(",
        "`#[expect(lint, reason = …)]` goes when it is no longer needed",
    ),
    (
        "#![allow(",
        "`#![expect(lint, reason = …)]` goes when it is no longer needed",
    ),
    ("todo!(", "unfinished work does not land"),
    ("unimplemented!(", "unfinished work does not land"),
    ("dbg!(", "it was for your eyes"),
    ("#[ignore", "a test that is not run defends nothing"),
];
/// What may not stand in tests, and why.
const NOT_IN_TESTS: [(&str, &str); 3] = [
    (
        "thread::sleep",
        "wait for the event itself: it is sooner, and never too late",
    ),
    (
        "time::sleep",
        "wait for the event itself: it is sooner, and never too late",
    ),
    (
        "sleep_until",
        "wait for the event itself: it is sooner, and never too late",
    ),
];

fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, code) in source.lines() {
        let in_tests = NOT_IN_TESTS.iter().filter(|_| source.is_test(line));
        for (banned, why) in NOWHERE.iter().chain(in_tests) {
            if code.contains(banned) {
                let text = format!("`{banned}`: {why}");
                findings.push(Finding::new(&source.path, line, text));
            }
        }
    }
    findings
}

#[test]
fn nobody_sleeps_skips_silences_or_leaves_stubs() {
    let sources = sources(&ALL);
    let findings: Vec<Finding> = sources.iter().flat_map(check).collect();
    assert_clean(&findings);
}

#[test]
fn each_bad_habit_is_found() {
    let text = "#[allow(dead_code)]\nfn a() { todo!() }\n#[ignore = \"slow\"]\nfn b() { std::thread::sleep(c) }\n";
    let test = check(&Source::new("tests/it/a.rs", text));
    let product = check(&Source::new("lab/src/local/a.rs", text));
    assert_eq!(lines_of(&test), [1, 2, 3, 4]);
    assert_eq!(lines_of(&product), [1, 2, 3]);
}
