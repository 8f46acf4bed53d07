//! The README's output is real: a demo of today prints the same, but for times and machine ids.

use std::process::Command;

/// The words of the summary, without times, machine ids and the table's widths.
fn summary(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with("block "));
    let is_stable = |word: &&str| {
        let is_time = word.trim_end_matches(';').parse::<f64>().is_ok();
        !is_time && !word.starts_with("i-")
    };
    let stable = |line: &str| {
        line.split_whitespace()
            .filter(is_stable)
            .collect::<Vec<_>>()
            .join(" ")
    };
    lines
        .take_while(|line| !line.starts_with("```"))
        .map(stable)
        .collect()
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).expect("the README");
    let output = Command::new(crate::programs::lab())
        .arg("demo")
        .output()
        .expect("the demo starts");
    assert_eq!(output.status.code(), Some(0));
    let printed = summary(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(summary(&readme), printed);
    assert!(10 < printed.len(), "{printed:?}");
}
