//! The commands of `dayfly-lab`: its own, and those of `dayfly` for machines of this computer.
//!
//! As everywhere, stdout carries what was asked (text, or `--json`), stderr everything else, and exit
//! codes are [`exit::Exit`].

pub mod cloud;
pub mod demo;
pub mod doctor;
#[cfg_attr(not(feature = "aws"), path = "no_ec2.rs")]
pub mod ec2;
pub mod edge;
pub mod faults;
pub mod host;
pub mod hub;
pub mod machine;
pub mod plots;
pub mod provider;
pub mod sim;
pub mod simulate;
pub mod virtual_machine;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dayfly::cli::{check, connect, exit, explain, output, plan, run, runtime, signals};
use dayfly_agent::command as agent;

use self::provider::Provider;

/// Dayfly's laboratory: the demo, emulators of the hub and of AWS, and two simulators.
#[derive(Debug, Parser)]
#[command(name = "dayfly-lab", version = dayfly::VERSION, after_help = exit::EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a pipeline here, on machines of this computer: hub, scaler, agents and all.
    Demo(demo::DemoCommand),
    /// Serves an emulated hub or AWS account alone.
    #[command(subcommand)]
    Emulate(EmulateCommand),
    /// Lets worlds happen in which everything goes wrong, and says which invariants did not hold.
    FaultSim(sim::SimCommand),
    /// Replays weeks of jobs against a policy: what would it cost, and who would wait?
    Simulate(simulate::SimulateCommand),
    /// As `dayfly run`, also for machines of this computer.
    Run(run::RunCommand),
    /// As `dayfly plan`, also for machines of this computer.
    Plan(plan::PlanCommand),
    /// As `dayfly check`, also for machines of this computer.
    Check(check::CheckCommand),
    /// As `dayfly doctor`, also for machines of this computer.
    Doctor(dayfly::cli::doctor::DoctorCommand),
    /// As `dayfly explain`, also for machines of this computer.
    Explain(explain::ExplainCommand),
    /// The agent: the same program as `dayfly-agent`.
    #[command(subcommand, hide = true)]
    Agent(agent::AgentCommand),
    /// The first process of a machine on this computer.
    #[command(hide = true)]
    Machine(machine::MachineCommand),
    /// A virtual machine, which ends with the process that launched it.
    #[command(hide = true)]
    VirtualMachine(virtual_machine::VirtualMachineCommand),
    /// Carries one connection of a virtual machine to its metadata service.
    #[command(hide = true)]
    Relay(virtual_machine::RelayCommand),
}

/// What can be emulated alone.
#[derive(Debug, Subcommand)]
enum EmulateCommand {
    /// Serves the emulated hub alone, for any agent or scaler.
    Hub(hub::HubCommand),
    /// Serves an emulated AWS account alone, for any scaler or AWS client.
    Aws(cloud::CloudCommand),
}

/// Does what the command line asks.
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Demo(command) => demo::run(command),
        Command::Emulate(EmulateCommand::Hub(command)) => hub::run(command),
        Command::Emulate(EmulateCommand::Aws(command)) => cloud::run(command),
        Command::FaultSim(command) => sim::run(command),
        Command::Simulate(command) => simulate::run(command),
        Command::Run(command) => run::run::<Provider>(command),
        Command::Plan(command) => plan::run::<Provider>(command),
        Command::Check(command) => check::run::<Provider>(command),
        Command::Doctor(command) => dayfly::cli::doctor::run::<Provider>(command, doctor::examine),
        Command::Explain(command) => explain::run::<Provider>(command),
        Command::Agent(command) => agent::run(command),
        Command::Machine(command) => machine::run(command),
        Command::VirtualMachine(command) => virtual_machine::run(command),
        Command::Relay(command) => virtual_machine::relay(command),
    }
}

/// The seed that was chosen, or else a number that nobody can guess: tokens follow from it.
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
