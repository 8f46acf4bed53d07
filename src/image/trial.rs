//! How a machine that boots an image fares, out of its console and the cloud's list.

use crate::model::id::MachineId;
use crate::model::machine::{ConsoleMarks, Machine, NOT_BEGUN, NOT_REGISTERED, Phase};
use crate::model::time::Timestamp;

/// What a console says of an agent, in either agent's words. Marks are beginnings of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The hub knows it.
    pub registered: bool,
    /// Its job began.
    pub job_started: bool,
    /// Its job's log has closed.
    pub log_closed: bool,
    /// Why no agent began, in the machine's own words.
    pub not_begun: Option<String>,
}

/// What Semaphore's own agent says once it is registered, as that page's boot limit reads it.
const OF_SEMAPHORE: [&str; 2] = ["Registration succeeded", "Waiting for job"];

impl Marks {
    /// The marks in a console's text.
    pub fn read(console: &str) -> Self {
        let shown = ConsoleMarks::read(console);
        let says = |mark: &&str| console.lines().any(|line| line.contains(*mark));
        let is_reason =
            |line: &&str| line.starts_with(NOT_BEGUN) || line.starts_with(NOT_REGISTERED);
        let reason = console.lines().find(is_reason);
        let reason = reason.and_then(|line| line.strip_prefix("dayfly: "));
        Self {
            registered: shown.registered || OF_SEMAPHORE.iter().any(says),
            job_started: console.lines().any(|line| line.starts_with("dayfly: job ")),
            log_closed: shown.log_closed,
            not_begun: reason.map(|line| line.trim_end().to_owned()),
        }
    }

    /// All that both say: a console that is read later may show less.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            registered: self.registered || other.registered,
            job_started: self.job_started || other.job_started,
            log_closed: self.log_closed || other.log_closed,
            not_begun: self.not_begun.or(other.not_begun),
        }
    }
}

/// A machine of ours that boots the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What the cloud's list says of it.
    pub machine: Machine,
    /// Whether the cloud took it away, as it does with spot machines: that says nothing of the image.
    pub is_taken: bool,
    /// What its console has said so far.
    pub marks: Marks,
}

/// How a trial stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is known yet.
    Booting,
    /// Its agent waits for a job.
    Registered,
    /// Its job runs.
    AtWork,
    /// Its job's log has closed.
    Passed,
    /// It booted, no job came, and it ended.
    Idle,
    /// The cloud took it away before anything was known.
    Taken,
    /// No agent came.
    BootFailed(String),
    /// It ended in the middle of its job.
    JobLost,
}

/// What a fate says of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// For it.
    For,
    /// For it, and more may come.
    ForSoFar,
    /// Nothing.
    Nothing,
    /// Against it.
    Against,
}

impl Fate {
    /// What it says of the image.
    pub const fn speaks(&self) -> Speaks {
        match self {
            Self::Passed | Self::Idle => Speaks::For,
            Self::Registered | Self::AtWork => Speaks::ForSoFar,
            Self::Booting | Self::Taken => Speaks::Nothing,
            Self::BootFailed(_) | Self::JobLost => Speaks::Against,
        }
    }
}

impl Trial {
    /// Which machine.
    pub fn id(&self) -> &MachineId {
        &self.machine.id
    }

    /// How it stands. A console proves by what it says, and by its silence only once the boot limit
    /// is over: EC2 shows it late.
    pub fn fate(&self, now: Timestamp) -> Fate {
        let has_ended = match self.machine.phase {
            Phase::Pending | Phase::Running => false,
            Phase::Stopping | Phase::Gone => true,
        };
        let marks = &self.marks;
        if marks.log_closed {
            return Fate::Passed;
        }
        if has_ended && self.is_taken {
            return Fate::Taken;
        }
        if marks.registered {
            return match (has_ended, marks.job_started) {
                (true, true) => Fate::JobLost,
                (true, false) => Fate::Idle,
                (false, true) => Fate::AtWork,
                (false, false) => Fate::Registered,
            };
        }
        if let Some(reason) = &marks.not_begun {
            return Fate::BootFailed(reason.clone());
        }
        if now < self.machine.boot_deadline() {
            return Fate::Booting;
        }
        let seconds = self.machine.boot_limit.as_secs();
        Fate::BootFailed(format!("not registered within {seconds} s"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_agents_are_heard_and_a_reason_is_kept() {
        let ours = "dayfly: registered i-1\r\ndayfly: job j started\r\ndayfly: log closed j\r\n";
        let ours = Marks::read(ours);
        assert!(ours.registered && ours.job_started && ours.log_closed);
        let theirs = "Nov 26 10:00:00.1 : Registration succeeded for endpoint\n";
        assert!(Marks::read(theirs).registered);
        let failed = Marks::read("dayfly: begun i-1\ndayfly: not begun: Trouble: x at 3 s\n");
        assert_eq!(
            failed.not_begun.as_deref(),
            Some("not begun: Trouble: x at 3 s")
        );
        assert_eq!(Marks::read("echo dayfly: registered x"), Marks::default());
        let later = Marks::default().and(ours.clone());
        assert_eq!(ours.clone().and(Marks::default()), later);
    }
}
