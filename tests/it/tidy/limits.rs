//! How long a file and a function may be, and what no file may be called.
//!
//! Lines of comments and of texts do not count for a function: explaining is never punished.

use super::source::{ALL, Source, closing_brace, is_word, line_at, sources};
use super::{Finding, assert_clean, lines_of};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
/// A file with such a name collects whatever nobody wanted to name.
const BANNED_STEMS: [&str; 8] = [
    "util", "utils", "helper", "helpers", "common", "misc", "shared", "stuff",
];

fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.text.lines().count();
    if FILE_LINES_MAX < lines {
        let text = format!(
            "has {lines} lines, and a file has at most {FILE_LINES_MAX}: split it by noun, \
             before it becomes the place where everything meets"
        );
        findings.push(Finding::new(&source.path, 0, text));
    }
    let parts = source.path.split(['/', '.']);
    if let Some(name) = parts.into_iter().find(|part| BANNED_STEMS.contains(part)) {
        let text = format!("is named `{name}`, which says nothing: name it for what it holds");
        findings.push(Finding::new(&source.path, 0, text));
    }
    findings.extend(long_functions(source));
    findings
}

fn long_functions(source: &Source) -> Vec<Finding> {
    let code = &source.code;
    let mut findings = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let inside_a_word = code[..at].chars().next_back().is_some_and(is_word);
        let named = code[at + 3..].chars().next().is_some_and(is_word);
        let body = code[at..].find(['{', ';']).map(|offset| at + offset);
        let Some(body) = body.filter(|body| code[*body..].starts_with('{')) else {
            continue;
        };
        let Some(end) = closing_brace(code, body).filter(|_| named && !inside_a_word) else {
            continue;
        };
        let lines = code[at..end].lines().filter(|line| !line.trim().is_empty());
        let lines = lines.count();
        if FUNCTION_LINES_MAX < lines {
            let text = format!(
                "a function of {lines} lines, and one has at most {FUNCTION_LINES_MAX}: \
                 it must fit on a screen"
            );
            findings.push(Finding::new(&source.path, line_at(code, at), text));
        }
    }
    findings
}

#[test]
fn files_and_functions_stay_short_and_are_named_for_what_they_hold() {
    let sources = sources(&ALL);
    let findings: Vec<Finding> = sources.iter().flat_map(check).collect();
    assert_clean(&findings);
}

#[test]
fn a_long_file_is_found() {
    let fits = Source::new("src/a.rs", &"//\n".repeat(FILE_LINES_MAX));
    let long = Source::new("src/a.rs", &"//\n".repeat(FILE_LINES_MAX + 1));
    assert_eq!((check(&fits).len(), check(&long).len()), (0, 1));
}

#[test]
fn a_long_function_is_found_and_its_comments_are_not_counted() {
    let function = |lines, line: &str| format!("\nfn a() {{\n{}}}\n", line.repeat(lines));
    let fits = Source::new("src/a.rs", &function(FUNCTION_LINES_MAX - 2, "b();\n"));
    let long = Source::new("src/a.rs", &function(FUNCTION_LINES_MAX - 1, "b();\n"));
    let told = Source::new("src/a.rs", &function(FUNCTION_LINES_MAX, "// why\n"));
    assert!(check(&fits).is_empty() && check(&told).is_empty());
    assert_eq!(lines_of(&check(&long)), [2]);
}

#[test]
fn a_name_that_says_nothing_is_found() {
    assert_eq!(check(&Source::new("agent/src/utils.rs", "")).len(), 1);
    assert_eq!(check(&Source::new("src/common/mod.rs", "")).len(), 1);
    assert!(check(&Source::new("agent/src/uplink.rs", "")).is_empty());
}
