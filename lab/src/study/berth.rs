//! What a study's world is made of: its machines and jobs, what happens, and what surrounds it.

use super::boots::BootLaw;

/// What the world is like, beside its workload.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// What every draw follows from.
    pub seed: u64,
    /// How machines boot.
    pub boots: BootLaw,
    /// Launches that may come at once, and then each second (EC2: 1000 and 2).
    pub burst: u64,
    /// See `burst`.
    pub launches_per_second: u64,
    /// How many machines are kept stopped, to be started for jobs that wait.
    pub stopped: u32,
    /// How long an agent waits before the hub sends it away, where its launch does not say it.
    pub idle_timeout: u64,
}

/// Something that happened, for whoever drives the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Jobs were queued.
    Queued(u32),
    /// A machine's job has ended; the machine is on its way out.
    Finished(usize),
    /// A machine's agent was sent away, or the machine ended, without a job.
    SentAway(usize),
    /// A machine is gone; whether it ran a job.
    Gone(usize),
    /// A timer of the driver.
    Timer(Timer),
    /// Nothing that a driver could react to.
    Internal,
}

/// What a driver waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Its next look at the queue.
    Tick,
    /// The launch of that many machines takes effect.
    Launch(u32),
    /// Messages may have become ready.
    Deliver,
    /// Surplus machines are looked for.
    ScaleDown,
}

/// One machine of the world.
#[derive(Clone, Copy, Debug)]
pub struct Berth {
    /// When it was launched; it is paid from then on.
    pub launched_at: u64,
    /// When its agent registers.
    pub ready_at: u64,
    /// When it is gone, once that is known.
    pub ends_at: Option<u64>,
    /// What it does.
    pub state: State,
    /// Whether it ran a job.
    pub has_run: bool,
    /// How long its agent waits before the hub sends it away.
    pub(super) idle_timeout: u64,
    /// From sync to sync while it waits.
    pub(super) period: u64,
    /// Whether its next sync is on its way.
    pub(super) asked: bool,
    /// Which job it has or had.
    pub(super) job: usize,
}

/// What a machine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its agent has not registered.
    Booting,
    /// Its agent waits for a job.
    Idle,
    /// Its agent has one.
    Busy,
    /// Its agent has left, and it powers off.
    Leaving,
    /// It is gone.
    Gone,
}

/// One job that was queued.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub(super) queued_at: u64,
    /// When an agent took it.
    pub started_at: Option<u64>,
    /// When it ended.
    pub finished_at: Option<u64>,
    pub(super) duration: u64,
    pub(super) push: usize,
}

/// How far a push's pipeline is.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// The first job of each block that has begun.
    pub(super) begun: Vec<usize>,
    /// How many jobs of the last of them have not ended.
    pub(super) left: usize,
}

/// How many there are; a count without room is the largest that there is.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
