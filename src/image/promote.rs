//! When an image is named by the parameter: after machines that boot it have shown that it is good;
//! and when it is taken back: once as many have failed as would open the pool's breaker.

use std::time::Duration;

use super::trial::{Fate, Speaks, Trial};
use crate::model::id::MachineId;
use crate::model::time::Timestamp;

/// How often a machine that the cloud took is replaced before somebody should look.
const TAKEN_MAX: u32 = 3;
/// How long after its launch a machine may be missing in the cloud's list.
const UNLISTED: Duration = Duration::from_secs(300);

/// What has to be shown before an image is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trials {
    /// How many machines have to boot it.
    pub machines: u32,
    /// How long, from the last of them being registered, a job is waited for to come and end.
    pub job_patience: Duration,
}

/// What a process remembers. Losing it costs some waiting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    launched: Vec<(MachineId, Timestamp)>,
    /// Since when every machine that is needed has registered.
    booted_since: Option<Timestamp>,
}

impl Memory {
    /// A machine was launched for the trials.
    pub fn launched(&mut self, id: MachineId, now: Timestamp) {
        self.launched.push((id, now));
    }
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Launch so many machines that boot it.
    Launch(u32),
    /// Look again later.
    Wait,
    /// It is good: name it.
    Promote,
    /// It is bad, or nothing could be learned: do not name it.
    Reject(Rejection),
}

/// Why an image is not named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// A machine spoke against it.
    Bad(String),
    /// The cloud took every machine away, which is not the image's fault.
    AllTaken,
}

/// What is to be done next, out of all machines of ours that boot the image.
pub fn next(trials: &[Trial], wanted: &Trials, memory: &mut Memory, now: Timestamp) -> Step {
    if let Some(reason) = against(trials, now).into_iter().next() {
        return Step::Reject(Rejection::Bad(reason));
    }
    let fates = || trials.iter().map(|trial| trial.fate(now));
    let count = |speaks: fn(Speaks) -> bool| {
        let counted = fates().filter(|fate| speaks(fate.speaks())).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    };
    let good = count(|speaks| matches!(speaks, Speaks::For | Speaks::ForSoFar));
    if wanted.machines <= good {
        let since = *memory.booted_since.get_or_insert(now);
        let done = count(|speaks| speaks == Speaks::For);
        let is_over = wanted.job_patience <= now.since(since);
        return if wanted.machines <= done || is_over {
            Step::Promote
        } else {
            Step::Wait
        };
    }
    let is_listed = |id: &MachineId| trials.iter().any(|trial| trial.id() == id);
    let unlisted = memory.launched.iter();
    let unlisted = unlisted.filter(|(id, at)| !is_listed(id) && now.since(*at) <= UNLISTED);
    let booting = fates().filter(|fate| *fate == Fate::Booting).count() + unlisted.count();
    let coming = good.saturating_add(u32::try_from(booting).unwrap_or(u32::MAX));
    if wanted.machines <= coming {
        return Step::Wait;
    }
    // Of its own: the pool's on the spot market may have been taken for hours.
    let is_own = |trial: &&Trial| memory.launched.iter().any(|(id, _)| id == trial.id());
    let own = trials.iter().filter(is_own);
    let taken = own.filter(|trial| trial.fate(now) == Fate::Taken).count();
    if TAKEN_MAX <= u32::try_from(taken).unwrap_or(u32::MAX) {
        return Step::Reject(Rejection::AllTaken);
    }
    Step::Launch(wanted.machines - coming)
}

/// What machines that boot an image say against it, one sentence each.
pub fn against(trials: &[Trial], now: Timestamp) -> Vec<String> {
    let said = trials.iter().filter_map(|trial| match trial.fate(now) {
        Fate::BootFailed(words) => Some(format!("machine {} did not boot: {words}", trial.id())),
        Fate::JobLost => Some(format!(
            "machine {} ended in the middle of its job",
            trial.id()
        )),
        Fate::Booting
        | Fate::Registered
        | Fate::AtWork
        | Fate::Passed
        | Fate::Idle
        | Fate::Taken => None,
    });
    said.collect()
}

/// Whether an image that was named has to be taken back, and why: so many machines that boot it
/// have failed, and they are more than those that did not.
pub fn is_bad(trials: &[Trial], failures_max: u32, now: Timestamp) -> Option<String> {
    let against = against(trials, now);
    let speaks_for = |trial: &&Trial| match trial.fate(now).speaks() {
        Speaks::For | Speaks::ForSoFar => true,
        Speaks::Nothing | Speaks::Against => false,
    };
    let good = trials.iter().filter(speaks_for).count();
    let failures = u32::try_from(against.len()).unwrap_or(u32::MAX);
    let is_bad = failures_max <= failures && good < against.len();
    let last = against.last()?;
    let of = against.len() + good;
    is_bad.then(|| format!("{failures} of {of} machines failed, the last one: {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::trial::Marks;
    use crate::model::id::{LaunchToken, PoolName, TemplateVersion};
    use crate::model::machine::{Machine, Phase};
    use crate::model::money::MicroDollars;
    use crate::model::offer::{Market, Offer};

    fn taken(id: &str) -> Trial {
        Trial {
            machine: Machine {
                id: MachineId::new(id),
                pool: PoolName::new("linux"),
                token: LaunchToken::new("t"),
                template: TemplateVersion::new("lt-1:1"),
                offer: Offer {
                    instance_type: "c7i.large".to_owned(),
                    subnet: "subnet-a".to_owned(),
                    market: Market::OnDemand,
                    hourly: MicroDollars::default(),
                },
                phase: Phase::Gone,
                launched_at: Timestamp::default(),
                boot_limit: Duration::from_secs(300),
                lifetime: Duration::from_secs(600),
                held: false,
                impaired: false,
                ended_by: None,
                console: None,
            },
            is_taken: true,
            marks: Marks::default(),
        }
    }

    #[test]
    fn machines_that_are_taken_are_replaced_a_few_times() {
        let wanted = Trials {
            machines: 1,
            job_patience: Duration::ZERO,
        };
        let now = Timestamp::from_seconds(1000);
        let mut memory = Memory::default();
        let mut trials = Vec::new();
        for id in ["i-1", "i-2", "i-3"] {
            let step = next(&trials, &wanted, &mut memory, now);
            assert_eq!(step, Step::Launch(1));
            memory.launched(MachineId::new(id), now);
            // It is not listed yet.
            assert_eq!(next(&trials, &wanted, &mut memory, now), Step::Wait);
            trials.push(taken(id));
        }
        let step = next(&trials, &wanted, &mut memory, now);
        assert_eq!(step, Step::Reject(Rejection::AllTaken));
        // Those of others are nobody's loss.
        let step = next(&trials, &wanted, &mut Memory::default(), now);
        assert_eq!(step, Step::Launch(1));
    }
}
