//! The commands: they know every room, and nobody knows them.
//!
//! stdout carries what was asked (text, or `--json`), stderr everything else. Exit codes are
//! [`exit::Exit`].

pub mod agent;
#[cfg(feature = "local")]
pub mod any_cloud;
#[cfg(feature = "local")]
pub mod check;
#[cfg(feature = "local")]
pub mod cloud;
#[cfg(feature = "local")]
pub mod connect;
#[cfg(feature = "local")]
pub mod demo;
#[cfg(feature = "local")]
pub mod doctor;
pub mod exit;
#[cfg(feature = "local")]
pub mod explain;
#[cfg(feature = "local")]
pub mod host;
#[cfg(feature = "local")]
pub mod hub;
#[cfg(all(feature = "lambda", feature = "local"))]
pub mod lambda;
#[cfg(feature = "local")]
pub mod machine;
#[cfg(feature = "local")]
pub mod notify;
pub mod output;
#[cfg(feature = "local")]
pub mod plan;
#[cfg(feature = "local")]
pub mod run;
#[cfg(feature = "local")]
pub mod service;
pub mod signals;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An autoscaler for Semaphore CI's self-hosted agents: one machine, one job, and gone.
#[derive(Debug, Parser)]
#[command(name = "dayfly", version, after_help = exit::EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a pipeline here, on machines of this computer: hub, scaler, agents and all.
    #[cfg(feature = "local")]
    Demo(demo::DemoCommand),
    /// Scales until SIGTERM or SIGINT.
    #[cfg(feature = "local")]
    Run(run::RunCommand),
    /// Says what would be done now, and why; changes nothing.
    #[cfg(feature = "local")]
    Plan(plan::PlanCommand),
    /// Reads a configuration and lists everything that is wrong with it.
    #[cfg(feature = "local")]
    Check(check::CheckCommand),
    /// Looks at everything that a deployment needs, and says what is wrong with it.
    #[cfg(feature = "local")]
    Doctor(doctor::DoctorCommand),
    /// Answers "why?" for one job, machine or pool, in one sentence.
    #[cfg(feature = "local")]
    Explain(explain::ExplainCommand),
    /// Serves the emulated hub alone, for any agent or scaler.
    #[cfg(feature = "local")]
    Hub(hub::HubCommand),
    /// Serves an emulated AWS account alone, for any scaler or AWS client.
    #[cfg(feature = "local")]
    Cloud(cloud::CloudCommand),
    /// The agent: the same program as `dayfly-agent`.
    #[command(subcommand)]
    Agent(agent::AgentCommand),
    /// The first process of a machine on this computer.
    #[cfg(feature = "local")]
    #[command(hide = true)]
    Machine(machine::MachineCommand),
}

/// Does what the command line asks.
pub fn main() -> ExitCode {
    #[cfg(all(feature = "lambda", feature = "local"))]
    if lambda::is_asked() {
        return lambda::run();
    }
    match Cli::parse().command {
        #[cfg(feature = "local")]
        Command::Demo(command) => demo::run(command),
        #[cfg(feature = "local")]
        Command::Run(command) => run::run(command),
        #[cfg(feature = "local")]
        Command::Plan(command) => plan::run(command),
        #[cfg(feature = "local")]
        Command::Check(command) => check::run(command),
        #[cfg(feature = "local")]
        Command::Doctor(command) => doctor::run(command),
        #[cfg(feature = "local")]
        Command::Explain(command) => explain::run(command),
        #[cfg(feature = "local")]
        Command::Hub(command) => hub::run(command),
        #[cfg(feature = "local")]
        Command::Cloud(command) => cloud::run(command),
        Command::Agent(command) => agent::run(command),
        #[cfg(feature = "local")]
        Command::Machine(command) => machine::run(command),
    }
}

/// One thread is enough for a scaler, an agent or a machine, and makes every order of events plain.
#[cfg(feature = "local")]
fn runtime() -> Result<tokio::runtime::Runtime, exit::Exit> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| output::failed(&error))
}

/// The seed that was chosen, or else a number that nobody can guess: tokens follow from it.
#[cfg(feature = "local")]
fn seed(chosen: Option<u64>) -> Result<u64, exit::Exit> {
    use std::io::Read;
    if let Some(seed) = chosen {
        return Ok(seed);
    }
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| output::failed(&error))?;
    Ok(u64::from_le_bytes(bytes))
}
