//! The function: what AWS Lambda starts, under the name `bootstrap`.

use std::process::ExitCode;

fn main() -> ExitCode {
    dayfly::lambda::program::run()
}
