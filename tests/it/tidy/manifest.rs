//! A dependency is a decision, and says what for.

use super::source::read;
use super::{Finding, assert_clean, lines_of};

const MANIFEST: &str = "Cargo.toml";

/// Dependencies in a paragraph that no comment opens.
fn unexplained(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut in_dependencies, mut explained) = (false, false);
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
            explained = false;
        } else if line.is_empty() {
            explained = false;
        } else if line.starts_with('#') {
            explained = true;
        } else if in_dependencies && line.contains('=') && !explained {
            let name = line.split(['=', '.']).next().unwrap_or(line).trim();
            let text = format!("the dependency `{name}` needs a comment line that says what for");
            findings.push(Finding::new(MANIFEST, at + 1, text));
        }
    }
    findings
}

#[test]
fn every_dependency_says_what_for() {
    assert_clean(&unexplained(&read(MANIFEST)));
}

#[test]
fn an_unexplained_dependency_is_found() {
    let text = "[package]\nname = \"a\"\n[dependencies]\nb = \"1\"\n# For d.\nc = \"1\"\nd = \"1\"\n\ne = \"1\"\n";
    assert_eq!(lines_of(&unexplained(text)), [4, 9]);
}
