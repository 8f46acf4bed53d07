//! How commands talk: what was asked goes to stdout, everything else to stderr.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::exit::Exit;
use crate::document::Problem;

/// Writes to stdout. A reader that has left is not an error: `dayfly plan | head` is fine.
pub fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    // Nothing can be said to somebody who does not listen any more.
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Writes an error with all its causes to stderr, and what to do about it after an empty line.
pub fn print_error(error: &dyn Error, hint: Option<&str>) {
    let mut text = format!("error: {}\n", causes(error));
    if let Some(hint) = hint {
        writeln!(text, "\nhint: {hint}").expect("writing to a string cannot fail");
    }
    print_stderr(&text);
}

/// An error with all its causes, on one line.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        write!(text, ": {source}").expect("writing to a string cannot fail");
        cause = source.source();
    }
    text
}

/// Says what went wrong at run time.
pub fn failed(error: &dyn Error) -> Exit {
    print_error(error, None);
    Exit::Failed
}

/// Lists everything that is wrong with a file that a person wrote.
pub fn refused(problems: &[Problem]) -> Exit {
    let lines: String = problems
        .iter()
        .map(|problem| format!("error: {problem}\n"))
        .collect();
    print_stderr(&lines);
    Exit::Configuration
}

/// Writes a file whole or not at all: beside it first, so that a crash or a full disk leaves the
/// old one.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .inspect_err(|_| drop(fs::remove_file(&beside)))
}

/// Writes to stderr, where logs and progress go.
pub fn print_stderr(text: &str) {
    // As above: there is nobody left to tell.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether colours and moving lines make sense on stderr: a terminal that is not a dumb one,
/// and nobody who asked for none (<https://no-color.org>).
pub fn style() -> Style {
    style_of(io::stderr().is_terminal())
}

/// The same of stdout.
pub fn stdout_style() -> Style {
    style_of(io::stdout().is_terminal())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the terminal's wishes are part of the door"
)]
fn style_of(is_terminal: bool) -> Style {
    let is_set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let is_terminal = is_terminal && !is_dumb;
    Style {
        live: is_terminal,
        colour: is_terminal && !is_set("NO_COLOR"),
    }
}

/// How many columns the terminal on stderr has at this moment; 80 if it does not tell.
pub fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr());
    let columns = size.map_or(0, |size| size.ws_col);
    if columns == 0 { 80 } else { columns.into() }
}

/// What the terminal can and may show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Lines may be overwritten in place.
    pub live: bool,
    /// Colours may be used.
    pub colour: bool,
}

impl Style {
    /// The text in an ANSI colour, or as it is.
    pub fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}
