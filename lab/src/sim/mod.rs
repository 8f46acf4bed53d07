//! A seeded world in virtual time around the scaler that ships.
//!
//! [`run`] takes options, which a seed gives, lets everything happen that may go wrong, heals it,
//! and tells which invariants did not hold. Nothing in it is a copy of a decision: `scaler::tick`
//! decides, `agent::state` and `agent::logbuf` are the agents, `emulator::hub` and
//! `emulator::ec2` are the outside. What must stay true: the same seed and the same code give the
//! same trace, byte for byte. What is not here: a runtime, a socket, a clock, and the adapters
//! `hub::client` and `aws`, which have tests of their own on the same emulators.
//!
//! `docs/SIMULATOR.md` tells how to use it.

pub mod agent;
pub mod chance;
pub mod door;
pub mod mutant;
pub mod options;
pub mod oracle;
pub mod scenario;
pub mod trace;
pub mod weather;
pub mod world;

use std::time::Duration;

use self::mutant::Mutant;
use self::options::Options;
use self::oracle::Finding;
use self::trace::{Detail, Trace};
use self::world::World;

/// What became of one world.
#[derive(Clone, Debug)]
pub struct Report {
    /// Invariants that did not hold.
    pub findings: Vec<Finding>,
    /// Stands for everything that happened.
    pub digest: u64,
    /// Everything that happened, if it was to be kept: a JSON object a line.
    pub trace: String,
    /// What it was like, in numbers.
    pub figures: Figures,
}

/// A world in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How long it took, by its own clock.
    pub lasted: Duration,
    /// Ticks that ended.
    pub ticks: u64,
    /// Jobs that came.
    pub jobs: u64,
    /// Machines that were launched.
    pub machines: u64,
    /// Machines' time, in seconds.
    pub machine_seconds: u64,
    /// Processes that were killed.
    pub crashes: u64,
    /// The longest that a job waited for an agent which then took it.
    pub longest_wait: Duration,
    /// Jobs that an agent took.
    pub started: u64,
}

/// Lets a world happen. With a mutant, one rule of the scaler is switched off in it.
pub fn run(options: Options, mutant: Option<Mutant>, detail: Detail) -> Report {
    let mut world = World::new(options, mutant, Trace::new(detail));
    world.run();
    world.check_rest();
    world.report()
}
