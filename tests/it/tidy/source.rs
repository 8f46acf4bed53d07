//! Rust files as the rules see them: the code alone, without comments and texts, and with
//! the knowledge of which lines exist only in tests.

use std::fs;
use std::path::{Path, PathBuf};

/// One Rust file.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the package's root, with forward slashes.
    pub(super) path: String,
    /// As it is on the disk.
    pub(super) text: String,
    /// Comments, and what stands between quotes, replaced by spaces; the lines stay the same.
    pub(super) code: String,
    /// For each line, whether it is compiled for tests only.
    in_test: Vec<bool>,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = blank(text);
        let in_test = test_lines(path, &code);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            in_test,
        }
    }

    /// The lines of code with their numbers, from one.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line))
    }

    /// The same, without what is compiled for tests only.
    pub(super) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(line, _)| !self.is_test(*line))
    }

    /// Whether a line, counted from one, is compiled for tests only.
    pub(super) fn is_test(&self, line: usize) -> bool {
        self.in_test.get(line - 1).copied().unwrap_or(false)
    }

    /// `src/plan/mod.rs` is `plan`; `lib.rs` is the root. Rooms of the laboratory have names that the
    /// product has not, and those of the agent begin with `agent`: `agent/src/state.rs` is `agent::state`.
    pub(super) fn module(&self) -> Vec<&str> {
        let inside = self.path.strip_prefix("lab/").unwrap_or(&self.path);
        let stem = inside.strip_suffix(".rs").unwrap_or(inside);
        stem.split('/')
            .filter(|part| !["src", "mod", "lib"].contains(part))
            .collect()
    }
}

/// The sources of the three packages.
pub(super) const PRODUCT: [&str; 3] = ["src", "agent/src", "lab/src"];
/// The same, and all tests and benches.
pub(super) const ALL: [&str; 6] = [
    "src",
    "agent/src",
    "lab/src",
    "tests",
    "agent/tests",
    "lab/tests",
];

/// The workspace's root.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under these folders of the package, in order.
pub(super) fn sources(folders: &[&str]) -> Vec<Source> {
    let files = folders.iter().flat_map(|folder| files(folder, "rs"));
    files.map(|path| Source::new(&path, &read(&path))).collect()
}

/// Every file with this extension under a folder of the package, relative to the root, in order.
pub(super) fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    let relative = found.iter().filter_map(|path| {
        let fits = path.extension().is_some_and(|ending| ending == extension);
        let inside = path.strip_prefix(root()).ok().filter(|_| fits)?;
        Some(inside.to_string_lossy().replace('\\', "/"))
    });
    let mut relative: Vec<String> = relative.collect();
    relative.sort();
    relative
}

/// A file of the package as text.
pub(super) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.');
        if path.is_file() {
            found.push(path);
        } else if path.is_dir() && !hidden && name != "target" {
            walk(&path, found);
        }
    }
}

/// Replaces comments and the contents of texts by spaces.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code: Vec<char> = chars.clone();
    let mut at = 0;
    while at < chars.len() {
        let end = skip_end(&chars, at);
        for place in &mut code[at..end] {
            if *place != '\n' {
                *place = ' ';
            }
        }
        at = end.max(at + 1);
    }
    code.into_iter().collect()
}

/// Where a comment or a text that starts here ends; the same place if none starts here.
fn skip_end(chars: &[char], at: usize) -> usize {
    let starts = |with: &str| {
        chars[at..]
            .iter()
            .copied()
            .take(with.len())
            .eq(with.chars())
    };
    if starts("//") {
        return find(chars, at, &['\n']);
    }
    if starts("/*") {
        return block_comment_end(chars, at);
    }
    match chars[at] {
        '"' => quoted_end(chars, at + 1, '"'),
        '\'' => character_end(chars, at),
        'r' => raw_end(chars, at).unwrap_or(at),
        _ => at,
    }
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
            }
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn quoted_end(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// A character in quotes; a lifetime is none.
fn character_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => quoted_end(chars, at + 1, '\''),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// The end of `r"…"` or `r#"…"#`, if this `r` starts one.
fn raw_end(chars: &[char], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|place| chars[place]);
    if before.is_some_and(|before| is_word(before) && before != 'b' && before != 'c') {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let mut closing = vec!['"'];
    closing.extend(std::iter::repeat_n('#', hashes));
    let end = find(chars, open + 1, &closing);
    Some((end + closing.len()).min(chars.len()))
}

fn find(chars: &[char], from: usize, wanted: &[char]) -> usize {
    let windows = chars[from..].windows(wanted.len());
    let found = windows.into_iter().position(|window| window == wanted);
    found.map_or(chars.len(), |offset| from + offset)
}

/// Whether a character can stand inside a name.
pub(super) fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// The names of a line of code, with the byte at which each starts.
pub(super) fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.split(|character| !is_word(character))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

/// The byte after the brace that closes the first brace at or after `from`.
pub(super) fn closing_brace(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, character) in code[from..].char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(from + offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The line, from one, on which a byte lies.
pub(super) fn line_at(code: &str, byte: usize) -> usize {
    1 + code[..byte].matches('\n').count()
}

fn test_lines(path: &str, code: &str) -> Vec<bool> {
    let count = code.lines().count();
    let named = ["/tests.rs", "_tests.rs"]
        .iter()
        .any(|end| path.ends_with(end));
    if named || (path.starts_with("tests/") || path.contains("/tests/")) {
        return vec![true; count];
    }
    let mut in_test = vec![false; count];
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let Some(length) = code[start..].find(['{', ';']) else {
            continue;
        };
        let ends_at_once = code[start + length..].starts_with(';');
        let end = match ends_at_once {
            true => start + length,
            false => closing_brace(code, start).unwrap_or(code.len()),
        };
        let last = line_at(code, end).min(count);
        in_test[line_at(code, start) - 1..last].fill(true);
    }
    in_test
}

#[test]
fn comments_and_texts_are_no_code() {
    let text =
        "a // x\n/* y /* y */ y */ b\n\"z\\\"z\" c 'q' '\\'' d<'e>\nr#\"f \" f\"# g br\"h\" i\n";
    let code = blank(text);
    let names: Vec<&str> = code.lines().flat_map(words).map(|(_, word)| word).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "g", "b", "i"]);
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn what_is_compiled_for_tests_only_is_known() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { if c {} }\n}\nfn d() {}\n";
    let source = Source::new("src/model/x.rs", text);
    let product: Vec<usize> = source.product_lines().map(|(line, _)| line).collect();
    assert_eq!(product, [1, 6]);
}

#[test]
fn a_path_gives_its_module() {
    assert_eq!(
        Source::new("agent/src/state.rs", "").module(),
        ["agent", "state"]
    );
    assert_eq!(Source::new("src/plan/mod.rs", "").module(), ["plan"]);
    assert!(Source::new("src/lib.rs", "").module().is_empty());
    assert_eq!(Source::new("agent/src/lib.rs", "").module(), ["agent"]);
    assert_eq!(Source::new("lab/src/sim/mod.rs", "").module(), ["sim"]);
    assert!(Source::new("lab/src/lib.rs", "").module().is_empty());
}
