//! Commands that `dayfly` once had, and what they are called now.

use std::process::ExitCode;

use super::exit::Exit;
use super::output::print_stderr;

/// The old name, and the command that does the same.
const MOVED: [(&str, &str); 6] = [
    ("demo", "dayfly-lab demo"),
    ("sim", "dayfly-lab fault-sim"),
    ("simulate", "dayfly-lab simulate"),
    ("hub", "dayfly-lab emulate hub"),
    ("cloud", "dayfly-lab emulate aws"),
    ("agent", "dayfly-agent"),
];

/// Says what the command is called now, if it is one of the old ones.
pub fn refuse(command: &str) -> Option<ExitCode> {
    let (old, new) = MOVED.iter().find(|(old, _)| *old == command)?;
    print_stderr(&format!("error: `dayfly {old}` is now `{new}`\n"));
    Some(Exit::Usage.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_commands_are_refused_and_others_are_not() {
        assert!(refuse("demo").is_some());
        assert!(refuse("run").is_none());
        assert!(refuse("demos").is_none());
    }
}
