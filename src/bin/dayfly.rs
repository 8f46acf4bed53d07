//! The operator's program: scaler, demo and everything around them.

use std::process::ExitCode;

fn main() -> ExitCode {
    dayfly::cli::main()
}
