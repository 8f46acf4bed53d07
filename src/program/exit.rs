//! How a command ends, in the one number that a shell sees.

use std::process::ExitCode;

/// Exit codes; `--help` and docs/OPERATING.md list them for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// What was asked has been done; in the demo, every job passed.
    Done = 0,
    /// It failed at run time; in the demo, a job did not pass.
    Failed = 1,
    /// The command line was wrong. clap uses the same number.
    Usage = 2,
    /// The configuration or the pipeline file was wrong.
    Configuration = 3,
    /// A plan broke an invariant of its own.
    Violation = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The last lines of `dayfly --help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done; in the demo, every job passed
  1  failed at run time; in the demo, a job did not pass
  2  the command line is wrong
  3  the configuration or the pipeline file is wrong
  4  the plan breaks an invariant (a bug: please report it)";
