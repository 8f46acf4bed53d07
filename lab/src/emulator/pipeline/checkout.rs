//! The one toolbox command that a local run provides.
//!
//! It is a bash function in a file, and a command in front of a job's own that sources it: the
//! job's shell keeps functions from one command to the next, and the log shows one short line.

use super::WorkingTree;
use super::variable::in_base64;
use dayfly::hub::wire::payload::{Command, File};

/// The function, without the line that names the working tree.
const FUNCTION: &str = include_str!("checkout.sh");
/// Where it lies, from the home folder.
const FILE: &str = ".dayfly/checkout.sh";
/// Words that may stand in front of a command's name.
const PREFIXES: [&str; 9] = [
    "time", "if", "while", "until", "then", "else", "do", "retry", "!",
];

/// Whether any of the commands calls `checkout`: as the first word of a simple command.
/// A `git checkout` is none.
pub(super) fn is_used<'c>(commands: impl IntoIterator<Item = &'c String>) -> bool {
    let is_separator = |c: char| matches!(c, '\n' | ';' | '&' | '|' | '(' | ')' | '{' | '}');
    let calls = |simple: &str| {
        let mut words = simple.split_whitespace();
        words.find(|word| !PREFIXES.contains(word)) == Some("checkout")
    };
    commands
        .into_iter()
        .any(|command| command.split(is_separator).any(calls))
}

/// The command that defines it.
pub(super) fn command() -> Command {
    Command {
        directive: format!("source ~/{FILE}"),
        alias: None,
    }
}

/// The file that the command sources.
pub(super) fn file(tree: &WorkingTree) -> File {
    let folder = tree.folder.replace('\'', r"'\''");
    File {
        path: FILE.to_owned(),
        content: in_base64(&format!("DAYFLY_WORKING_TREE='{folder}'\n{FUNCTION}")),
        mode: "0644".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_checkout_is_told_from_other_uses_of_the_word() {
        let is_used = |command: &str| is_used([&command.to_owned()]);
        assert!(is_used("checkout"));
        assert!(is_used("cd /tmp && checkout --use-cache"));
        assert!(is_used("if ! checkout; then\n  exit 1\nfi"));
        assert!(is_used("retry checkout"));
        assert!(!is_used("git checkout main"));
        assert!(!is_used("echo checkout"));
        assert!(!is_used("checkout_all"));
    }
}
