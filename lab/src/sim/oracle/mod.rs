//! Three oracles: nothing bad happens, everything comes to its end, and it costs no more than it
//! has to. Each is a list of invariants with names; what one says is found out from the world, not
//! from what the scaler believes.

pub mod economy;
pub mod liveness;
pub mod safety;

use std::fmt;

use serde::Serialize;

use self::economy::Economy;
use self::safety::Safety;
use super::options::Options;
use dayfly::model::time::Timestamp;
use dayfly::ports::LaunchError;
use dayfly::scaler::Tick;
use dayfly::scaler::apply::Outcome;

/// Which oracle speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oracle {
    /// Nothing bad happens, at any moment.
    Safety,
    /// Once nothing goes wrong any more, everything comes to its end.
    Liveness,
    /// It costs no more than it has to.
    Economy,
}

/// What must hold (docs/SIMULATOR.md explains each).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invariant {
    /// `plan::check` finds nothing in any plan.
    SecondOpinion,
    /// Who sees nothing does nothing.
    BlindMeansStill,
    /// No machine runs two jobs, and no job runs twice.
    OneJobOneMachine,
    /// No machine with a registered agent is ended before its lifetime is over.
    NeverKillWork,
    /// No agent leaves as unknown to the hub while the hub knows it.
    BlipIsNoVerdict,
    /// What a controller can know of is never more than the operator wants.
    Capped,
    /// Machines of others, and held ones, are left alone.
    OursAlone,
    /// A token launches no more machines than were ordered with it.
    Idempotent,
    /// Nobody without the lease launches or ends anything.
    OneApplies,
    /// An agent whose job is done leaves when result and log are with the hub, and not before.
    LogClosed,
    /// No token of the hub stands in a tag, in user data or on a console.
    QuietSecrets,
    /// Every job ends.
    JobsEnd,
    /// Every machine ends, and in time.
    MachinesEnd,
    /// The hub has seen nothing that the protocol forbids, and no agent is left in it.
    HubAtPeace,
    /// Every job that waits has a true reason, and what is needed is launched.
    Served,
    /// No more machines are launched than jobs and reserve explain.
    NoWaste,
    /// An offer without capacity, and a configuration that was refused, are left alone for a while.
    NoPestering,
    /// Boots that keep failing are not repeated.
    BreaksTheCircuit,
    /// On-demand machines are taken only when spot has failed for as long as it may.
    Patience,
    /// A tick makes a bounded number of calls.
    FewCalls,
    /// Jobs wait no longer than the scenario allows.
    ShortWaits,
}

impl Invariant {
    /// Whose it is.
    pub const fn oracle(self) -> Oracle {
        match self {
            Self::SecondOpinion
            | Self::BlindMeansStill
            | Self::OneJobOneMachine
            | Self::NeverKillWork
            | Self::BlipIsNoVerdict
            | Self::Capped
            | Self::OursAlone
            | Self::Idempotent
            | Self::OneApplies
            | Self::LogClosed
            | Self::QuietSecrets => Oracle::Safety,
            Self::JobsEnd | Self::MachinesEnd | Self::HubAtPeace | Self::Served => Oracle::Liveness,
            Self::NoWaste
            | Self::NoPestering
            | Self::BreaksTheCircuit
            | Self::Patience
            | Self::FewCalls
            | Self::ShortWaits => Oracle::Economy,
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push(' ');
            }
            name.extend(letter.to_lowercase());
        }
        formatter.write_str(&name)
    }
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// When, in seconds since the beginning.
    pub at_seconds: u64,
    /// Which.
    pub invariant: Invariant,
    /// What was found.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at_seconds,
            invariant,
            text,
        } = self;
        let oracle = invariant.oracle();
        write!(
            formatter,
            "{at_seconds:>6} s  {oracle:?}, {invariant}: {text}"
        )
    }
}

/// More findings of one world than this say nothing new.
const FINDINGS_MAX: usize = 20;

/// What was found, by all oracles.
#[derive(Debug)]
pub struct Findings {
    began_at: Option<Timestamp>,
    all: Vec<Finding>,
}

impl Findings {
    /// Notes that an invariant did not hold.
    pub fn add(&mut self, invariant: Invariant, text: impl Into<String>, now: Timestamp) {
        let began_at = *self.began_at.get_or_insert(now);
        let of_kind = self.all.iter().filter(|it| it.invariant == invariant);
        if of_kind.count() < FINDINGS_MAX {
            self.all.push(Finding {
                at_seconds: now.since(began_at).as_secs(),
                invariant,
                text: text.into(),
            });
        }
    }
}

/// All oracles of a world.
#[derive(Debug)]
pub struct Oracles {
    /// Nothing bad happens.
    pub safety: Safety,
    /// It costs no more than it has to.
    pub economy: Economy,
    /// What was found.
    pub findings: Findings,
    /// Since when nothing goes wrong any more.
    pub healed_at: Option<Timestamp>,
}

impl Oracles {
    /// Oracles that have seen nothing.
    pub fn new(options: &Options, began_at: Timestamp) -> Self {
        Self {
            safety: Safety::default(),
            economy: Economy::new(options),
            findings: Findings {
                began_at: Some(began_at),
                all: Vec::new(),
            },
            healed_at: None,
        }
    }

    /// Looks at a tick that has ended.
    pub fn see_tick(
        &mut self,
        process: u64,
        tick: &Tick,
        reserves: &[(String, u32)],
        now: Timestamp,
    ) {
        safety::see_tick(&mut self.findings, tick, now);
        liveness::see_tick(&mut self.findings, tick, reserves, now);
        let unclear = tick.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::LaunchFailed { order, error } => match error {
                LaunchError::Unknown { .. } => Some(order.pool.as_str()),
                LaunchError::Refused { .. }
                | LaunchError::NoCapacity { .. }
                | LaunchError::Throttled => None,
            },
            Outcome::Launched { .. } | Outcome::Ended { .. } | Outcome::EndFailed { .. } => None,
        });
        self.economy.unheard(process, unclear);
        self.economy.see_tick(process, &mut self.findings, now);
    }

    /// Everything that was found.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings.all
    }
}
