//! Who may import whom.
//!
//! A room that imports against this table drags the world into the pure rooms, or a cloud's
//! types into decisions. Tests inside `src` are free: they compare rooms with each other.

use super::source::{PRODUCT, Source, closing_brace, is_word, line_at, sources};
use super::{Finding, assert_clean};

/// A room and the other rooms that it may import. The longest name that fits a module is its room.
const TABLE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("plan", &["model"]),
    ("forecast", &["model"]),
    ("ports", &["model"]),
    ("scaler", &["plan", "forecast", "ports", "model"]),
    ("hub::wire", &["model"]),
    ("https", &["model"]),
    ("hub", &["hub::wire", "ports", "model", "config", "https"]),
    ("agent::state", &["agent::logbuf", "hub::wire", "model"]),
    ("agent::logbuf", &["agent::state", "hub::wire", "model"]),
    ("agent::process", &[]),
    ("agent::command", &["*"]),
    ("agent::main", &["*"]),
    (
        "agent",
        &[
            "agent::state",
            "agent::logbuf",
            "agent::process",
            "hub",
            "hub::wire",
            "model",
            "ports",
            "document",
        ],
    ),
    ("emulator::hub", &["emulator", "hub::wire", "model"]),
    ("emulator::dynamo", &[]),
    ("emulator::ec2", &["emulator", "emulator::dynamo", "model"]),
    ("emulator::imds", &["emulator", "emulator::ec2", "model"]),
    (
        "emulator::pipeline",
        &["emulator", "hub::wire", "model", "document"],
    ),
    ("emulator::http", &["emulator", "ports", "model"]),
    (
        "emulator::feed",
        &["emulator", "emulator::hub", "emulator::pipeline", "model"],
    ),
    ("emulator", &["hub::wire", "model"]),
    // A machine ends a process tree as a job does.
    (
        "local",
        &["ports", "model", "config", "hub::wire", "agent::process"],
    ),
    (
        "sim",
        &[
            "scaler",
            "plan",
            "ports",
            "emulator",
            "emulator::hub",
            "emulator::ec2",
            "agent::state",
            "agent::logbuf",
            "hub::wire",
            "model",
        ],
    ),
    ("lambda::program", &["*"]),
    ("lambda", &["lambda::program", "scaler", "ports", "model"]),
    (
        "program",
        &[
            "aws", "hub", "scaler", "config", "document", "ports", "model",
        ],
    ),
    ("image", &["model"]),
    (
        "aws",
        &["ports", "model", "config", "doctor", "https", "image"],
    ),
    ("document", &["model"]),
    ("config", &["document", "model"]),
    ("doctor", &["ports", "model"]),
    ("history", &["hub::wire", "model"]),
    (
        "study",
        &["scaler", "plan", "forecast", "ports", "model", "history"],
    ),
    ("telemetry", &[]),
    ("user_data", &["document", "config", "model"]),
    ("cli", &["*"]),
    ("bin", &["*"]),
    ("main", &["*"]),
];

fn room_of(module: &[&str]) -> Option<&'static (&'static str, &'static [&'static str])> {
    let fits = |room: &str| {
        let parts: Vec<&str> = room.split("::").collect();
        module.starts_with(&parts)
    };
    let rows = TABLE.iter().filter(|(room, _)| fits(room));
    rows.max_by_key(|(room, _)| room.len())
}

fn check(source: &Source) -> Vec<Finding> {
    let module = source.module();
    if module.is_empty() {
        return Vec::new();
    }
    let Some((room, may)) = room_of(&module) else {
        let text = "is in no room of the import table in tests/it/tidy/imports.rs; give it a row";
        return vec![Finding::new(&source.path, 0, text)];
    };
    let mut findings = Vec::new();
    for (line, path) in paths(&source.code, &module) {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let Some((imported, _)) = room_of(&parts) else {
            continue;
        };
        let allowed = imported == room || may.contains(imported) || may.contains(&"*");
        if !allowed && !source.is_test(line) {
            let text = format!(
                "`{room}` imports `{}`, and may import of ours only: {}. \
                 The table keeps decisions free of the world (docs/ARCHITECTURE.md)",
                parts.join("::"),
                if may.is_empty() {
                    "nothing".to_owned()
                } else {
                    may.join(", ")
                },
            );
            findings.push(Finding::new(&source.path, line, text));
        }
    }
    findings
}

/// Every path of ours that the code names, from the package's root, with its line.
fn paths(code: &str, module: &[&str]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for root in ["crate::", "super::", "self::", "dayfly::", "dayfly_agent::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|before| is_word(before) || before == ':') {
                continue;
            }
            for tree in branches(&code[at..]) {
                found.push((line_at(code, at), absolute(&tree, module)));
            }
        }
    }
    found
}

/// The paths of a tree such as `crate::{a::b, c}`.
fn branches(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if text.starts_with('{') {
        let end = closing_brace(text, 0).unwrap_or(text.len());
        let inside = text[1..end].trim_end_matches('}');
        return split_list(inside).into_iter().flat_map(branches).collect();
    }
    let length = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    if name.is_empty() {
        return vec![Vec::new()];
    }
    let below = match rest.strip_prefix("::") {
        Some(rest) => branches(rest),
        None => vec![Vec::new()],
    };
    let prefixed = below.into_iter().map(|mut path| {
        path.insert(0, name.to_owned());
        path
    });
    prefixed.collect()
}

/// Splits at the commas that stand in no inner braces.
fn split_list(inside: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, character) in inside.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// `super::x` in `agent::state` is `agent::x`.
fn absolute(path: &[String], module: &[&str]) -> Vec<String> {
    let mut from: Vec<String> = module.iter().map(|part| (*part).to_owned()).collect();
    for part in path {
        match part.as_str() {
            // The agent's rooms begin with `agent`, as their modules do.
            "crate" => from.truncate(usize::from(from.first().is_some_and(|at| at == "agent"))),
            "dayfly" => from.clear(),
            "dayfly_agent" => from = vec!["agent".to_owned()],
            "super" => drop(from.pop()),
            "self" => {}
            name => from.push(name.to_owned()),
        }
    }
    from
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let findings: Vec<Finding> = sources(&PRODUCT).iter().flat_map(check).collect();
    assert_clean(&findings);
}

/// The findings of one file, shortened to what was imported.
#[cfg(test)]
fn imported_wrongly(path: &str, text: &str) -> Vec<String> {
    let findings = check(&Source::new(path, text));
    let name = |finding: &Finding| finding.text.split('`').nth(3).map(str::to_owned);
    findings.iter().filter_map(name).collect()
}

#[test]
fn an_import_against_the_table_is_found_however_it_is_written() {
    let wrong = |text| imported_wrongly("src/plan/launch.rs", text);
    assert_eq!(wrong("use crate::ports::Hub;"), ["ports::Hub"]);
    assert_eq!(
        wrong("use crate::{\n model::id::JobId,\n scaler::{a, b}};"),
        ["scaler::a", "scaler::b"]
    );
    assert_eq!(wrong("fn f() { crate::cli::main() }"), ["cli::main"]);
    assert_eq!(
        wrong("use super::super::local::process;"),
        ["local::process"]
    );
    assert!(wrong("use crate::model::id::JobId;\nuse super::census::Census;").is_empty());
    assert!(wrong("#[cfg(test)]\nmod tests { use crate::cli::main; }").is_empty());
}

#[test]
fn a_room_within_a_room_has_its_own_row() {
    let wrong = |path, text| imported_wrongly(path, text);
    assert_eq!(
        wrong("agent/src/state.rs", "use super::shell::Shell;"),
        ["agent::shell::Shell"]
    );
    assert!(wrong("agent/src/state.rs", "use super::logbuf::Batch;").is_empty());
    assert!(wrong("agent/src/shell.rs", "use super::state::State;").is_empty());
    assert_eq!(
        wrong("src/hub/wire/log.rs", "use crate::hub::client::X;"),
        ["hub::client::X"]
    );
}

#[test]
fn import_from_another_package_has_a_row_too() {
    let wrong = |text| imported_wrongly("lab/src/sim/agent.rs", text);
    assert_eq!(wrong("use dayfly::hub::client::X;"), ["hub::client::X"]);
    assert_eq!(wrong("use dayfly_agent::shell::X;"), ["agent::shell::X"]);
    assert!(wrong("use dayfly_agent::state::X;\nuse dayfly::scaler::Tick;").is_empty());
    let text = "use crate::shell::X;";
    assert_eq!(
        imported_wrongly("agent/src/state/a.rs", text),
        ["agent::shell::X"]
    );
}

#[test]
fn a_file_without_a_room_is_found() {
    let findings = check(&Source::new("src/attic.rs", ""));
    assert_eq!(findings.len(), 1);
}
