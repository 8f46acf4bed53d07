//! The laboratory's program: demo, emulators and simulators.

use std::process::ExitCode;

fn main() -> ExitCode {
    dayfly_lab::cli::main()
}
