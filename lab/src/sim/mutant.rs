//! Rules of the scaler switched off, one at a time, to see who notices.
//!
//! A rule that nobody misses is no rule: either it goes, or the world lacks the fault that needs
//! it. Each is switched off from outside, at the doors and in the policy, so that the code that is
//! tried is the one that ships: what a rule looks at is what it always wanted to see.

use std::fmt;

/// A rule that is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// A cloud that does not answer has no machines.
    ReadsSilenceAsEmpty,
    /// A hub that does not list its agents has none.
    ReadsNoAgentsAsNone,
    /// A pool may have any number of machines.
    ForgetsPoolCap,
    /// All pools together may have any number of machines.
    ForgetsDeploymentCap,
    /// An hour may see any number of launches.
    ForgetsLaunchRate,
    /// An hour may cost anything.
    ForgetsBudget,
    /// A machine that is ending counts no longer.
    ForgetsEnding,
    /// Boots may fail for ever.
    ForgetsBreaker,
    /// A boot may take for ever.
    ForgetsBootLimit,
    /// A machine whose agent has left may stay.
    ForgetsAgentsThatLeft,
    /// A machine may live for ever.
    ForgetsLifetime,
    /// A machine is ended at its boot limit, without the grace to end itself.
    ForgetsGrace,
    /// A machine that is held is like any other.
    ForgetsHeld,
    /// A machine that waits for a job is one too many.
    EndsWaiting,
    /// What was just launched is not remembered until the list shows it.
    ForgetsLaunched,
    /// Each launch is another one, whatever caused it.
    DrawsTokens,
    /// An offer without capacity is asked for again at once.
    ForgetsShortage,
    /// What the cloud refuses is asked for again at once.
    ForgetsRefusal,
    /// On-demand machines are taken although spot has just begun to fail.
    ForgetsPatience,
    /// Jobs that were just taken are launched for once more.
    ForgetsPickups,
    /// Nothing is kept waiting.
    ForgetsReserve,
    /// No hour keeps more waiting than others.
    ForgetsReserveHours,
    /// A machine whose checks fail is counted upon.
    ForgetsImpaired,
    /// A console that shows nothing yet proves that no agent came.
    TrustsEmptyConsoles,
    /// Everybody holds the lease.
    LeaseForEverybody,
    /// An agent list is believed whatever the hub counts.
    BelievesAnyAgentList,
    /// The clocks of hub and cloud are not looked at.
    ForgetsOtherClocks,
    /// A machine that the cloud refuses to terminate keeps its whole batch alive.
    EndsAllOrNone,
    /// A machine that ended without a trace says nothing of its boot.
    ForgetsTracelessBoots,
    /// A refusal by the hub is a failed boot.
    TakesRefusalsForFailures,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 30] = [
        Self::ReadsSilenceAsEmpty,
        Self::ReadsNoAgentsAsNone,
        Self::ForgetsPoolCap,
        Self::ForgetsDeploymentCap,
        Self::ForgetsLaunchRate,
        Self::ForgetsBudget,
        Self::ForgetsEnding,
        Self::ForgetsBreaker,
        Self::ForgetsBootLimit,
        Self::ForgetsAgentsThatLeft,
        Self::ForgetsLifetime,
        Self::ForgetsGrace,
        Self::ForgetsHeld,
        Self::EndsWaiting,
        Self::ForgetsLaunched,
        Self::DrawsTokens,
        Self::ForgetsShortage,
        Self::ForgetsRefusal,
        Self::ForgetsPatience,
        Self::ForgetsPickups,
        Self::ForgetsReserve,
        Self::ForgetsReserveHours,
        Self::ForgetsImpaired,
        Self::TrustsEmptyConsoles,
        Self::LeaseForEverybody,
        Self::BelievesAnyAgentList,
        Self::ForgetsOtherClocks,
        Self::EndsAllOrNone,
        Self::ForgetsTracelessBoots,
        Self::TakesRefusalsForFailures,
    ];

    /// The mutant of a name, as `Display` writes it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mutant| mutant.to_string() == name)
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(letter.to_lowercase());
        }
        formatter.write_str(&name)
    }
}
