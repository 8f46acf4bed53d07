//! The marks that tell the shell's own words from the job's output.
//!
//! A mark is `0x01`, a nonce, a letter, perhaps a status, and `0x02`. Every command has a nonce of its own, so
//! whatever a command prints, or leaves a background process to print, cannot end another one (protocol.md A8).
//! What is not here: who prints the marks when; that is `typed_line`, the one line the shell is given.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The first byte of every mark.
pub(super) const MARK_START: u8 = 0x01;
/// The last byte of every mark. Not a newline, because a job may change what the terminal makes of one.
pub(super) const MARK_END: u8 = 0x02;

/// 128 random bits as 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nonce(String);

impl Nonce {
    /// A nonce that nobody can guess. An error means that `/dev/urandom` cannot be read.
    pub(super) fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self(
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// The digits.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn fixed(digit: char) -> Self {
        Self(std::iter::repeat_n(digit, 32).collect())
    }
}

/// The one line that is typed to run a command: start mark, `source`, end mark with the status.
///
/// It is far shorter than the 4096 bytes that a terminal takes in one line. The marks go to `/dev/tty`, because
/// the job may have redirected the shell's own output, and whatever else the line prints (traces, the job's
/// traps) goes nowhere. The prompt command prints a mark as well: when that one comes without an end mark before
/// it, bash has dropped the rest of the line, as it does when a child dies of SIGINT (protocol.md A6). It is set
/// before and after, because the job may change it. `printf -v` sets it, since an assignment to a variable that
/// the job made readonly would drop the line as well. A command that changes the prompt command and is
/// interrupted all at once is beyond this: it waits for a stop, as every interrupted command used to.
pub(super) fn typed_line(nonce: &Nonce, script: &Path) -> String {
    let nonce = nonce.as_str();
    let script = quoted(&script.to_string_lossy());
    let mark = |rest: &str| format!(r#"\builtin printf "\001{nonce}{rest}\002""#);
    let prompt = format!(
        r#"\builtin unset -v PS0 PROMPT_COMMAND; \builtin printf -v PS1 ""; \builtin printf -v PROMPT_COMMAND %s '{{ {} "$?" >/dev/tty; }} >/dev/null 2>&1' || :"#,
        mark("P%d"),
    );
    format!(
        "{{ {prompt}; {} >/dev/tty; }} >/dev/null 2>&1; \\builtin source {script}; \
         {{ AGENT_CMD_RESULT=$?; {prompt}; {} \"$AGENT_CMD_RESULT\" >/dev/tty; }} >/dev/null 2>&1\n",
        mark("S"),
        mark("E%d"),
    )
}

/// A text as one word of bash, in single quotes: nothing in it is expanded.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typed_line_stays_far_below_what_a_terminal_takes_at_once() {
        let path = format!("/{}", "deep/".repeat(200));
        let line = typed_line(&Nonce::fixed('a'), Path::new(&path));
        assert!(line.len() < 2048, "{} bytes", line.len());
        assert_eq!(line.matches('\n').count(), 1);
    }

    #[test]
    fn quotes_are_quoted() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }

    #[test]
    fn two_nonces_differ() {
        let first = Nonce::random().expect("random bytes");
        let second = Nonce::random().expect("random bytes");
        assert_ne!(first, second);
        assert_eq!(first.as_str().len(), 32);
    }
}
