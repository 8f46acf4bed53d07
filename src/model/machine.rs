//! A machine, as the cloud alone knows it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ending::EndedBy;
use super::id::{LaunchToken, MachineId, PoolName, TemplateVersion};
use super::offer::Offer;
use super::time::Timestamp;

/// One virtual machine, for one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The cloud's id; the agent's name as well.
    pub id: MachineId,
    /// The pool that its tag names.
    pub pool: PoolName,
    /// The launch that made it.
    pub token: LaunchToken,
    /// The version of the launch template that made it.
    pub template: TemplateVersion,
    /// What it is and costs, if the cloud's list tells.
    pub offer: Offer,
    /// How far its life has come.
    pub phase: Phase,
    /// When the cloud accepted it.
    pub launched_at: Timestamp,
    /// How long it may take from launch to a registered agent.
    pub boot_limit: Duration,
    /// How long it may exist at all.
    pub lifetime: Duration,
    /// Not to be touched, by an operator's word.
    pub held: bool,
    /// The cloud's own checks of it fail: it will hardly ever boot.
    #[serde(default)]
    pub impaired: bool,
    /// Who ended it, if it is ending or has ended and the cloud tells.
    #[serde(default)]
    pub ended_by: Option<EndedBy>,
    /// What its console says, where it was read.
    pub console: Option<ConsoleMarks>,
}

impl Machine {
    /// The moment by which its agent should have registered; the machine ends itself then.
    pub fn boot_deadline(&self) -> Timestamp {
        self.launched_at.plus(self.boot_limit)
    }

    /// The moment after which it may be ended whatever it does.
    pub fn lifetime_deadline(&self) -> Timestamp {
        self.launched_at.plus(self.lifetime)
    }
}

/// How far a machine's life has come, in the cloud's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Accepted, not yet powered on.
    Pending,
    /// Powered on.
    Running,
    /// On its way out.
    Stopping,
    /// Ended; listed for a while yet.
    Gone,
}

impl Phase {
    /// Whether the machine still counts against the caps: it exists, or is about to.
    pub const fn is_alive(self) -> bool {
        match self {
            Self::Pending | Self::Running | Self::Stopping => true,
            Self::Gone => false,
        }
    }
}

/// A machine's user data begins this line on its console when it cannot begin.
pub const NOT_BEGUN: &str = "dayfly: not begun: ";
/// A machine's own timer begins this one when its boot took too long.
pub const NOT_REGISTERED: &str = "dayfly: not registered within ";

/// The agent begins this one when the hub refuses to register it for lack of a free slot.
pub const REFUSED_BY_HUB: &str = "dayfly: refused by the hub: ";

/// The marks that the agent writes to its machine's console (`dayfly: registered …`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleMarks {
    /// The agent has registered.
    pub registered: bool,
    /// The job's log stream has closed: the machine has done its work.
    pub log_closed: bool,
    /// The hub has refused to register the agent: the boot itself went well.
    #[serde(default)]
    pub refused_by_hub: bool,
}

impl ConsoleMarks {
    /// The marks in a console's text. A mark is a whole line's beginning, or a job's output that
    /// reaches the console could make one.
    pub fn read(console: &str) -> Self {
        let has = |mark: &str| console.lines().any(|line| line.starts_with(mark));
        Self {
            registered: has("dayfly: registered "),
            log_closed: has("dayfly: log closed "),
            refused_by_hub: has(REFUSED_BY_HUB),
        }
    }

    /// All that both say.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            registered: self.registered || other.registered,
            log_closed: self.log_closed || other.log_closed,
            refused_by_hub: self.refused_by_hub || other.refused_by_hub,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_whole_lines_of_the_agent() {
        let console = "dayfly: registered i-1\r\ndayfly: job j started\n";
        let marks = ConsoleMarks::read(console);
        assert!(marks.registered && !marks.log_closed);
        let none = ConsoleMarks::read("echo dayfly: log closed x");
        assert_eq!(none, ConsoleMarks::default());
    }
}
