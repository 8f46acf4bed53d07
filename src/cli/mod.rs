//! The commands: they know every room, and nobody knows them.
//!
//! stdout carries what was asked (text, or `--json`), stderr everything else. Exit codes are
//! [`exit::Exit`].

pub mod agent;
pub mod any_cloud;
pub mod check;
#[cfg(feature = "local")]
pub mod cloud;
pub mod connect;
#[cfg(feature = "local")]
pub mod demo;
pub mod doctor;
#[cfg(feature = "local")]
pub mod edge;
pub mod exit;
pub mod explain;
#[cfg(feature = "local")]
pub mod faults;
pub mod history;
#[cfg(feature = "local")]
pub mod host;
#[cfg(feature = "local")]
pub mod hub;
#[cfg(feature = "aws")]
pub mod image;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod learned;
#[cfg(feature = "local")]
pub mod machine;
pub mod notify;
pub mod output;
pub mod plan;
#[cfg(feature = "local")]
pub mod plots;
pub mod render;
pub mod run;
pub mod service;
pub mod signals;
#[cfg(feature = "local")]
pub mod sim;
#[cfg(feature = "local")]
pub mod simulate;
pub mod tokens;
#[cfg(feature = "local")]
pub mod virtual_machine;

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
    Run(run::RunCommand),
    /// Says what would be done now, and why; changes nothing.
    Plan(plan::PlanCommand),
    /// Reads a configuration and lists everything that is wrong with it.
    Check(check::CheckCommand),
    /// Looks at everything that a deployment needs, and says what is wrong with it.
    Doctor(doctor::DoctorCommand),
    /// Answers "why?" for one job, machine or pool, in one sentence.
    Explain(explain::ExplainCommand),
    /// Writes what ran in a pool into a file, for `dayfly simulate`.
    #[command(subcommand)]
    History(history::HistoryCommand),
    /// Serves the emulated hub alone, for any agent or scaler.
    #[cfg(feature = "local")]
    Hub(hub::HubCommand),
    /// Serves an emulated AWS account alone, for any scaler or AWS client.
    #[cfg(feature = "local")]
    Cloud(cloud::CloudCommand),
    /// Lets worlds happen in which everything goes wrong, and says which invariants did not hold.
    #[cfg(feature = "local")]
    Sim(sim::SimCommand),
    /// Replays weeks of jobs against a policy: what would it cost, and who would wait?
    #[cfg(feature = "local")]
    Simulate(simulate::SimulateCommand),
    /// Prints what others are given: the user data of a pool's machines.
    #[command(subcommand)]
    Render(render::RenderCommand),
    /// Makes images with the agent baked in, tries them, and names the one that machines boot.
    #[cfg(feature = "aws")]
    #[command(subcommand)]
    Image(image::ImageCommand),
    /// The agent: the same program as `dayfly-agent`.
    #[command(subcommand)]
    Agent(agent::AgentCommand),
    /// The first process of a machine on this computer.
    #[cfg(feature = "local")]
    #[command(hide = true)]
    Machine(machine::MachineCommand),
    /// A virtual machine, which ends with the process that launched it.
    #[cfg(feature = "local")]
    #[command(hide = true)]
    VirtualMachine(virtual_machine::VirtualMachineCommand),
    /// Carries one connection of a virtual machine to its metadata service.
    #[cfg(feature = "local")]
    #[command(hide = true)]
    Relay(virtual_machine::RelayCommand),
}

/// Does what the command line asks.
pub fn main() -> ExitCode {
    #[cfg(feature = "lambda")]
    if lambda::is_asked() {
        return lambda::run();
    }
    match Cli::parse().command {
        #[cfg(feature = "local")]
        Command::Demo(command) => demo::run(command),
        Command::Run(command) => run::run(command),
        Command::Plan(command) => plan::run(command),
        Command::Check(command) => check::run(command),
        Command::Doctor(command) => doctor::run(command),
        Command::Explain(command) => explain::run(command),
        Command::History(command) => history::run(command),
        #[cfg(feature = "local")]
        Command::Hub(command) => hub::run(command),
        #[cfg(feature = "local")]
        Command::Cloud(command) => cloud::run(command),
        #[cfg(feature = "local")]
        Command::Sim(command) => sim::run(command),
        #[cfg(feature = "local")]
        Command::Simulate(command) => simulate::run(command),
        Command::Render(command) => render::run(command),
        #[cfg(feature = "aws")]
        Command::Image(command) => image::run(command),
        Command::Agent(command) => agent::run(command),
        #[cfg(feature = "local")]
        Command::Machine(command) => machine::run(command),
        #[cfg(feature = "local")]
        Command::VirtualMachine(command) => virtual_machine::run(command),
        #[cfg(feature = "local")]
        Command::Relay(command) => virtual_machine::relay(command),
    }
}

/// One thread is enough for a scaler, an agent or a machine, and makes every order of events plain.
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
