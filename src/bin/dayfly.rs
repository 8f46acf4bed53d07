//! The operator's program: the scaler on EC2, and the commands around it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dayfly::cli::{check, doctor, exit, explain, history, image, moved, plan, render, run};
use dayfly::program::ec2::Ec2Provider;

/// An autoscaler for Semaphore CI's self-hosted agents: one machine, one job, and gone.
#[derive(Debug, Parser)]
#[command(name = "dayfly", version = dayfly::VERSION, after_help = exit::EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Scales until SIGTERM or SIGINT.
    Run(run::RunCommand),
    /// Says what would be done now, and why; changes nothing.
    Plan(plan::PlanCommand),
    /// Reads a configuration and lists everything that is wrong with it.
    Check(check::CheckCommand),
    /// Looks at everything that a deployment needs, and says what is wrong with it.
    Doctor(doctor::DoctorCommand),
    /// Answers "why?" for one job, machine or pool, in one sentence.
    Explain(explain::ExplainCommand),
    /// Writes what ran in a pool into a file, for `dayfly-lab simulate`.
    #[command(subcommand)]
    History(history::HistoryCommand),
    /// Prints what others are given: the user data of a pool's machines.
    #[command(subcommand)]
    Render(render::RenderCommand),
    /// Makes images with the agent baked in, tries them, and names the one that machines boot.
    #[command(subcommand)]
    Image(image::ImageCommand),
}

fn main() -> ExitCode {
    let first = std::env::args_os().nth(1);
    if let Some(exit) = first.and_then(|first| moved::refuse(first.to_str()?)) {
        return exit;
    }
    match Cli::parse().command {
        Command::Run(command) => run::run::<Ec2Provider>(command),
        Command::Plan(command) => plan::run::<Ec2Provider>(command),
        Command::Check(command) => check::run::<Ec2Provider>(command),
        Command::Doctor(command) => doctor::run::<Ec2Provider>(command, doctor::ec2::examine),
        Command::Explain(command) => explain::run::<Ec2Provider>(command),
        Command::History(command) => history::run::<Ec2Provider>(command),
        Command::Render(command) => render::run(command),
        Command::Image(command) => image::run(command),
    }
}
