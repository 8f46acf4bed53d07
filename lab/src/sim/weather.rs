//! What goes wrong around the scaler, and when.

use std::time::Duration;

use serde::Serialize;

use super::chance::{Chance, Purpose};

/// Something that goes wrong for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Weather {
    /// What.
    pub kind: Kind,
    /// From when on, in seconds since the beginning.
    pub at_seconds: u64,
    /// For how long.
    pub for_seconds: u64,
}

impl Weather {
    /// How long.
    pub fn span(&self) -> Duration {
        Duration::from_secs(self.for_seconds)
    }
}

/// Everything that goes wrong around the scaler (protocol.md 12, aws.md D).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The hub answers 500 to everybody.
    HubFails,
    /// The hub closes connections.
    HubResets,
    /// The hub answers nobody.
    HubSilent,
    /// The hub does not give its counts.
    CountsFail,
    /// The hub does not list its jobs.
    JobsFail,
    /// The hub does not list its agents.
    AgentsFail,
    /// The hub's counts lag behind by one pickup.
    StalePickup,
    /// The hub lists 500 jobs, most of which do not exist.
    QueueFilledUp,
    /// Registrations happen, and their answers are lost.
    RegisterLost,
    /// The organization may have no more agents (422).
    RegisterQuota,
    /// Syncs happen, and their answers are lost.
    SyncLost,
    /// Answers to syncs are late.
    SyncLate,
    /// Syncs are answered with odd intervals, unknown words and null fields.
    SyncOdd,
    /// Payloads are handed out, and their answers are lost.
    PayloadLost,
    /// Payloads come scrubbed.
    PayloadSanitized,
    /// Goodbyes are lost.
    DisconnectLost,
    /// Log tokens have expired.
    LogTokenExpired,
    /// The log server stores, and says that it has not.
    LogFailsAfter,
    /// Rows of agents are deleted under them.
    RowsDeleted,
    /// All agents are told to leave.
    AgentsDisabled,
    /// Jobs that run are stopped.
    JobsStopped,
    /// All jobs that wait are canceled.
    QueueCanceled,
    /// Launches are throttled.
    LaunchThrottled,
    /// Lists are throttled.
    ListThrottled,
    /// Lists fail.
    ListFails,
    /// Lists are late.
    ListLate,
    /// Ends are throttled.
    EndThrottled,
    /// Consoles cannot be read.
    ConsoleFails,
    /// Launches happen, and their answers are lost.
    LaunchLost,
    /// Launches happen, and their answers are late.
    LaunchLate,
    /// Launches happen, and are said to have failed.
    LaunchFailsAfter,
    /// EC2 answers nobody.
    Ec2Silent,
    /// No offer has capacity.
    NoCapacity,
    /// The spot market has no capacity.
    NoSpot,
    /// The account may have fewer machines.
    QuotaCut,
    /// The launch template names an image that is gone.
    WrongTemplate,
    /// Machines boot an image in which no agent starts.
    BadImage,
    /// No list shows new machines for a while.
    Unseen,
    /// Machines are pending for long.
    SlowPending,
    /// Machines die before they run.
    BootDies,
    /// Machines run, and their checks fail.
    Impaired,
    /// Machines that are ended take long to go.
    EndsLate,
    /// Spot machines are taken away.
    SpotWave,
    /// Controllers are killed in the middle of a tick.
    Crash,
    /// Controllers are frozen in the middle of a tick.
    Pause,
    /// Controllers' clocks go wrong.
    ClockJump,
    /// An operator holds machines.
    Hold,
    /// An operator lowers the limits.
    LimitsCut,
    /// Somebody else's machines appear, and machines with our tag of a pool that is not ours.
    Foreign,
    /// For some seconds after each pickup, the hub's counts do not know of it (protocol.md 9.4).
    LatePickup,
    /// The hub's agent list lacks all agents, and its counts know of them.
    AgentsMissing,
    /// The hub's agent list lacks every second agent, and its counts know of them.
    AgentsHalved,
    /// An edge answers everybody in the hub's place, in one of the shapes that edges have.
    EdgeAnswers,
    /// An edge answers agents in the hub's place after the hub has acted.
    EdgeAnswersAgents,
    /// A clock is a day ahead.
    ClockStep,
    /// Machines are launched with termination protection.
    Protected,
    /// EC2 ends machines while they boot, for a reason of its own.
    BootEnded,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 57] = [
        Self::HubFails,
        Self::HubResets,
        Self::HubSilent,
        Self::CountsFail,
        Self::JobsFail,
        Self::AgentsFail,
        Self::StalePickup,
        Self::QueueFilledUp,
        Self::RegisterLost,
        Self::RegisterQuota,
        Self::SyncLost,
        Self::SyncLate,
        Self::SyncOdd,
        Self::PayloadLost,
        Self::PayloadSanitized,
        Self::DisconnectLost,
        Self::LogTokenExpired,
        Self::LogFailsAfter,
        Self::RowsDeleted,
        Self::AgentsDisabled,
        Self::JobsStopped,
        Self::QueueCanceled,
        Self::LaunchThrottled,
        Self::ListThrottled,
        Self::ListFails,
        Self::ListLate,
        Self::EndThrottled,
        Self::ConsoleFails,
        Self::LaunchLost,
        Self::LaunchLate,
        Self::LaunchFailsAfter,
        Self::Ec2Silent,
        Self::NoCapacity,
        Self::NoSpot,
        Self::QuotaCut,
        Self::WrongTemplate,
        Self::BadImage,
        Self::Unseen,
        Self::SlowPending,
        Self::BootDies,
        Self::Impaired,
        Self::EndsLate,
        Self::SpotWave,
        Self::Crash,
        Self::Pause,
        Self::ClockJump,
        Self::Hold,
        Self::LimitsCut,
        Self::Foreign,
        Self::LatePickup,
        Self::AgentsMissing,
        Self::AgentsHalved,
        Self::EdgeAnswers,
        Self::EdgeAnswersAgents,
        Self::ClockStep,
        Self::Protected,
        Self::BootEnded,
    ];

    /// The weather of a seed: each kind has its own chance to occur at all, and then comes one
    /// to three times, for a second, four minutes or eleven (protocol.md 12), or in between.
    pub fn draw_all(seed: u64, storm_seconds: u64) -> Vec<Weather> {
        let mut chance = Chance::of(seed, Purpose::Weather);
        let often = chance.one_of(&[30, 100, 200, 350], 100);
        let mut weather = Vec::new();
        for kind in Self::ALL {
            if !chance.per_mille(often) {
                continue;
            }
            for _ in 0..chance.between(1, 3) {
                let at_seconds = chance.between(0, storm_seconds - 1);
                let longest = chance.one_of(&[1, 20, 60, 240, 660], 60);
                let for_seconds = chance.between(1, longest).min(storm_seconds - at_seconds);
                weather.push(Weather {
                    kind,
                    at_seconds,
                    for_seconds,
                });
            }
        }
        weather.sort_by_key(|weather| weather.at_seconds);
        weather
    }
}
