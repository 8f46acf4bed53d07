//! A dependency is a decision, and says what for.

use super::source::read;
use super::{Finding, assert_clean, lines_of};

const MANIFESTS: [&str; 3] = ["Cargo.toml", "agent/Cargo.toml", "lab/Cargo.toml"];

/// Dependencies in a paragraph that no comment opens. One that the workspace has is explained there.
fn unexplained(path: &str, text: &str) -> Vec<Finding> {
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
        } else if in_dependencies && line.contains('=') && !explained && !is_of_workspace(line) {
            let name = line.split(['=', '.']).next().unwrap_or(line).trim();
            let text = format!("the dependency `{name}` needs a comment line that says what for");
            findings.push(Finding::new(path, at + 1, text));
        }
    }
    findings
}

fn is_of_workspace(line: &str) -> bool {
    line.contains("workspace = true")
}

#[test]
fn every_dependency_says_what_for() {
    let findings = MANIFESTS
        .iter()
        .flat_map(|path| unexplained(path, &read(path)));
    assert_clean(&findings.collect::<Vec<_>>());
}

#[test]
fn an_unexplained_dependency_is_found() {
    let text = "[package]\nname = \"a\"\n[dependencies]\nb = \"1\"\n# For d.\nc = \"1\"\nd = \"1\"\n\ne = \"1\"\nf.workspace = true\n";
    assert_eq!(lines_of(&unexplained("Cargo.toml", text)), [4, 9]);
}
