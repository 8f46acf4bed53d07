//! The doctor: each answer has its finding, and what is wrong has a remedy.

mod account;
mod command;
mod hub;
mod machines;
mod on_ec2;
mod quota;

use dayfly::doctor::{Finding, Health, worst};
use dayfly::model::id::PoolName;

fn pool() -> PoolName {
    PoolName::new("linux")
}

/// How a finding is, and its line. Whatever is not well says what to do.
fn said(finding: &Finding) -> (Health, String) {
    let is_well = finding.health == Health::Ok;
    assert_eq!(finding.remedy.is_none(), is_well, "{finding}");
    (finding.health, finding.to_string())
}

#[track_caller]
fn assert_said(finding: &Finding, health: Health, words: &str) {
    let (found, line) = said(finding);
    assert_eq!(found, health, "{line}");
    assert!(line.contains(words), "{line}");
}

#[test]
fn the_worst_finding_counts() {
    let ok = Finding::ok("a", "b");
    let warning = Finding::warning("a", "b", "c");
    let wrong = Finding::wrong("a", "b", "c");
    assert_eq!(worst(&[]), Health::Ok);
    assert_eq!(worst(&[warning.clone(), ok.clone()]), Health::Warning);
    assert_eq!(worst(&[ok, wrong, warning]), Health::Wrong);
}
