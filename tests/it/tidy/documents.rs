//! Pages: one title each, every page reachable, every link alive, decisions numbered.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::source::{files, read, root};
use super::{Finding, assert_clean, lines_of};

/// The pages from which every other page must be linked.
const ENTRANCES: [&str; 2] = ["README.md", "docs/ARCHITECTURE.md"];
/// What a fresh machine runs by name.
const SCRIPTS: [&str; 3] = ["tests/run", ".ci/run", "lambda/build"];

/// The lines outside fenced blocks, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let outside = numbered.filter(|(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    });
    outside.collect()
}

fn titles(path: &str, text: &str) -> Option<Finding> {
    let lines = prose(text);
    let titles: Vec<usize> = lines
        .iter()
        .filter(|(_, line)| line.starts_with("# "))
        .map(|(line, _)| *line)
        .collect();
    let text = "a page has one title, `# …`, on its first line: a reader must know where he is";
    (titles != [1]).then(|| Finding::new(path, titles.get(1).copied().unwrap_or(0), text))
}

/// The files that a page links, relative to the root, with their lines.
fn links(path: &str, text: &str) -> Vec<(usize, String)> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for (line, prose) in prose(text) {
        for part in prose.split("](").skip(1) {
            let target = part.split([')', '#', ' ']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                found.push((line, normal(&folder.join(target))));
            }
        }
    }
    found
}

/// The same path without `..`.
fn normal(path: &Path) -> String {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.push(name),
            _ => {}
        }
    }
    parts.to_string_lossy().into_owned()
}

/// Decisions are `NNNN-title.md`, from 0001, without a gap or a double.
fn misnumbered(names: &[String]) -> Vec<Finding> {
    let expected = |at: usize| format!("{:04}-", at + 1);
    let wrong = names.iter().enumerate().filter(|(at, name)| {
        let file = name.rsplit('/').next().unwrap_or(name);
        !file.starts_with(&expected(*at))
    });
    let text = "decisions are numbered from 0001 without gaps, so that a number names one for ever";
    wrong.map(|(_, name)| Finding::new(name, 0, text)).collect()
}

#[test]
fn every_page_has_one_title_and_its_links_are_alive() {
    let mut findings = Vec::new();
    for path in files("", "md") {
        let text = read(&path);
        findings.extend(titles(&path, &text));
        for (line, target) in links(&path, &text) {
            if !root().join(&target).exists() {
                let text = format!("links `{target}`, which does not exist");
                findings.push(Finding::new(&path, line, text));
            }
        }
    }
    assert_clean(&findings);
}

#[test]
fn every_page_of_docs_is_linked_from_an_entrance() {
    let from = |path: &&str| links(path, &read(path));
    let linked: BTreeSet<String> = ENTRANCES
        .iter()
        .flat_map(from)
        .map(|(_, target)| target)
        .collect();
    let pages = files("docs", "md").into_iter();
    let lost = pages.filter(|page| !linked.contains(page));
    let findings: Vec<Finding> = lost
        .map(|page| {
            Finding::new(
                &page,
                0,
                "no entrance links it (README.md, docs/ARCHITECTURE.md)",
            )
        })
        .collect();
    assert_clean(&findings);
}

#[test]
fn decisions_are_numbered_without_gaps() {
    assert_clean(&misnumbered(&files("docs/decisions", "md")));
}

#[cfg(unix)]
#[test]
fn the_scripts_can_be_run_by_their_names() {
    use std::os::unix::fs::PermissionsExt;
    for script in SCRIPTS {
        let mode = fs::metadata(root().join(script))
            .expect(script)
            .permissions()
            .mode();
        assert_eq!(mode & 0o111, 0o111, "{script} is not executable");
    }
}

#[test]
fn a_page_without_a_title_or_with_two_is_found() {
    assert_eq!(titles("a.md", "# A\n```sh\n# no title\n```\n## B\n"), None);
    assert!(titles("a.md", "A\n").is_some());
    let two: Vec<Finding> = titles("a.md", "# A\n\n# B\n").into_iter().collect();
    assert_eq!(lines_of(&two), [3]);
}

#[test]
fn links_are_read_from_where_their_page_lies() {
    let text = "[a](../src/lib.rs#L1) [b](https://example.com)\n[c](OPERATING.md)\n";
    let expected = [
        (1, "src/lib.rs".to_owned()),
        (2, "docs/OPERATING.md".to_owned()),
    ];
    assert_eq!(links("docs/A.md", text), expected);
}

#[test]
fn a_gap_between_decisions_is_found() {
    let names = ["docs/decisions/0001-a.md", "docs/decisions/0003-c.md"].map(str::to_owned);
    assert_eq!(misnumbered(&names).len(), 1);
    assert!(misnumbered(&names[..1]).is_empty());
}
