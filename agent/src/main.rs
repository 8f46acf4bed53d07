//! The agent: the program that runs in a machine.

use std::process::ExitCode;

use clap::Parser;
use dayfly_agent::command::{AgentCommand, run};

/// The agent of one machine: takes a job from Semaphore CI, runs it, streams its log, and leaves.
#[derive(Debug, Parser)]
#[command(name = "dayfly-agent", version = dayfly::VERSION)]
struct Program {
    #[command(subcommand)]
    command: AgentCommand,
}

fn main() -> ExitCode {
    run(Program::parse().command)
}
