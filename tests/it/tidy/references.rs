//! What a page says stands somewhere, stands there: files and tests that it names exist.
//!
//! A map that names what was renamed is worse than none. Only names in backticks are looked
//! at: a path that ends in `.rs`, and a name with three underscores or more, such as a test's.

use std::collections::BTreeSet;

use super::source::{ALL, Source, files, read, root, sources, words};
use super::{Finding, assert_clean, lines_of};

/// The pieces in backticks outside fenced blocks, with their lines.
fn quoted(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        let pieces = line.split('`').skip(1).step_by(2);
        found.extend(pieces.filter(|_| !fenced).map(|piece| (at + 1, piece)));
    }
    found
}

fn is_long_name(piece: &str) -> bool {
    let is_name = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
    piece.chars().all(is_name) && 3 <= piece.matches('_').count()
}

fn missing(
    path: &str,
    text: &str,
    names: &BTreeSet<String>,
    exists: &dyn Fn(&str) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, piece) in quoted(text) {
        let lost_file = piece.ends_with(".rs") && !piece.contains('*') && !exists(piece);
        let lost_name = is_long_name(piece) && !names.contains(piece);
        if lost_file || lost_name {
            let text = format!("names `{piece}`, which does not exist: correct the page");
            findings.push(Finding::new(path, line, text));
        }
    }
    findings
}

/// All names of a file; those in texts too, because a key of a configuration is a text.
fn names(source: &Source) -> Vec<String> {
    let lines = source.text.lines().flat_map(words);
    lines.map(|(_, name)| name.to_owned()).collect()
}

#[test]
fn pages_name_only_files_and_tests_that_exist() {
    let names: BTreeSet<String> = sources(&ALL).iter().flat_map(names).collect();
    let exists =
        |path: &str| root().join(path).is_file() || root().join("src").join(path).is_file();
    let mut pages = files("docs", "md");
    pages.push("README.md".to_owned());
    let findings: Vec<Finding> = pages
        .iter()
        .flat_map(|page| missing(page, &read(page), &names, &exists))
        .collect();
    assert_clean(&findings);
}

#[test]
fn a_name_of_nothing_is_found() {
    let text = "`a_test_that_is_there` and `plan/caps.rs`\n`a_test_that_is_gone`, `plan/lost.rs`\n";
    let known = names(&Source::new("a.rs", "fn a_test_that_is_there() {}"));
    let exists = |path: &str| path == "plan/caps.rs";
    let findings = missing("docs/A.md", text, &known.into_iter().collect(), &exists);
    assert_eq!(lines_of(&findings), [2, 2]);
}
